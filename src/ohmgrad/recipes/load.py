"""Recipes from names and files, changed by a.b=c settings, checked into an `Experiment`, errors as one sentence."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ohmgrad.errors import InputError, unknown
from ohmgrad.recipes.schema import Experiment

_SHIPPED = files("ohmgrad.recipes").joinpath("shipped")


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-6 is a number, as everyone who writes one means it."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*)(\.[\d_]*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)


def names() -> list[str]:
    """The shipped recipes."""
    return sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def text(recipe: str) -> str:
    """The YAML of a shipped recipe by name, or of a user's by path.

    Raises InputError where there is none, with the nearest name.
    """
    if recipe in names():
        return _SHIPPED.joinpath(f"{recipe}.yaml").read_text()
    if recipe.endswith((".yaml", ".yml")):
        try:
            return Path(recipe).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"recipe {recipe} cannot be read ({error})") from None
    raise unknown("recipe", recipe, names())


def load(recipe: str, settings: Sequence[str] = ()) -> Experiment:
    """A checked experiment from a recipe and settings such as "training.epochs=5".

    Raises InputError, one sentence naming the field and what is allowed.
    """
    try:
        fields = yaml.load(text(recipe), _Loader)
    except yaml.YAMLError as error:
        raise InputError(f"recipe {recipe} is not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(fields, dict):
        raise InputError(f"recipe {recipe} is not a mapping of fields; see `ohmgrad recipes braille`")
    for setting in settings:
        _set(fields, setting)
    return check(fields, f"recipe {recipe}")


def check(fields: dict[str, Any], what: str) -> Experiment:
    """The experiment that these fields make; `what` names their origin in the error."""
    try:
        return Experiment.model_validate(fields)
    except ValidationError as error:
        raise InputError(f"{what}: {_sentence(error)}") from None


def dump(experiment: Experiment) -> str:
    """YAML that `load` reads back to the same experiment."""
    return yaml.safe_dump(experiment.model_dump(exclude_none=True), sort_keys=False, allow_unicode=True, width=100)


def _set(fields: dict[str, Any], setting: str) -> None:
    path, equals, value = setting.partition("=")
    if not equals or not path:
        raise InputError(f"--set {setting}: write it as field.subfield=value, for example training.epochs=5")
    *parents, last = path.split(".")
    for parent in parents:
        fields = fields.setdefault(parent, {})
        if not isinstance(fields, dict):
            raise InputError(f"--set {setting}: '{parent}' has no fields of its own")
    try:
        fields[last] = yaml.load(value, _Loader)
    except yaml.YAMLError:
        raise InputError(f"--set {setting}: '{value}' is not a YAML value") from None


def _sentence(error: ValidationError) -> str:
    """The first fault in words: which field, what is wrong, what is allowed."""
    fault = error.errors()[0]
    path = [str(part) for part in fault["loc"]]
    allowed = _fields_along(Experiment, path[:-1])
    path = [part for part in path if part not in _TAGS]
    field = ".".join(path)
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(path[-1], allowed, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"unknown field '{field}'; {hint}known here: {', '.join(allowed)}"
    message = fault["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:] if message[:5] in ("Input", "Field") else message
    given = fault["input"]
    shown = f" (given: {given!r})" if isinstance(given, int | float | str) and fault["type"] != "missing" else ""
    return f"{field}: {message}{shown}" if field else f"{message}{shown}"


_TAGS = {"braille", "patterns", "layered-hopfield", "associative"}
"""Tags of unions, which pydantic adds to the path of an error."""


def _fields_along(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The names of the fields of whatever model lies at a path, over all members of a union."""
    models = [model]
    for part in path:
        if part in _TAGS:
            models = [m for m in models if part in get_args(m.model_fields["kind"].annotation)]
        else:
            found = (m.model_fields[part].annotation for m in models if part in m.model_fields)
            models = [m for annotation in found for m in _models(annotation)]
    return sorted({name for m in models for name in m.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]
