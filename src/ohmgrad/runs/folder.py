"""A run folder: names of its files, and how they are read."""

from pathlib import Path
from typing import NamedTuple

from ohmgrad import files, recipes, records
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.runs import checkpoint

RECIPE, SUMMARY, PROBES = "recipe.yaml", "summary.json", "probes.safetensors"


class Finished(NamedTuple):
    """A finished run: name of its recipe, the recipe, and its chips."""

    name: str
    experiment: Experiment
    kept: checkpoint.Kept


def read_recipe(folder: Path, what: str) -> tuple[str, Experiment]:
    """Read the recipe of a run folder.

    Args:
        folder: The run folder.
        what: Prefix of error messages, naming the folder.

    Returns:
        The recipe's name, and the recipe.

    Raises:
        InputError: if the file is missing or invalid.
    """
    text = records.read(folder / RECIPE, what)
    return text.partition("\n")[0].removeprefix("# "), recipes.load_text(text, f"{folder / RECIPE}")


def finished(folder: Path, what: str) -> Finished:
    """Read a finished run.

    Args:
        folder: The run folder.
        what: Prefix of error messages.

    Raises:
        InputError: if the folder holds no finished run, or one of an unsupported version.
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
