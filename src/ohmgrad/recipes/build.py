"""From a checked experiment to the objects that run it."""

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp

from ohmgrad.crossbar import Adc, Dac, Hardware, Pair, Single, Slices, Wires, schemes
from ohmgrad.data import Channel, Codebook, braille, patterns
from ohmgrad.devices.build import memristor
from ohmgrad.errors import InputError
from ohmgrad.networks import Associative, FeedForward, LayeredHopfield, Settling
from ohmgrad.recipes.schema import AssociativeNetwork, BrailleData, Experiment, PairMapping, PatternData
from ohmgrad.rules import ActivityDifference, Backpropagation


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Codebook
    rule: ActivityDifference
    backprop: Backpropagation
    hardware: Hardware


def resolve(experiment: Experiment) -> Experiment:
    """The same experiment with every path made absolute.

    Raises InputError where a pair has no room for its offset.
    """
    hardware, data = experiment.hardware, experiment.data
    low, high = hardware.device.g_min_siemens.nominal, hardware.device.g_max_siemens.nominal
    mapping = hardware.mapping
    if isinstance(mapping, PairMapping) and mapping.offset_siemens > (high - low) / 2:
        raise InputError(
            f"hardware.mapping.offset_siemens: {mapping.offset_siemens} is above half the range of the device, "
            f"{(high - low) / 2:.3g}"
        )
    if isinstance(data, PatternData):
        data = data.model_copy(update={"file": str(Path(data.file).resolve())})
    return experiment.model_copy(update={"data": data})


def build(experiment: Experiment) -> Parts:
    """Task, rules and hardware of a resolved experiment.

    Raises InputError where the data are unfit, or where a layer fits on no array that is left.
    """
    task = _task(experiment)
    network = experiment.network
    if isinstance(network, AssociativeNetwork):
        settling = Associative(task.inputs, network.hidden, network.gain)
        layers = (task.inputs, network.hidden, task.outputs)
    else:
        layers = (task.inputs, *network.hidden, task.outputs)
        settling = LayeredHopfield(layers)
    hardware = _hardware(experiment)
    hardware.check_fits(settling.shapes, experiment.hardware.array_pairs)
    settings = experiment.rule
    rule = ActivityDifference(
        settling,
        settings.push,
        settings.strength,
        settings.side,
        Settling(**settings.free.model_dump()),
        Settling(**settings.pushed.model_dump()),
    )
    return Parts(task, rule, Backpropagation(FeedForward(layers)), hardware)


def _task(experiment: Experiment) -> Codebook:
    settings = experiment.data
    if isinstance(settings, BrailleData):
        words = settings.words or braille.shipped_words()
        if len(set(words)) < len(words):
            raise InputError("data.words holds the same word twice")
        table = [braille.pattern(word) for word in words]
    else:
        table = patterns.load(Path(settings.file))
    return Codebook(
        words=jnp.array(table, jnp.float32),
        answer=settings.answer,
        channel=Channel(settings.train_flips, settings.train_unreadable),
        copies=settings.copies,
    )


_MAPPINGS = {"pair": Pair, "single": Single, "slices": Slices}
_SCHEMES = {
    "single-pulse": schemes.SinglePulse,
    "write-verify": schemes.WriteVerify,
    "pulse-trains": schemes.PulseTrains,
    "pulse-count": schemes.PulseCount,
    "manhattan": schemes.Manhattan,
    "error-aware": schemes.ErrorAware,
    "mixed-precision": schemes.MixedPrecision,
    "tiki-taka": schemes.TikiTaka,
}


def _hardware(experiment: Experiment) -> Hardware:
    settings = experiment.hardware
    wires = settings.wires
    hardware = Hardware(
        memristor(settings.device),
        rows=settings.rows,
        columns=settings.columns,
        mapping=_MAPPINGS[settings.mapping.kind](**settings.mapping.model_dump(exclude={"kind"})),
        dac=Dac(**settings.dac.model_dump()),
        adc=Adc(**settings.adc.model_dump()),
        wires=None if wires is None else Wires(**wires.model_dump()),
        access_ohms=settings.access_ohms,
        passive=settings.passive,
        scheme=_SCHEMES[settings.write.kind](**settings.write.model_dump(exclude={"kind"})),
    )
    return hardware.without(*settings.without) if settings.only is None else hardware.only(*settings.only)
