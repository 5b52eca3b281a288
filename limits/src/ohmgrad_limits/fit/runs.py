"""Scaling laws of ohmgrad's runs: error against operations and joules, to compare rules and chips by exponents."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from zlib import crc32

import numpy as np

from ohmgrad import files, records
from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.data import FLOP_PER_MULTIPLY_ADD
from ohmgrad_limits.fit.laws import law
from ohmgrad_limits.fit.line import FEWEST, Line, ordinary

ENERGY = {
    "crossbar": "chip_energy_joules",
    "ideal": "digital_energy_joules",
    "backprop": "digital_backprop_energy_joules",
}
"""Entry of ledger.json that prices each arm: crossbars on their chip, the others by the best program."""
QUANTITIES = ("flop", "joules")
PointsOf = Literal["final", "curve"]
POINTS: dict[PointsOf, str] = {"final": "one point per run", "curve": "one point per tested epoch of each run"}


@dataclass(frozen=True)
class Point:
    """An arm of a run after some epochs: test error (mean over chips) and the cost of the training until then."""

    run: str
    epoch: int
    epochs: int
    error: float
    flop: float
    joules: dict[str, float]
    """Low, nominal, high."""


@dataclass(frozen=True)
class Group:
    """Runs with the same arm, rule and task; on crossbars also the same write scheme, device and effects."""

    task: str
    rule: str
    arm: str
    writes: str = ""
    device: str = ""
    effects: str = ""

    @property
    def title(self) -> str:
        where = {"crossbar": "crossbar", "ideal": "ideal weights"}.get(self.arm, "")
        parts = (self.rule, where, self.writes, self.device, self.effects)
        return f"{self.task}: {', '.join(part for part in parts if part)}"


@dataclass(frozen=True, eq=False)
class RunFit:
    """A law fitted to the points of a group by one quantity, without points of error 0 or 1."""

    group: Group
    model: str
    quantity: str
    points_of: PointsOf
    points: tuple[Point, ...]
    left_out: int
    line: Line

    def as_dict(self) -> dict:
        (_, slope_error), slope = self.line.standard_errors, self.line.slope_interval()
        return {
            **vars(self.group),
            "title": self.group.title,
            "model": self.model,
            "quantity": self.quantity,
            "points": self.points_of,
            "n": self.line.n,
            "left_out": self.left_out,
            "intercept": self.line.intercept,
            "slope": self.line.slope,
            "slope_error": slope_error,
            "slope_low": slope.low,
            "slope_high": slope.high,
            "exponent": 1 / self.line.slope if self.model == "polynomial" and self.line.slope else None,
            "r_squared": self.line.r_squared,
            "fitted": [asdict(point) for point in self.points],
        }


class LeftOut(NamedTuple):
    """A group with too few points for a fit by a quantity."""

    group: Group
    quantity: str
    why: str

    def as_dict(self) -> dict:
        return {**vars(self.group), "title": self.group.title, "quantity": self.quantity, "why": self.why}


def fit_runs(
    folders: Sequence[Path], model: str = "polynomial", points_of: str | None = None
) -> tuple[list[RunFit], list[LeftOut]]:
    """Fit a law to each group of runs, by operations and by joules. Groups with fewer than three points are omitted.

    Args:
        folders: Folders of finished runs.
        model: Name of the law, one of LAWS.
        points_of: `final` or `curve` (POINTS); None: final if a group has three runs. Points of a curve are
            correlated, so their standard errors are too small.

    Returns:
        The fits, and the groups with too few points.

    Raises:
        InputError: A folder contains no finished run, a name is unknown, or no group has three points.
    """
    law(model)
    if points_of is not None and points_of not in POINTS:
        raise unknown("points", points_of, POINTS)
    groups: dict[Group, list[Point]] = {}
    for folder in folders:
        for group, found in _read(folder).items():
            groups.setdefault(group, []).extend(found)
    made = [each for group, found in groups.items() for each in _fits(group, found, model, points_of)]
    fits = [each for each in made if isinstance(each, RunFit)]
    if not fits:
        raise InputError(
            f"runs: no group has {FEWEST} points of different computation; needed: more runs, or points of curves"
        )
    return fits, [each for each in made if isinstance(each, LeftOut)]


def _fits(group: Group, found: list[Point], model: str, points_of: str | None) -> Iterable[RunFit | LeftOut]:
    final = [point for point in found if point.epoch == point.epochs]
    chosen: PointsOf = "final" if points_of == "final" or (points_of is None and len(final) >= FEWEST) else "curve"
    given = final if chosen == "final" else found
    used = tuple(point for point in given if 0 < point.error < 1)
    response = law(model).response(np.array([point.error for point in used]))
    for quantity in QUANTITIES:
        cost = np.array([point.flop if quantity == "flop" else point.joules["nominal"] for point in used])
        if (different := len(np.unique(cost))) < FEWEST:
            said = (
                f"{len(used)} of {len(given)} points ({chosen}) have an error above 0 and below 1, {different} differ"
            )
            yield LeftOut(group, quantity, f"{said} in {quantity}; needed: {FEWEST}")
        else:
            line = ordinary(np.log10(cost), response)
            yield RunFit(group, model, quantity, chosen, used, len(given) - len(used), line)


def _read(folder: Path) -> dict[Group, list[Point]]:
    """The points of all arms of a run."""
    for name in ("recipe.yaml", "metrics.csv", "ledger.json"):
        if not files.exists(folder / name):
            raise InputError(f"runs: {folder} contains no finished run ({name} is missing)")
    what = f"runs: {folder} contains a damaged run"
    try:
        recipe = records.parse(records.read(folder / "recipe.yaml", what))
        ledger = files.read_json(folder / "ledger.json", what)
        curves, epochs = _curves(folder / "metrics.csv"), int(recipe["training"]["epochs"])
        return {_group(recipe, arm): _points(str(folder), arm, curve, ledger, epochs) for arm, curve in curves.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{what} ({error})") from None


def _curves(path: Path) -> dict[str, dict[int, float]]:
    """Accuracy of the learning curve, mean over chips, by arm and epoch."""
    values: dict[str, dict[int, list[float]]] = {}
    for row in files.read_rows(path, "runs"):
        if row["metric"] == "learning_curve":
            values.setdefault(row["arm"], {}).setdefault(int(row["epoch"]), []).append(float(row["value"]))
    return {arm: {epoch: float(np.mean(chips)) for epoch, chips in curve.items()} for arm, curve in values.items()}


def _group(recipe: dict, arm: str) -> Group:
    data, hardware = recipe["data"], recipe.get("hardware") or {}
    words = data.get("words")
    if not isinstance(words, list | None):
        raise ValueError("recipe.yaml: data.words is no list")
    task = (data.get("name") or data["kind"]) + (f" of {', '.join(words)}" if words else "")
    rule = "backpropagation" if arm == "backprop" else recipe["rule"]["kind"]
    if arm != "crossbar":
        return Group(task, rule, arm)
    effects = [
        f"{how} {', '.join(hardware[how]) or 'no effects'}" for how in ("without", "only") if _given(hardware, how)
    ]
    writes = hardware.get("write", {}).get("kind", "")
    return Group(task, rule, arm, writes, _device(hardware.get("device") or {}), *effects)


def _given(hardware: dict, how: str) -> bool:
    """Whether a recipe switches effects; `only: []` leaves none on."""
    return hardware.get(how) is not None if how == "only" else bool(hardware.get(how))


def _device(fields: dict) -> str:
    """A device's title up to its first comma, and a hash of its figures, which may differ for the same title."""
    name = str(fields.get("preset") or fields.get("title", "")).split(",")[0]
    return f"{name} #{crc32(json.dumps(fields, sort_keys=True).encode()) & 0xFFFF:04x}" if fields else ""


def _points(run: str, arm: str, curve: dict[int, float], ledger: dict, epochs: int) -> list[Point]:
    """Points of an arm; the cost of a training is distributed evenly over its epochs."""
    flop, joules = FLOP_PER_MULTIPLY_ADD * ledger["counts"][arm]["macs"], ledger[ENERGY[arm]]
    return [
        Point(
            run,
            epoch,
            epochs,
            1 - accuracy,
            flop * epoch / epochs,
            {bound: joules[bound] * epoch / epochs for bound in ("low", "nominal", "high")},
        )
        for epoch, accuracy in curve.items()
        if epoch > 0
    ]
