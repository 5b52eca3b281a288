"""From a checked experiment to the objects that run it."""

from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad import rules
from ohmgrad.cost.one_pass import OnePass
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Channel, Codebook, braille, images, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import held_back
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.devices.build import memristor
from ohmgrad.errors import InputError
from ohmgrad.files import at_home
from ohmgrad.networks import (
    HARD_SIGMOID,
    HARD_TANH,
    LINEAR,
    RELU,
    Associative,
    AveragePooling,
    ConvolutionalHopfield,
    FeedForward,
    LayeredHopfield,
    Logistic,
    MaxPooling,
    Network,
    ResistiveNetwork,
    Settling,
    SoftmaxReadout,
    SoftPooling,
    Tanh,
    diodes,
)
from ohmgrad.parts import made
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.schema.network import (
    AssociativeNetwork,
    ConvolutionalHopfieldNetwork,
    ExponentialDiodes,
    FeedForwardNetwork,
    LayeredHopfieldNetwork,
    ResistiveNetworkSettings,
    SoftmaxReadoutNetwork,
    layers,
)
from ohmgrad.recipes.schema.network import Network as NetworkSettings
from ohmgrad.recipes.schema.rule import (
    ActivityDifferenceRule,
    ForwardForwardRule,
    HolomorphicRule,
    RecurrentBackpropagationRule,
    SettlingSettings,
    TruncatedBackpropagationRule,
)
from ohmgrad.recipes.schema.rule import Rule as RuleSettings
from ohmgrad.recipes.sizes import Sizes
from ohmgrad.records import AUTO
from ohmgrad.synapses import Optimiser

Sized = Codebook | LabelledImages | Sizes
"""What knows how many numbers go into a network and come out of it."""


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Codebook | LabelledImages
    rule: rules.Rule
    backprop: rules.Backpropagation | None
    hardware: Hardware | None
    optimiser: Optimiser | None


def resolve(experiment: Experiment) -> Experiment:
    """The same experiment with every path made absolute."""
    data = experiment.data
    if isinstance(data, PatternData):
        data = data.model_copy(update={"file": str(Path(data.file).resolve())})
    if isinstance(data, ImageData) and data.folder is not None:
        data = data.model_copy(update={"folder": str(at_home(Path(data.folder)).resolve())})
    training = experiment.training
    if training.chips is not None:
        training = training.model_copy(update={"chips": str(at_home(Path(training.chips)).resolve())})
    return experiment.model_copy(update={"data": data, "training": training})


class Machine(NamedTuple):
    """What learns: an experiment without its data."""

    rule: rules.Rule
    backprop: rules.Backpropagation | None
    hardware: Hardware | None
    optimiser: Optimiser | None


def build(experiment: Experiment) -> Parts:
    """Task, rules and hardware of a resolved experiment.

    Raises InputError where the data are unfit, or where a layer fits on no array that is left.
    """
    found = task(experiment)
    batches(found.samples, experiment.training.batch)
    return Parts(found, *machine(experiment, found))


def task(experiment: Experiment) -> Codebook | LabelledImages:
    """The data of a resolved experiment. Raises InputError where they are not there, or unfit."""
    return _task(experiment.data, experiment.network)


def machine(experiment: Experiment, sized: Sized) -> Machine:
    """Rules and hardware for data of a size. Raises InputError where a layer fits on no array that is left."""
    network, one_pass = _networks(experiment.network, sized)
    rule = _rule(experiment.rule, network, one_pass)
    arrays = None
    if experiment.hardware is not None:
        arrays = hardware(experiment.hardware)
        arrays.check_fits(rule.shapes, experiment.hardware.array_pairs)
        weight_max = experiment.hardware.weight_max
        rule.check(arrays, np.ones(len(rule.shapes)) if weight_max == AUTO else np.array(weight_max))
    backprop = None if experiment.backprop is None else rules.Backpropagation(one_pass, loss=_loss(experiment))
    optimiser = experiment.training.optimiser
    return Machine(rule, backprop, arrays, None if optimiser is None else made(Optimiser, optimiser))


class Learners(NamedTuple):
    """What learns in an experiment, and on what, with no data loaded."""

    rule: rules.Rule
    baseline: rules.Rule
    """Backpropagation through the same layers, whether the recipe trains it or not."""
    hardware: Hardware | None


def learners(experiment: Experiment, sizes: Sizes) -> Learners:
    """Rules for data of these sizes, and the hardware."""
    network, one_pass = _networks(experiment.network, sizes)
    arrays = None if experiment.hardware is None else hardware(experiment.hardware)
    if isinstance(network, ConvolutionalHopfield):
        baseline = OnePass(replace(network, skips=()))
    else:
        baseline = rules.Backpropagation(one_pass, loss=_loss(experiment))
    return Learners(_rule(experiment.rule, network, one_pass), baseline, arrays)


def _task(settings: BrailleData | PatternData | ImageData, network: NetworkSettings) -> Codebook | LabelledImages:
    if isinstance(settings, ImageData):
        return _images(settings, "maps" if isinstance(network, ConvolutionalHopfieldNetwork) else "vectors")
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


def _images(settings: ImageData, seen_as: Literal["vectors", "maps"]) -> LabelledImages:
    found = images(settings.name, None if settings.folder is None else Path(settings.folder))
    samples = len(found.x_train) if settings.samples is None else settings.samples
    if samples > len(found.x_train):
        raise InputError(
            f"data.samples: {samples} is above the {len(found.x_train)} training images of {settings.name}"
        )
    held = np.zeros(samples, bool)
    held[np.random.default_rng(0).permutation(samples)[: held_back(samples, settings.validation)]] = True
    x, classes = found.x_train[:samples], found.y_train[:samples]
    mean, deviation = (tuple(map(float, figure)) for figure in found.statistics()) if settings.normalise else ((), ())
    return LabelledImages(
        train=jnp.asarray(x[~held]),
        train_class=jnp.asarray(classes[~held], jnp.int32),
        test=jnp.asarray(found.x_test),
        test_class=jnp.asarray(found.y_test, jnp.int32),
        classes=found.classes,
        validation=(jnp.asarray(x[held]), jnp.asarray(classes[held], jnp.int32)) if settings.validation else None,
        mean=mean,
        deviation=deviation,
        pad=settings.pad,
        crop=settings.crop,
        flip=settings.flip,
        seen_as=seen_as,
    )


_NEURONS = {
    "hard-tanh": HARD_TANH,
    "hard-sigmoid": HARD_SIGMOID,
    "relu": RELU,
    "linear": LINEAR,
    "logistic": Logistic(),
    "tanh": Tanh(),
}


def _networks(settings: NetworkSettings, sized: Sized) -> tuple[Network | None, FeedForward]:
    """The network that settles, if it does, and the feed-forward one of its layers."""
    dense = (sized.inputs, *layers(settings), sized.outputs)
    if isinstance(settings, FeedForwardNetwork):
        return None, FeedForward(dense, *_neurons(settings))
    if isinstance(settings, AssociativeNetwork):
        return Associative(sized.inputs, settings.hidden, settings.gain), FeedForward(dense)
    if isinstance(settings, LayeredHopfieldNetwork):
        neurons = _neurons(settings)
        return (
            LayeredHopfield(dense, *neurons, settings.drive_noise, _skips(settings)),
            FeedForward(dense, *neurons),
        )
    if isinstance(settings, SoftmaxReadoutNetwork):
        hidden = _NEURONS[settings.hidden_neuron]
        body = LayeredHopfield(dense[:-1], hidden, hidden, settings.drive_noise)
        return SoftmaxReadout(body, sized.outputs), FeedForward(dense, hidden, LINEAR)
    if isinstance(settings, ResistiveNetworkSettings):
        return _resistive(settings, dense), FeedForward(dense, RELU, LINEAR)
    assert not isinstance(sized, Codebook)  # the schema checks that kernels get images
    kernels, (hidden, output) = tuple(settings.kernels), _neurons(settings)
    pooling = {"max": MaxPooling, "average": AveragePooling, "soft": SoftPooling}[settings.pooling.kind](
        **settings.pooling.model_dump(exclude={"kind"})
    )
    network = ConvolutionalHopfield(
        sized.image,
        kernels,
        sized.outputs,
        settings.size,
        settings.padding,
        pooling,
        hidden,
        output,
        tuple(settings.unpooled),
        _skips(settings),
    )
    return network, FeedForward(dense)


def _skips(settings: LayeredHopfieldNetwork | ConvolutionalHopfieldNetwork) -> tuple[tuple[int, int], ...]:
    return tuple((below, above) for below, above in settings.skips)


def _neurons(settings: LayeredHopfieldNetwork | FeedForwardNetwork | ConvolutionalHopfieldNetwork):
    return _NEURONS[settings.hidden_neuron], _NEURONS[settings.output_neuron]


def _resistive(settings: ResistiveNetworkSettings, dense: tuple[int, ...]) -> ResistiveNetwork:
    found = diodes.Ideal()
    if isinstance(settings.diodes, ExponentialDiodes):
        found = diodes.Exponential(settings.diodes.saturation, settings.diodes.volts)
    # What a calibration is still to find is 1 until then.
    gain = 1.0 if settings.input_gain == AUTO else settings.input_gain
    ranges = [1.0] * (len(dense) - 1) if settings.node_ranges == AUTO else settings.node_ranges
    ranges = None if ranges is None else tuple(ranges)
    return ResistiveNetwork(dense, gain, settings.bias_volts, settings.amplification, found, ranges)


def _loss(experiment: Experiment) -> Literal["squared", "cross-entropy"]:
    """What the baseline descends: the same as the rule beside it."""
    return "cross-entropy" if isinstance(experiment.network, SoftmaxReadoutNetwork) else "squared"


def _settling(settings: SettlingSettings) -> Settling:
    return Settling(**settings.model_dump())


_ONE_PASS_RULES = {
    "backpropagation": rules.Backpropagation,
    "feedback-alignment": rules.FeedbackAlignment,
    "direct-feedback-alignment": rules.DirectFeedbackAlignment,
    "direct-random-target-projection": rules.DirectRandomTargetProjection,
    "predictive-coding": rules.PredictiveCoding,
    "node-perturbation": rules.NodePerturbation,
    "weight-perturbation": rules.WeightPerturbation,
}


def _rule(settings: RuleSettings, network: Network | None, one_pass: FeedForward) -> rules.Rule:
    if isinstance(settings, ActivityDifferenceRule):
        assert network is not None  # the schema checks that a network settles where its rule needs it
        free, pushed = _settling(settings.free), _settling(settings.pushed)
        return rules.ActivityDifference(network, settings.push, settings.strength, settings.side, free, pushed)
    if isinstance(settings, HolomorphicRule):
        assert network is not None
        free, pushed = _settling(settings.free), _settling(settings.pushed)
        return rules.HolomorphicEquilibriumPropagation(network, settings.strength, settings.phases, free, pushed)
    if isinstance(settings, RecurrentBackpropagationRule):
        assert isinstance(network, LayeredHopfield)
        return rules.RecurrentBackpropagation(network, _settling(settings.free), _settling(settings.adjoint))
    if isinstance(settings, TruncatedBackpropagationRule):
        assert isinstance(network, LayeredHopfield)
        return rules.TruncatedBackpropagation(network, _settling(settings.free), settings.depth)
    if isinstance(settings, ForwardForwardRule):
        *layers, labels = one_pass.layers
        return rules.ForwardForward(tuple(layers), labels, settings.threshold, one_pass.hidden)
    knobs = settings.model_dump(exclude={"kind", "learning_rates"})
    return _ONE_PASS_RULES[settings.kind](one_pass, **knobs)


def hardware(settings: HardwareSettings) -> Hardware:
    """Arrays as a recipe has them, with its effects switched off."""
    built = made(Hardware, settings, device=memristor(settings.device))
    return built.without(*settings.without) if settings.only is None else built.only(*settings.only)
