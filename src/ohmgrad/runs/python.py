"""Runs from Python: train a recipe or parts, and get a `Result`."""

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
    """Train, test and price a recipe (see `run_recipe`), or a rule with a task (see `run_parts`).

    `run("braille", {"training.seeds": 10}, out="ten")` does the same as the command line with a recipe, a setting and a
    folder. `run(rule, task, hardware=..., learning_rates=[...], initial_gains=[...], epochs=...)` needs no recipe.

    Args:
        recipe_or_rule: Name of a shipped recipe, path of a YAML file, a checked recipe, or a rule with its network.
        given: Further positional arguments of `run_recipe` or `run_parts`.
        named: Keyword arguments of `run_recipe` or `run_parts`.

    Returns:
        Accuracy, learning curves, chips, verdicts, and the costs of training one chip.

    Raises:
        InputError: if an argument is invalid; the message states what is wrong and what is allowed.
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
    """Train, test and price a recipe.

    Args:
        recipe: Name of a shipped recipe, path of a YAML file, or a checked recipe (`recipes.load`).
        settings: Fields of the recipe to change: {"training.epochs": 20}, or ["training.epochs=20"].
        out: Run folder, written as the command line does. None: nothing is written to disk.
        watch: Callback: arm, epochs done, epochs in total, share of correct answers in its last test or None.

    Returns:
        The trained, tested and priced run.

    Raises:
        InputError: if the recipe or a setting is invalid, data are missing, or `out` is not an empty folder.
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
