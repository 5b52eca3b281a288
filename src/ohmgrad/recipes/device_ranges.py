"""Ranges that a recipe gives for its device; they are recalibrated if the device is replaced."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from ohmgrad.devices import Device
from ohmgrad.errors import InputError
from ohmgrad.parts import Settings, can_be_auto
from ohmgrad.recipes.schema import Experiment
from ohmgrad.records import AUTO

Fields = dict[str, Any]
_RANGES = (
    ("hardware", "mapping", "offset_siemens"),
    ("hardware", "weight_max"),
    ("hardware", "adc_full_scale_amperes"),
    ("network", "input_gain"),
    ("network", "node_ranges"),
)


def follow_device(fields: Fields, given: Fields, original: Fields, shipped: Iterator[Fields]) -> None:
    """Set to auto, in place, the ranges of a recipe that were chosen for another device than it now has.

    Ranges belong to the device of the recipe before settings were applied or, if they are identical to those of a
    shipped recipe, to that recipe's device. Ranges given by the settings themselves are not changed.

    Args:
        fields: Fields of the recipe, after settings; changed in place.
        given: Fields given by settings.
        original: Fields of the recipe before settings.
        shipped: Fields of all shipped recipes.
    """
    stated = _stated(original)
    if not stated:
        return
    owner = next((recipe for recipe in shipped if _stated(recipe) == stated), original)
    if _scale(owner) == _scale(fields):
        return
    for *parents, last in stated:
        group = _at(fields, parents)
        if isinstance(group, dict) and last in group and _at(given, [*parents, last]) is None:
            group[last] = AUTO


def ranges(experiment: Experiment) -> dict[str, Any]:
    """The ranges of a recipe by field: weight and ADC ranges, and fields of mapping and network that may be auto.

    Returns:
        Numbers or "auto", by field ("hardware.weight_max", ...). Ranges that are None are left out.
    """
    network, hardware, found = experiment.network, experiment.hardware, {}
    if hardware is not None:
        found |= _of_part("hardware.mapping", hardware.mapping)
        found["hardware.weight_max"] = hardware.weight_max
        found["hardware.adc_full_scale_amperes"] = hardware.adc_full_scale_amperes
    return found | _of_part("network", network)


def _of_part(section: str, settings: Settings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in can_be_auto(settings.part)}
    return {f"{section}.{name}": value for name, value in values.items() if value is not None}


def automatic(experiment: Experiment) -> list[str]:
    """The fields of a recipe's ranges that are auto."""
    return [field for field, value in ranges(experiment).items() if value == AUTO]


def _stated(fields: Fields) -> dict[tuple[str, ...], Any]:
    """The ranges that a recipe gives as numbers."""
    values = {path: _at(fields, path) for path in _RANGES} if isinstance(fields.get("hardware"), dict) else {}
    return {path: value for path, value in values.items() if value not in (None, AUTO)}


def _scale(fields: Fields) -> tuple | None:
    """The properties of a recipe's device that its ranges depend on; None if the device is invalid."""
    given = _at(fields, ("hardware", "device"))
    try:
        device = Device.model_validate({"preset": "taox-1t1r"} if given is None else given)
    except (ValidationError, InputError):
        return None
    return device.g_min_siemens.nominal, device.g_max_siemens.nominal, device.read_volts.nominal, device.one_sided


def _at(fields: Any, path: Sequence[str]) -> Any:
    for name in path:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields
