"""Advice from the atlas: which rule, network and way of writing suit a device, and what to expect of it.

The accuracy of an option on a new device is the mean of its accuracies on the devices of the atlas, weighted by their
similarity: exp(-d^2 / (2 h^2)), where d is the Euclidean distance of the devices' figures, each scaled to unit standard
deviation over the atlas. Options that the similar devices do not have (less than half of the weight) are not advised.
The width h is the one of `WIDTHS` whose first choices do best when each device of the atlas is left out in turn. The
score that is printed leaves out a device, chooses h on the others, and then looks at the one left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from ohmgrad.devices.figures import on_off_ratio, pulse_scatter, steps_over_range, write_error
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.nonlinearity import nonlinearity
from ohmgrad.errors import InputError, unknown

OPTION = ["rule", "network", "scheme"]
"""What is advised."""
WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0, math.inf)
NEAR = 0.02
"""A choice is good if it is at most this far below the best option of its device."""
_FLOOR = 1e-4
"""Relative noise below this makes no difference in the similarity of devices."""
_FEWEST = 3
"""Fewest devices from which advice is given."""


class Figure(NamedTuple):
    """A figure by which devices are compared; ratios and relative noise on a log scale.

    Attributes:
        value: The figure of a device.
        better: Which of two values is better: `min` or `max`.
    """

    value: Callable[[Memristor], float]
    better: Callable[..., float]


FIGURES = {
    "on/off ratio": Figure(lambda device: math.log10(min(on_off_ratio(device), 1 / _FLOOR)), max),
    "steps over the range": Figure(lambda device: math.log10(max(steps_over_range(device), 1.0)), max),
    "unevenness of steps": Figure(lambda device: math.log10(0.1 + nonlinearity(device)), min),
    "scatter of a pulse": Figure(lambda device: math.log10(0.1 + pulse_scatter(device)), min),
    "spread of steps": Figure(lambda device: float(device.spread.step or 0), min),
    "read noise": Figure(lambda device: _log(float((device.read_noise_siemens or 0) / device.range_siemens)), min),
    "write error": Figure(lambda device: _log(write_error(device)), min),
}


def _log(share: float) -> float:
    return math.log10(max(share, _FLOOR))


def figures(device: Memristor) -> dict[str, float]:
    """The figures by which a device is compared with others (`FIGURES`).

    Args:
        device: The device.
    """
    return {name: figure.value(device) for name, figure in FIGURES.items()}


class Score(NamedTuple):
    """How well the method does on devices of the atlas that are left out.

    Attributes:
        devices: Number of devices.
        near_best: Share of devices (and tasks) whose first choice is within `NEAR` of the best option.
        mean_loss: Mean accuracy below the best option.
        residual: Root mean square of actual less expected accuracy of the first choice.
    """

    devices: int
    near_best: float
    mean_loss: float
    residual: float


class Advisor:
    """Gives advice from a table of accuracies.

    Args:
        table: One row per device, option and task, with the columns device, rule, network, scheme, task, accuracy and
            joules; accuracies are means over chips.
        known: Figures of the devices of the table, by name.

    Raises:
        InputError: if the table holds fewer than three devices.
    """

    def __init__(self, table: pd.DataFrame, known: Mapping[str, dict[str, float]]) -> None:
        self.names, self.known = sorted(set(table["device"])), known
        if len(self.names) < _FEWEST:
            raise InputError(f"the atlas holds {len(self.names)} device(s); needed for advice: at least {_FEWEST}")
        self.tasks = sorted(set(table["task"]))
        self.options = sorted(set(table[OPTION].itertuples(index=False, name=None)))
        self._accuracy, self._joules = (self._cube(table, column) for column in ("accuracy", "joules"))
        features = np.array([list(known[name].values()) for name in self.names])
        self._scale = np.where(features.std(0) > 0, features.std(0), 1.0)
        self._features = features / self._scale
        self.width = self._best_width(range(len(self.names)))

    def _cube(self, table: pd.DataFrame, column: str) -> np.ndarray:
        """A column as an array (devices, options, tasks); NaN where the table has no row."""
        cube = np.full((len(self.names), len(self.options), len(self.tasks)), np.nan)
        place = [{each: i for i, each in enumerate(axis)} for axis in (self.names, self.options, self.tasks)]
        options = table[OPTION].itertuples(index=False, name=None)
        for name, option, task, value in zip(table["device"], options, table["task"], table[column], strict=True):
            cube[place[0][name], place[1][option], place[2][task]] = value
        return cube

    def choices(self, own: dict[str, float], task: str) -> pd.DataFrame:
        """Options for a new device, best first.

        Args:
            own: Its figures.
            task: Name of the task.

        Returns:
            Columns rule, network, scheme, accuracy (expected), low, high (95 % of devices left out), joules, devices
            (that know the option).

        Raises:
            InputError: if the atlas does not hold the task.
        """
        if task not in self.tasks:
            raise unknown("task of the atlas", task, self.tasks)
        weights, here = self._weights(np.array(list(own.values())) / self._scale, self.width), self.tasks.index(task)
        reach = stats.t.ppf(0.975, len(self.names) - 1) * self.score.residual
        rows = [
            dict(zip(OPTION, option, strict=True))
            | {"accuracy": expected, "low": max(0.0, expected - reach), "high": min(1.0, expected + reach)}
            | {"joules": joules, "devices": int(known)}
            for option, expected, joules, known in zip(
                self.options,
                _mean(self._accuracy[..., here], weights).tolist(),
                _mean(self._joules[..., here], weights).tolist(),
                np.isfinite(self._accuracy[..., here]).sum(0),
                strict=True,
            )
            if np.isfinite(expected)
        ]
        return pd.DataFrame(rows).sort_values("accuracy", ascending=False, ignore_index=True)

    def nearest(self, own: dict[str, float], number: int = 3) -> list[tuple[str, float]]:
        """The most similar devices of the atlas, with their distances."""
        distance = np.linalg.norm(self._features - np.array(list(own.values())) / self._scale, axis=1)
        return [(self.names[i], float(distance[i])) for i in np.argsort(distance)[:number]]

    @cached_property
    def score(self) -> Score:
        """The score on devices left out; the width of each is chosen on the others."""
        places = range(len(self.names))
        found = []
        for place in places:
            others = [other for other in places if other != place]
            found += self._left_out(place, others, self._best_width(others))
        losses, residuals = np.array(found).T
        near, loss, residual = (losses <= NEAR).mean(), losses.mean(), np.sqrt(np.square(residuals).mean())
        return Score(len(places), float(near), float(loss), float(residual))

    def _best_width(self, places: Sequence[int]) -> float:
        """The width whose first choices lose least, each device left out in turn."""

        def loss(width: float) -> float:
            left_out = (self._left_out(place, [other for other in places if other != place], width) for place in places)
            return float(np.mean([loss for found in left_out for loss, _ in found]))

        return min(WIDTHS, key=loss)

    def _left_out(self, place: int, others: Sequence[int], width: float) -> list[tuple[float, float]]:
        """Per task, how far the first choice for a device is below its best option, and actual less expected."""
        weights, real = self._weights(self._features[place], width, others), self._accuracy[place]
        expected = np.where(np.isfinite(real), _mean(self._accuracy, weights), np.nan)
        found = []
        for wanted, got in zip(expected.T, real.T, strict=True):
            if np.isfinite(wanted).any():
                first = np.nanargmax(wanted)
                found.append((float(np.nanmax(got) - got[first]), float(got[first] - wanted[first])))
        return found

    def _weights(self, own: np.ndarray, width: float, places: Sequence[int] | None = None) -> np.ndarray:
        """Weight of each device; 0 for devices that are not at `places`."""
        squared = np.square(self._features - own).sum(1)
        allowed = np.isin(np.arange(len(squared)), range(len(squared)) if places is None else places)
        beyond = np.maximum(squared - squared[allowed].min(), 0.0)
        return np.where(allowed, np.exp(-beyond / (2 * width**2)), 0.0)


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the first axis, of finite values; NaN where these have less than half of the weight."""
    finite = np.isfinite(values)
    total = np.tensordot(weights, finite, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.tensordot(weights, np.where(finite, values, 0.0), 1) / total
    return np.where(total >= weights.sum() / 2, mean, np.nan)
