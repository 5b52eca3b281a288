"""Oracle: the part itself, built in Python. What a recipe leaves out is as the part has it, and nothing gets lost."""

from typing import Any

import pytest

from ohmgrad import networks, parts, rules, synapses
from ohmgrad.crossbar import Dac, Hardware, Mapping, Wires, schemes
from ohmgrad.devices.memristor import Memristor
from ohmgrad.networks.diodes import Diodes
from ohmgrad.parts import Part
from ohmgrad.recipes.build import hardware
from ohmgrad.recipes.schema.hardware import HardwareSettings

REQUIRED: dict[str, Any] = {"hidden": (4, 3), "kernels": (2,), "sweeps": 7, "saturation": 1e-3, "volts": 0.5}
REQUIRED |= {"row_ohms": 1.0, "column_ohms": 2.0}
SIZES = {"inputs": 8, "outputs": 8, "image": (8, 8, 1)}
LAYERED, FLAT = networks.LayeredHopfield(8, (4,), 8), networks.FeedForward(8, (4,), 8)


def classes() -> list[type[Part]]:
    """All that a recipe can name, and the parts that are always the same."""
    bases = networks.Network, networks.Pooling, Diodes, rules.Rule, schemes.Scheme, Mapping, synapses.Optimiser
    return [*(cls for base in bases for cls in base.kinds().values()), networks.Settling, Wires, Dac]


def both(cls: type[Part], **fields: Any) -> tuple[Part, Part]:
    """The part that a recipe describes, and the same made in Python."""
    needed = {name: value for name, value in REQUIRED.items() if name in parts.specs(cls)}
    needed |= {"hidden": 4} if cls is networks.Associative else {}
    needed |= fields
    given: dict[str, Any] = {}
    if issubclass(cls, networks.Network):
        given = {name: SIZES[name] for name in cls.of_the_task()}
    if issubclass(cls, rules.Rule):
        given = {"network": LAYERED if cls.goes_with(networks.LayeredHopfield) else FLAT}
    model = parts.schema(cls)
    kind = {"kind": parts.kind_of(cls)} if "kind" in model.model_fields else {}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in needed.items()}
    return parts.build(model.model_validate(kind | lists), **given), cls(**needed, **given)


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_what_a_recipe_leaves_out_is_as_the_part_has_it(cls):
    from_recipe, in_python = both(cls)
    assert from_recipe == in_python


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_the_settings_of_a_part_make_the_same_part(cls):
    part, _ = both(cls)
    settings = parts.settings_of(part)
    given = {name: getattr(part, name) for name in ("network", *SIZES) if hasattr(part, name)}
    given = given if isinstance(part, networks.Network | rules.Rule) else {}
    given = {name: value for name, value in given.items() if name not in parts.specs(cls)}
    if isinstance(part, networks.Associative):
        given.pop("outputs", None)
    assert parts.build(settings, **given) == part


def test_hardware_too():
    device = HardwareSettings.model_validate({}).device.memristor()
    assert isinstance(device, Memristor)
    assert hardware(HardwareSettings.model_validate({})) == Hardware(device)


def test_words_for_what_is_not_there_or_not_yet_known():
    """0, 1 and auto in a recipe are None, or a value to begin with, in the part."""
    layered, _ = both(networks.LayeredHopfield)
    assert isinstance(layered, networks.LayeredHopfield) and layered.drive_noise is None
    model = parts.schema(networks.ResistiveNetwork)
    fields = {"kind": "resistive", "hidden": [4], "input_gain": "auto", "node_ranges": "auto", "amplification": 1.0}
    resistive = parts.build(model.model_validate(fields), inputs=8, outputs=8)
    assert (resistive.input_gain, resistive.node_ranges, resistive.amplification) == (1.0, (), None)
    assert parts.can_be_auto(networks.ResistiveNetwork) == ["input_gain", "node_ranges"]
