"""From a checked experiment to the objects that run it."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad import rules
from ohmgrad.cost.one_pass import OnePass
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Channel, Codebook, braille, images, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import held_back
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.files import at_home
from ohmgrad.networks import ConvolutionalHopfield, FeedForward, Network, SettlingNetwork, SoftmaxReadout
from ohmgrad.parts import Part, made, schema, specs
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.schema.network import ConvolutionalHopfieldNetwork
from ohmgrad.recipes.schema.network import Network as NetworkSettings
from ohmgrad.recipes.sizes import Sizes
from ohmgrad.records import AUTO
from ohmgrad.synapses import Optimiser
from ohmgrad.synapses.crossbar import ArrayTerminals

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
    network = _network(experiment.network, sized)
    rule = _part(rules.Rule, experiment.rule, network=network)
    arrays = None if experiment.hardware is None else _arrays_for(rule, experiment.hardware)
    backprop = None if experiment.backprop is None else backpropagation(network)
    optimiser = experiment.training.optimiser
    return Machine(rule, backprop, arrays, None if optimiser is None else _part(Optimiser, optimiser))


def _arrays_for(rule: rules.Rule, settings: HardwareSettings) -> Hardware:
    """The hardware, on which the rule's matrices fit."""
    arrays = hardware(settings)
    arrays.check_fits(rule.shapes, settings.array_pairs)
    largest = np.ones(len(rule.shapes)) if settings.weight_max == AUTO else np.array(settings.weight_max)
    rule.check(lambda: ArrayTerminals(arrays), largest)
    return arrays


class Learners(NamedTuple):
    """What learns in an experiment, and on what, with no data loaded."""

    rule: rules.Rule
    baseline: rules.Rule
    """Backpropagation through the same layers, whether the recipe trains it or not."""
    hardware: Hardware | None


def learners(experiment: Experiment, sizes: Sizes) -> Learners:
    """Rules for data of these sizes, and the hardware."""
    network = _network(experiment.network, sizes)
    arrays = None if experiment.hardware is None else hardware(experiment.hardware)
    return Learners(_part(rules.Rule, experiment.rule, network=network), opponent(network), arrays)


def opponent(network: Network) -> rules.Rule:
    """Backpropagation through the layers of a network; of one without a feed-forward network of the same layers what
    that would ask, one sweep upward.

    Raises InputError for a network that neither settles nor has such layers.
    """
    if isinstance(network.one_pass, FeedForward):
        return backpropagation(network)
    if isinstance(network, ConvolutionalHopfield):
        network = replace(network, skips=())
    if not isinstance(network, SettlingNetwork):
        raise InputError(f"{type(network).__name__}: needed to be priced beside backpropagation: `one_pass`")
    return OnePass(network)


def backpropagation(network: Network) -> rules.Backpropagation:
    """The baseline: through the feed-forward network of the same layers, by the loss that the network learns by.

    Raises InputError where there is no such network.
    """
    if not isinstance(network.one_pass, FeedForward):
        raise InputError(
            f"backprop: {type(network).__name__} has no feed-forward network of the same layers; allowed: no backprop"
        )
    loss = "cross-entropy" if isinstance(network, SoftmaxReadout) else "squared"
    return rules.Backpropagation(network.one_pass, loss=loss)


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


def _network(settings: NetworkSettings, sized: Sized) -> Network:
    """The network of the recipe's fields, and of what the data say of their samples."""
    cls = Network.kinds()[settings.kind]
    given = {f.name: getattr(sized, f.name) for f in fields(cls) if f.name in ("image", "inputs", "outputs")}
    return _part(Network, settings, **given)


def _part(base: type[Part], settings: Strict, **given: Any) -> Any:
    """The part of the base's kinds that settings describe, without what they say for the experiment."""
    cls = base.kinds()[settings.kind] if hasattr(settings, "kind") else base  # pyright: ignore
    said = settings.model_dump(include={"kind", *specs(cls)})
    return made(schema(cls).model_validate(said), **given)


def hardware(settings: HardwareSettings) -> Hardware:
    """Arrays as a recipe has them, with its effects switched off."""
    built = _part(Hardware, settings, device=settings.device.memristor())
    return built.without(*settings.without) if settings.only is None else built.only(*settings.only)
