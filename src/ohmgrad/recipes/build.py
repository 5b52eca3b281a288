"""From a checked experiment to the objects that run it."""

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp

from ohmgrad import devices, records
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Channel, Codebook, braille, patterns
from ohmgrad.errors import InputError
from ohmgrad.networks import Associative, FeedForward, LayeredHopfield
from ohmgrad.recipes.schema import AssociativeNetwork, BrailleData, Device, Experiment, PatternData
from ohmgrad.rules import ActivityDifference, Backpropagation


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Codebook
    rule: ActivityDifference
    backprop: Backpropagation
    hardware: Hardware


def resolve(experiment: Experiment) -> Experiment:
    """The same experiment with every figure of the device written out and every path made absolute.

    Raises InputError for an unknown preset, or a range of conductance that is upside down or too small for the pairs.
    """
    hardware, data = experiment.hardware, experiment.data
    figures = hardware.device.model_dump(exclude_none=True)
    if not set(devices.FIGURES) <= set(figures):
        preset = devices.load(hardware.device.preset)
        figures = {name: getattr(preset, name).nominal for name in devices.FIGURES} | figures
    device = records.check(Device, figures, "hardware.device")
    low, high = figures["g_min_siemens"], figures["g_max_siemens"]
    if not low < high:
        raise InputError(f"hardware.device.g_min_siemens: {low} is not below g_max_siemens {high}")
    if hardware.pair_offset_siemens > (high - low) / 2:
        raise InputError(
            f"hardware.pair_offset_siemens: {hardware.pair_offset_siemens} is above half the range of the device, "
            f"{(high - low) / 2:.3g}"
        )
    if isinstance(data, PatternData):
        data = data.model_copy(update={"file": str(Path(data.file).resolve())})
    return experiment.model_copy(update={"hardware": hardware.model_copy(update={"device": device}), "data": data})


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
    rule = ActivityDifference(
        settling, **experiment.rule.model_dump(include={"push", "strength", "side", "free_sweeps", "pushed_sweeps"})
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


def _hardware(experiment: Experiment) -> Hardware:
    settings = experiment.hardware
    device = devices.Memristor(**settings.device.model_dump(include=set(devices.FIGURES)))
    hardware = Hardware(
        device,
        **settings.model_dump(
            include={"rows", "columns", "pair_offset_siemens", "dac_bits", "adc_bits", "write_scheme"}
        ),
    )
    return hardware.without(*settings.without)
