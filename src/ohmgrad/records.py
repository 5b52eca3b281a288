"""Records in YAML: parsed strictly, validated against a model, errors in one sentence."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import yaml
from pydantic import BaseModel, Tag, ValidationError

from ohmgrad import files
from ohmgrad.errors import InputError, unknown

Model = TypeVar("Model", bound=BaseModel)
Mark = TypeVar("Mark")
NUMBERS, AUTO = "numbers", "auto"
"""Tags of the two alternatives of a field that may be numbers or the word auto."""


class OpenKinds(NamedTuple):
    """Beside the type of a field: it takes more kinds of records than the type lists."""

    base: type
    """What all of them are made of."""
    find: Callable[[str], type[BaseModel] | None]
    """The record of a kind that is not listed, or None."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: 1e-6 is a number, off is a word, 1:30 is not 90; duplicate keys are errors."""

    def construct_scalar(self, node):
        text = super().construct_scalar(node)
        if match := re.search("[\\0\ud800-\udfff]", text):
            raise yaml.YAMLError(f"{match[0]!r} is not allowed in a text")
        return text

    def flatten_mapping(self, node):
        """Do not merge: YAML 1.2 has no merge keys, and merges of merges would double in size at every level."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(keys):
            twice = next(key for key, times in Counter(keys).items() if times > 1)
            raise yaml.YAMLError(f"the key '{twice}' is given twice")
        return mapping


_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,300}", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    regex = re.compile(rf"^(?:{pattern})$")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", regex, [*first, *([""] if tag == "null" else [])])


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """What a text holds; kept, because a study of a thousand cells reads the same recipe and device in each."""
    return yaml.load(text, _Loader)


def parse(text: str) -> Any:
    """Parse a YAML text.

    Raises:
        ValueError: where it is not YAML; the message is one line.
    """
    try:
        return deepcopy(_parsed(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except Exception:  # PyYAML does not check values with a tag such as !!bool or !!timestamp
        raise ValueError("a value does not fit its tag (!!...)") from None


def parse_fields(text: str, what: str) -> dict[str, Any]:
    """Parse the YAML text of a record.

    Args:
        text: The text.
        what: Name of the record, for messages.

    Raises:
        InputError: where it is not YAML, or not a mapping of fields.
    """
    try:
        fields = parse(text)
    except ValueError as error:
        raise InputError(f"{what}: not YAML ({error})") from None
    if not isinstance(fields, dict):
        raise InputError(f"{what}: not a mapping of fields")
    return fields


def read(path: Path, what: str) -> str:
    """Read the text of a user's record.

    Args:
        path: Path of the file.
        what: Name of the field, for messages.

    Raises:
        InputError: where the file cannot be read, or is too large.
    """
    return files.read(path, what, files.RECORD_BYTES)


class Library:
    """Shipped records of a package, and users' own by path.

    Args:
        package: Name of the package.
        kind: What a record is called in messages.
        folder: The folder of the package that holds them.
    """

    def __init__(self, package: str, kind: str, folder: str = "shipped") -> None:
        self.kind, self._folder = kind, resources.files(package).joinpath(folder)

    def names(self) -> list[str]:
        """Names of the shipped records, sorted."""
        return sorted(Path(entry.name).stem for entry in self._folder.iterdir() if entry.name.endswith(".yaml"))

    def text(self, name: str) -> str:
        """The YAML text of a record.

        Args:
            name: Name of a shipped record, or path of a .yaml or .yml file.

        Raises:
            InputError: if there is no such record; the message suggests the nearest name.
        """
        if name in self.names():
            return self._folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        if name.endswith((".yaml", ".yml")):
            return read(Path(name), self.kind)
        raise unknown(self.kind, name, self.names())


def load(model: type[Model], text: str, what: str) -> Model:
    """Parse and validate a record.

    Args:
        model: The record's class.
        text: YAML text.
        what: Name of the record, for messages.

    Raises:
        InputError: where the text is not YAML, or a field of it is wrong.
    """
    return check(model, parse_fields(text, what), what)


def check(model: type[Model], fields: Any, what: str) -> Model:
    """Validate fields as a record.

    Args:
        model: The record's class.
        fields: The fields by name.
        what: Name of the record, for messages.

    Raises:
        InputError: where a field is wrong; names it and what is allowed.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InputError(f"{what}: {sentence(model, error)}") from None


def completed(given: dict[str, Any], fields: Callable[[str], dict[str, Any]], what: str) -> dict[str, Any]:
    """Complete fields by those of the preset they name, which may itself start from another preset.

    Nested groups are merged field by field, unless their `kind` differs; lists replace those of the preset.

    Args:
        given: The fields; `preset` names the preset.
        fields: Reads the fields of a preset by name.
        what: What messages call a preset.

    Raises:
        InputError: where presets start from each other in a circle.
    """
    chain = [given]
    while isinstance(named := chain[-1].get("preset"), str):
        if len(chain) > _MAX_PRESETS:
            raise InputError(f"{what} {named}: presets start from each other in a circle")
        chain.append(fields(named))
    base: dict[str, Any] = {}
    for each in reversed(chain):
        base = _over(base, each)
    return base


_MAX_PRESETS = 8
"""Largest number of presets that start from each other."""


def _over(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The base with the given fields replaced: groups field by field, unless their kind differs."""
    merged = dict(base)
    for name, value in given.items():
        old = base.get(name)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            value = _over(old, value)
        merged[name] = value
    return merged


def sentence(model: type[BaseModel], error: ValidationError) -> str:
    """The first error of a validation in words: which field, what is wrong, what is allowed.

    Args:
        model: The record's class.
        error: The error that validation raised.
    """
    fault = error.errors()[0]
    path = [str(part) for part in fault["loc"]]
    allowed, tags = _along(model, path[:-1])
    if path[-1:] == [AUTO] and fault["type"] == "literal_error":
        fault["msg"] = "should be numbers, or auto"
    path = [part for part in path if part not in tags]
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(path[-1], allowed, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"unknown field '{'.'.join(path)}'; {hint}known here: {', '.join(allowed)}"
    if fault["type"] == "union_tag_invalid":
        context = fault.get("ctx", {})
        return f"{'.'.join([*path, 'kind'])}: unknown kind '{context['tag']}'; allowed: {context['expected_tags']}"
    return f"{'.'.join(path)}: {_words(fault)}" if path else _words(fault)


def fault(error: ValidationError) -> str:
    """The first error of the validation of a single value in words, without a name."""
    return _words(error.errors()[0])


def _words(fault: Any) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "model_type":
        message = "should be a mapping of fields"
    message = message[0].lower() + message[1:] if message[:5] in ("Input", "Field") else message
    given = fault["input"]
    shown = f" (given: {repr(given)[:60]})" if isinstance(given, int | float | str) else ""
    return f"{message}{shown}"


def fields_along(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Names of the fields at a path in a model; the path may include kinds: hardware, write, single-pulse."""
    return _along(model, path)[0]


def _along(model: type[BaseModel], path: Sequence[str]) -> tuple[list[str], set[str]]:
    """Names of the fields at a path in a model, over all members of unions, and the tags of unions on the way."""
    models, more, tags = [model], [], set()
    for part in path:
        tagged = [m for m in models if "kind" in m.model_fields and part in get_args(m.model_fields["kind"].annotation)]
        tagged = tagged or [found for each in more if (found := each.find(part))]
        if tagged:
            models, more = tagged, []
            tags.add(part)
        elif infos := [m.model_fields[part] for m in models if part in m.model_fields]:
            # What is no field is a place in a list or a mapping.
            models = [m for info in infos for m in _models(info.annotation)]
            more = [each for info in infos for each in open_kinds(info.annotation, *info.metadata)]
            tags |= {each.tag for info in infos for each in _marks(Tag, info.annotation, *info.metadata)}
    return sorted({name for m in models for name in m.model_fields}), tags


def open_kinds(*annotations: Any) -> list[OpenKinds]:
    """What stands beside types, or anywhere within them, of kinds that they do not list."""
    return _marks(OpenKinds, *annotations)


def _marks(kind: type[Mark], *annotations: Any) -> list[Mark]:
    """What is of this class beside types, or anywhere within them."""
    found: list[Mark] = []
    for each in annotations:
        found += [each] if isinstance(each, kind) else _marks(kind, *get_args(each))
    return found


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]
