"""Continued training of the chips of a finished run in a new one (`training.chips`): what must not change."""

from pathlib import Path
from typing import Any

from ohmgrad import recipes, records
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.device_ranges import automatic, ranges
from ohmgrad.recipes.loading import with_field
from ohmgrad.runs.arms import Arm
from ohmgrad.runs.folder import finished
from ohmgrad.training import Progress

_FIELD = "training.chips"
_KEPT = (("hardware",), ("network",), ("training", "seed"), ("training", "seeds"), ("training", "optimiser"))
"""Fields that must not change: the chips' parts and seeds. A chip's seed also seeds what its rule drew once for it."""
_FREE = ("network.initial_gains",)
"""Fields that may change, because they only affect new chips."""


def checked(experiment: Experiment) -> Experiment:
    """Fill the auto ranges of a recipe from the earlier run whose chips it trains further.

    Args:
        experiment: A resolved recipe with `training.chips`.

    Returns:
        The recipe with the earlier run's ranges.

    Raises:
        InputError: if there is no such run, or a field that must not change differs from the earlier run.
    """
    assert experiment.training.chips is not None
    folder = Path(experiment.training.chips)
    before = finished(folder, _FIELD).experiment
    for field in automatic(experiment):
        if field in (known := ranges(before)):
            experiment = with_field(experiment, field, known[field])
    was, wanted = (records.parse(recipes.dump(each)) for each in (before, experiment))
    for path in _KEPT:
        _check_same(".".join(path), _at(was, path), _at(wanted, path), folder)
    return experiment


def start(folder: Path, name: str, arm: Arm) -> Progress:
    """The trained chips of an arm of an earlier run, ready for further training.

    Args:
        folder: The earlier run's folder.
        name: Name of the arm.
        arm: The arm of the new run.

    Raises:
        InputError: if the earlier run has no such arm, or chips of other shapes.
    """
    kept = finished(folder, _FIELD).kept
    if name not in kept.arms:
        raise InputError(f"{_FIELD}: {folder} has no chips of the arm '{name}'; it has {', '.join(kept.arms)}")
    try:
        return kept.restored(name, arm.structure())[0].continued()
    except InputError as error:
        raise InputError(f"data, rule: they do not go with the chips that are trained on ({error})") from None


def _at(fields: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def _check_same(field: str, was: Any, wanted: Any, folder: Path) -> None:
    """Check that two sections of recipes are equal; raises InputError, naming the innermost field, if not."""
    if was == wanted or field in _FREE:
        return
    if isinstance(was, dict) and isinstance(wanted, dict):
        for name in [*was, *(name for name in wanted if name not in was)]:
            _check_same(f"{field}.{name}", was.get(name), wanted.get(name), folder)
        return
    raise InputError(
        f"{field}: {_short(wanted)} does not go with the chips of {folder}, which go on as they are; "
        f"allowed: {_short(was)}"
    )


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
