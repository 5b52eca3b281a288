"""Weight and converter ranges of a training, and the recipe fields that hold them."""

from dataclasses import replace
from typing import Any, NamedTuple

from ohmgrad import recipes
from ohmgrad.crossbar import Hardware, Pair
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.loading import with_field
from ohmgrad.records import AUTO
from ohmgrad.rules import Rule


class Ranges(NamedTuple):
    """Weight and converter ranges of one training. None: the parts have no such range, or it is not known."""

    weight_max: tuple[float, ...] | None = None
    """Per weight matrix: the weight represented by the full conductance range of a device."""
    adc_full_scale_amperes: tuple[float, ...] | None = None
    """Per weight matrix: the line current at which an ADC clips, in amperes."""
    node_ranges: tuple[float, ...] | None = None
    """Resistive networks only, per layer above the input: full scale of the ADCs that measure its nodes."""
    input_gain: float | None = None
    """Resistive networks only: voltage of an input of 1, in volts."""

    def rule(self, rule: Rule) -> Rule:
        """The rule with these input gain and node ranges set in its (resistive) network."""
        known = {name: value for name in _OF_NETWORK if (value := getattr(self, name)) is not None}
        return replace(rule, network=replace(rule.network, **known)) if known else rule

    @property
    def by_field(self) -> dict[str, Any]:
        """The known ranges, by recipe field ("hardware.weight_max", ...)."""
        known = {name: value for name, value in self._asdict().items() if value is not None}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
        return {f"{'network' if name in _OF_NETWORK else 'hardware'}.{name}": value for name, value in lists.items()}


_OF_NETWORK = ("input_gain", "node_ranges")


def of_recipe(experiment: Experiment) -> Ranges:
    """The ranges that a recipe gives as numbers, not as auto."""
    given: dict[str, Any] = {
        field.rpartition(".")[2]: value for field, value in recipes.ranges(experiment).items() if value != AUTO
    }
    known: dict[str, Any] = {name: given[name] for name in Ranges._fields if name in given}
    return Ranges()._replace(**{name: tuple(v) if isinstance(v, list) else v for name, v in known.items()})


def with_offset(experiment: Experiment, hardware: Hardware | None) -> Experiment:
    """A recipe with the offset of its pairs of devices as a number.

    Args:
        experiment: The recipe.
        hardware: Its arrays, or None.
    """
    if hardware is None or not isinstance(hardware.mapping, Pair):
        return experiment
    offset = float(hardware.mapping.offset(hardware.device))
    return with_field(experiment, "hardware.mapping.offset_siemens", offset)


def filled(experiment: Experiment, found: Ranges) -> Experiment:
    """A recipe with calibrated numbers in place of `auto`.

    Args:
        experiment: The recipe.
        found: Its calibrated ranges.
    """
    for field in recipes.automatic(experiment):
        experiment = with_field(experiment, field, found.by_field[field])
    return experiment
