"""Outliers: readings that the fitted noise does not explain, found and removed before they inflate it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import norm

from ohmgrad.devices.fit.measured import Chain, Measured
from ohmgrad.errors import InputError

_GROSS = 6.0
"""Distance of a gross outlier from the readings on both sides, in units of the 90th percentile of steps."""
_BEYOND = 3.0
"""Distance of a reading beyond all others, in units of their range, from which it is an outlier."""
_LONGEST = 3
"""Largest number of consecutive readings that can be gross outliers together."""
_FALSE_ALARM = 1e-3
"""Probability that data with Gaussian noise lose any reading."""
_MAX_SHARE = 0.02
"""Largest share of readings that can be outliers; with more, the model is wrong or the noise is not Gaussian."""


@dataclass(frozen=True)
class Outlier:
    """A reading that the fit leaves out ("reading"), or a pulse whose step it leaves out ("jump").

    After a jump, the reading begins a new chain. `pulse` counts from the start of the sweep.
    """

    kind: Literal["reading", "jump"]
    device: str
    cycle: str
    pulse: int
    siemens: float
    file: str = ""
    row: int = 0

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}, " if self.row else ""
        what = "reading" if self.kind == "reading" else "jump to"
        return (
            f"{where}device {self.device}, cycle {self.cycle}, pulse {self.pulse}: {what} {1e6 * self.siemens:.4g} µS"
        )


Suspect = tuple[Chain, int, Literal["reading", "jump"]]


def gross(measured: Measured) -> list[Suspect]:
    """Readings that deviate from their neighbours by many steps, or from all others by several times their range."""
    threshold = _GROSS * _large_step(measured)
    suspects: list[Suspect] = []
    for chain in measured.chains if threshold > 0 else ():
        g, at = np.array(chain.g_siemens), 1
        while at < len(g) - 1:
            length = next((n for n in range(1, _LONGEST + 1) if _apart(g[at - 1 : at + n + 1], threshold)), 0)
            suspects.extend((chain, at + n, "reading") for n in range(length))
            at += length + 1
    return suspects or _beyond(measured)


def _large_step(measured: Measured) -> float:
    """The 90th percentile of the absolute steps."""
    return float(np.quantile(np.concatenate([np.abs(np.diff(chain.g_siemens)) for chain in measured.chains]), 0.9))


def _beyond(measured: Measured) -> list[Suspect]:
    """The one reading, if any, that lies beyond all others by several times their range."""
    every = sorted((g, n, at) for n, chain in enumerate(measured.chains) for at, g in enumerate(chain.g_siemens))
    for (g, n, at), (nearest, *_), (other_end, *_) in (
        (every[-1], every[-2], every[0]),
        (every[0], every[1], every[-1]),
    ):
        if abs(g - nearest) > _BEYOND * abs(nearest - other_end) > 0:
            return [(measured.chains[n], at, "reading")]
    return []


def check_direction(measured: Measured) -> None:
    """Check that pulses move the conductance in their direction on average, large steps being clipped.

    Raises:
        InputError: where they do not.
    """
    limit = _GROSS * _large_step(measured)
    for polarity, words in ((1, "potentiating pulses do not raise"), (-1, "depressing pulses do not lower")):
        steps = [polarity * np.diff(c.g_siemens)[np.equal(c.polarity, polarity)] for c in measured.chains]
        if measured.pulses(polarity) and np.clip(np.concatenate(steps), -limit, limit).sum() <= 0:
            raise InputError(f"{measured.name}: {words} the conductance on average (columns polarity, conductance)")


def _apart(g: np.ndarray, threshold: float) -> bool:
    """Whether all readings but the first and last exceed both of these, or fall below both, by the threshold."""
    if len(g) < 3:
        return False
    inside, ends = g[1:-1], (g[0], g[-1])
    return bool(inside.min() > max(ends) + threshold or inside.max() < min(ends) - threshold)


def surprising(chains: Iterable[Chain], residuals: np.ndarray) -> list[Suspect]:
    """Readings too far from their predictions; none where they are too many to be outliers.

    Where the next reading is near the deviating one, the outlier is a jump; otherwise a wrong reading.

    Args:
        chains: The chains, in the order of `residuals`.
        residuals: Deviation of each reading from its prediction, in standard deviations, shape (chains, pulses).
    """
    count = int(np.isfinite(residuals).sum())
    far = float(norm.isf(_FALSE_ALARM / (2 * count)))
    suspects = [each for chain, row in zip(chains, residuals, strict=True) for each in _in_chain(chain, row, far)]
    return suspects if len(suspects) <= max(2, _MAX_SHARE * count) else []


def _in_chain(chain: Chain, residuals: np.ndarray, far: float) -> Iterator[Suspect]:
    g, at = chain.g_siemens, 0
    while at < len(chain.polarity):
        reading = at + 1
        if not abs(residuals[at]) > far:
            at += 1
            continue
        stays = reading + 1 < len(g) and abs(g[reading + 1] - g[reading]) < abs(g[reading + 1] - g[reading - 1])
        if stays and reading == 1:
            yield chain, 0, "reading"
        else:
            yield chain, reading, "jump" if stays else "reading"
        at += 1 if stays else 2


def without(measured: Measured, suspects: Iterable[Suspect]) -> tuple[Measured, tuple[Outlier, ...]]:
    """Remove outliers: each chain is cut at them.

    Args:
        measured: The data.
        suspects: Chain, index of the reading, and kind of each outlier.

    Returns:
        The data without the outliers, and the outliers.
    """
    places: dict[int, dict[int, str]] = defaultdict(dict)
    outliers = []
    for chain, place, kind in suspects:
        places[id(chain)][place] = kind
        row = chain.rows[place] if chain.rows else 0
        value = chain.g_siemens[place]
        outliers.append(Outlier(kind, chain.device, chain.cycle, chain.first + place, value, chain.file, row))
    chains = tuple(part for chain in measured.chains for part in _parts(chain, places[id(chain)]))
    return replace(measured, chains=chains), tuple(outliers)


def _parts(chain: Chain, places: dict[int, str]) -> Iterator[Chain]:
    if not places:
        yield chain
        return
    start = 0
    for place in [*sorted(places), len(chain.g_siemens)]:
        if place - start >= 2:
            yield chain.part(start, place)
        start = place if places.get(place) == "jump" else place + 1
