"""Loads recipes by name or path, applies settings (a.b=c), and validates them as an `Experiment`."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.files import at_home
from ohmgrad.parts import custom
from ohmgrad.quantity import nominal
from ohmgrad.recipes import build
from ohmgrad.recipes.device_ranges import follow_device
from ohmgrad.recipes.library import names, text
from ohmgrad.recipes.schema.data import CorruptedWords
from ohmgrad.recipes.schema.experiment import CORRUPTION, Experiment
from ohmgrad.recipes.sizes import sizes

_KIND = ".kind"


def load(recipe: str, settings: Sequence[str] = ()) -> Experiment:
    """Load and check a recipe.

    If settings replace the device, ranges that the recipe gives for its own device become auto (`device_ranges`).
    User-defined classes are searched in installed modules, then in the folders listed in the recipe (`modules`), the
    folder of the recipe's file, and the current folder.

    Args:
        recipe: Name of a shipped recipe, or path of a YAML file.
        settings: Fields to change, such as "training.epochs=5".

    Returns:
        The checked recipe.

    Raises:
        InputError: if recipe or settings are invalid; the message names the field and what is allowed.
    """
    what, content = f"recipe {recipe}", text(recipe)
    fields, given = records.parse_fields(content, what), {}
    original = copy.deepcopy(fields)
    with custom.modules_in(_folders(fields, Path(recipe).parent)):
        for setting in _kinds_first(settings):
            _set(fields, setting)
            _set(given, setting)
        follow_device(fields, given, original, (records.parse_fields(text(name), name) for name in names()))
        experiment = records.check(Experiment, fields, what)
        sized = sizes(experiment)
        experiment = build.for_every_matrix(experiment, sized)
        # Incompatible parts are rejected here, whatever the recipe is loaded for.
        build.check_on_arrays(experiment, build.machine(experiment, sized))
    return experiment


def load_text(content: str, what: str) -> Experiment:
    """Check the text of a recipe, without changing any value.

    Args:
        content: YAML text.
        what: Prefix of error messages.

    Raises:
        InputError: if the text is not a valid recipe.
    """
    fields = records.parse_fields(content, what)
    with custom.modules_in(_folders(fields, Path())):
        return records.check(Experiment, fields, what)


def _folders(fields: dict[str, Any], recipes: Path) -> list[Path]:
    """The folders to search for user-defined modules, in order."""
    named = fields.get("modules")
    texts = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
    return [*(at_home(Path(each)) for each in texts), recipes, Path()]


def dump(experiment: Experiment) -> str:
    """The YAML text of a recipe, which `load` reads back to the same recipe; device quantities as plain numbers."""
    fields = experiment.model_dump(exclude_none=True)
    if experiment.hardware is not None:
        device = nominal(experiment.hardware.device)
        fields["hardware"]["device"] = {name: value for name, value in device.items() if name != "preset"}
    if not isinstance(experiment.data, CorruptedWords):
        fields["evaluation"] = {k: v for k, v in fields["evaluation"].items() if k not in CORRUPTION}
    return yaml.safe_dump(_given(fields), sort_keys=False, allow_unicode=True, width=100)


def _given(fields: Any) -> Any:
    """The fields without those that are None, recursively."""
    if isinstance(fields, dict):
        return {name: _given(value) for name, value in fields.items() if value is not None}
    return fields


def _kinds_first(settings: Sequence[str]) -> list[str]:
    """The settings in order, but those of kinds first: a new kind removes fields that only the old kind had.

    A kind stays behind a setting of the whole section that it is in, which would replace it.
    """
    ordered: list[str] = []
    for setting in settings:
        name, place = setting.partition("=")[0], len(ordered)
        while name.endswith(_KIND) and place and not _precedes(ordered[place - 1].partition("=")[0], name):
            place -= 1
        ordered.insert(place, setting)
    return ordered


def _precedes(earlier: str, kind: str) -> bool:
    return earlier.endswith(_KIND) or kind.startswith(f"{earlier}.")


def _set(fields: dict[str, Any], setting: str) -> None:
    path, equals, value = setting.partition("=")
    if not equals or not path:
        raise InputError(f"`settings` {setting}: write it as field.subfield=value, for example training.epochs=5")
    *parents, last = path.split(".")
    for parent in parents:
        fields = fields.setdefault(parent, {})
        if not isinstance(fields, dict):
            raise InputError(f"`settings` {setting}: '{parent}' has no fields")
    try:
        fields[last] = records.parse(value)
    except ValueError:
        raise InputError(f"`settings` {setting}: '{value}' is not a YAML value") from None
    if last == "kind":
        for name in fields.keys() - records.fields_along(Experiment, [*parents, str(fields[last])]):
            del fields[name]


def with_field(model: Any, field: str, value: Any) -> Any:
    """A copy of a recipe or section with another value in one field.

    Args:
        model: The recipe or section.
        field: Path of the field, as in "hardware.mapping.offset_siemens".
        value: The new value; it is not checked.
    """
    first, _, rest = field.partition(".")
    return model.model_copy(update={first: with_field(getattr(model, first), rest, value) if rest else value})
