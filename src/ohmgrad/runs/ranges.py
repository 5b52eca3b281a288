"""Ranges of converters and devices: in parts, and as the fields of a recipe."""

from dataclasses import replace
from typing import Any, NamedTuple

from ohmgrad import recipes
from ohmgrad.recipes import Experiment
from ohmgrad.records import AUTO
from ohmgrad.rules import Rule


class Ranges(NamedTuple):
    """Ranges of converters and devices that go with one training; None where there is none, or it is not known."""

    weight_max: tuple[float, ...] | None = None
    """Per weight matrix: the weight that the whole range of a device stands for."""
    adc_full_scale_amperes: tuple[float, ...] | None = None
    """Per weight matrix: the line current at which a converter clips."""
    node_ranges: tuple[float, ...] | None = None
    """Of a resistive network, per layer above the input: full scale of the converters that measure its nodes."""
    input_gain: float | None = None
    """Of a resistive network: volts of an input of 1."""

    def rule(self, rule: Rule) -> Rule:
        """The rule with a resistive network's input gain and node ranges as they are here."""
        known = {name: value for name in _OF_NETWORK if (value := getattr(self, name)) is not None}
        return replace(rule, network=replace(rule.network, **known)) if known else rule

    @property
    def by_field(self) -> dict[str, Any]:
        """Those that are known, by the names of a recipe's fields."""
        known = {name: value for name, value in self._asdict().items() if value is not None}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
        return {f"{'network' if name in _OF_NETWORK else 'hardware'}.{name}": value for name, value in lists.items()}


_OF_NETWORK = ("input_gain", "node_ranges")


def of_recipe(experiment: Experiment) -> Ranges:
    """The ranges that a recipe gives as numbers."""
    given: dict[str, Any] = {
        field.rpartition(".")[2]: value for field, value in recipes.ranges(experiment).items() if value != AUTO
    }
    known: dict[str, Any] = {name: given[name] for name in Ranges._fields if name in given}
    return Ranges()._replace(**{name: tuple(v) if isinstance(v, list) else v for name, v in known.items()})


def with_field(model: Any, field: str, value: Any) -> Any:
    """A recipe, or a section of one, with another value in a field (a.b.c)."""
    first, _, rest = field.partition(".")
    return model.model_copy(update={first: with_field(getattr(model, first), rest, value) if rest else value})
