"""A run's folder: the names of what is in it, and what a finished one holds."""

from pathlib import Path
from typing import NamedTuple

from ohmgrad import files, recipes, records
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.runs import checkpoint

RECIPE, SUMMARY = "recipe.yaml", "summary.json"


class Finished(NamedTuple):
    """A run that is done: the name of its recipe, the recipe, and its chips."""

    name: str
    experiment: Experiment
    kept: checkpoint.Kept


def read_recipe(folder: Path, what: str) -> tuple[str, Experiment]:
    """The recipe that a run was begun with, and its name. Raises InputError, `what` naming the folder in it."""
    text = records.read(folder / RECIPE, what)
    return text.partition("\n")[0].removeprefix("# "), recipes.load_text(text, f"{folder / RECIPE}")


def finished(folder: Path, what: str) -> Finished:
    """What a finished run has kept.

    Raises InputError, beginning with `what`, where there is none, or one of a version that cannot be read.
    """
    if not files.exists(folder / SUMMARY):
        raise InputError(f"{what}: {folder} holds no finished run ({SUMMARY} is missing)")
    name, experiment = read_recipe(folder, what)
    kept = checkpoint.read(folder)
    if kept is None:
        raise InputError(
            f"{what}: {folder} was made by an ohmgrad that did not keep chips ({checkpoint.NAME} is missing); "
            f"train its {RECIPE} anew"
        )
    return Finished(name, experiment, kept)
