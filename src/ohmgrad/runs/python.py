"""Runs from Python: a recipe, or parts, in; a result out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ohmgrad import recipes
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.rules import Rule
from ohmgrad.runs.checkpoint import Checkpoint, fingerprint
from ohmgrad.runs.folder import RECIPE
from ohmgrad.runs.from_parts import run_parts
from ohmgrad.runs.result import Result
from ohmgrad.runs.run import begin, begin_in_memory, run_begun
from ohmgrad.runs.trainer import Watch


def run(recipe_or_rule: str | Path | Experiment | Rule, *given: Any, **named: Any) -> Result:
    """Train, test and price a recipe (`run_recipe`), or a rule and the parts around it (`run_parts`).

    `run("braille", {"training.seeds": 10}, out="ten")` is what the program does for a recipe, a setting and a folder.
    `run(rule, task, hardware=..., learning_rates=[...], initial_gains=[...], epochs=...)` needs no recipe.

    Args:
        recipe_or_rule: A shipped recipe's name, the path of a file, a checked recipe, or a rule with its network.
        given: The rest as `run_recipe` or `run_parts` takes it.
        named: Likewise.

    Returns:
        What came out: accuracy, learning curves, chips, verdicts, and what training one chip costs.

    Raises:
        InputError: one sentence that says what is wrong with what was given, and what is allowed.
    """
    if isinstance(recipe_or_rule, Rule):
        return run_parts(recipe_or_rule, *given, **named)
    return run_recipe(recipe_or_rule, *given, **named)


def run_recipe(
    recipe: str | Path | Experiment,
    settings: Mapping[str, Any] | Sequence[str] = (),
    *,
    out: str | Path | None = None,
    watch: Watch = lambda *_: None,
) -> Result:
    """A recipe, trained, tested and priced.

    Args:
        recipe: A shipped recipe's name, the path of a YAML file, or a checked recipe (`recipes.load`).
        settings: Fields of the recipe that are to be others: {"training.epochs": 20}, or ["training.epochs=20"].
        out: A folder for the run, as the program makes it; None: nothing is left on disk.
        watch: Told the arm, its epochs done and to do, and the share of right answers in its last test, if any.

    Raises:
        InputError: where the recipe or a setting is wrong, its data are not there, or `out` is not an empty folder.
    """
    name, experiment = _recipe(recipe, settings)
    if out is None:
        return run_begun(name, *begin_in_memory(experiment, watch), watch=watch)
    folder = Path(out)
    experiment, parts = begin(name, experiment, folder, watch)
    kept = Checkpoint(folder, fingerprint((folder / RECIPE).read_text(), parts.task))
    return run_begun(name, experiment, parts, kept, watch)


def _recipe(recipe: str | Path | Experiment, settings: Mapping[str, Any] | Sequence[str]) -> tuple[str, Experiment]:
    if isinstance(recipe, Experiment):
        if settings:
            raise InputError("settings: they change a recipe by name or path; allowed with a checked one: none")
        return "recipe", recipe
    if isinstance(settings, Mapping):
        settings = [f"{field}={json.dumps(value, default=str)}" for field, value in settings.items()]
    return Path(recipe).stem, recipes.load(str(recipe), settings)
