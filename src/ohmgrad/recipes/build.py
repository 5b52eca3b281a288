"""From a checked experiment to the objects that run it."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from ohmgrad import rules
from ohmgrad.crossbar import Adc, Dac, Direct, Hardware, Mapping, Pair, Single, Slices, Wires, schemes
from ohmgrad.data import Channel, Codebook, braille, images, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import held_back
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.devices.build import memristor
from ohmgrad.errors import InputError
from ohmgrad.figure import Strict
from ohmgrad.files import at_home
from ohmgrad.networks import FeedForward, Network, ResistiveNetwork
from ohmgrad.parts import Part, made, schema
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.schema.experiment import AdamOptimiser, SgdOptimiser
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.schema.network import ConvolutionalHopfieldNetwork, SoftmaxReadoutNetwork
from ohmgrad.recipes.schema.network import Network as NetworkSettings
from ohmgrad.recipes.schema.rule import Rule as RuleSettings
from ohmgrad.synapses.crossbar import ArrayTerminals


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Codebook | LabelledImages
    rule: rules.Rule
    backprop: rules.Backpropagation | None
    hardware: Hardware | None
    optimiser: optax.GradientTransformation | None


def resolve(experiment: Experiment) -> Experiment:
    """The same experiment with every path made absolute."""
    data = experiment.data
    if isinstance(data, PatternData):
        data = data.model_copy(update={"file": str(Path(data.file).resolve())})
    if isinstance(data, ImageData) and data.folder is not None:
        data = data.model_copy(update={"folder": str(at_home(Path(data.folder)).resolve())})
    return experiment.model_copy(update={"data": data})


def build(experiment: Experiment) -> Parts:
    """Task, rules and hardware of a resolved experiment.

    Raises InputError where the data are unfit, or where a layer fits on no array that is left.
    """
    task = _task(experiment.data, experiment.network)
    batches(task.samples, experiment.training.batch)
    network = _network(experiment.network, task)
    rule = _rule(experiment.rule, network)
    hardware = None
    if experiment.hardware is not None:
        hardware = _hardware(experiment.hardware)
        hardware.check_fits(rule.shapes, experiment.hardware.array_pairs)
        if isinstance(network, ResistiveNetwork):
            network.check(ArrayTerminals(hardware))
    backprop = None
    if experiment.backprop is not None:
        assert isinstance(network.one_pass, FeedForward)  # the schema checks that there is a baseline
        backprop = rules.Backpropagation(network.one_pass, loss=_loss(experiment))
    return Parts(task, rule, backprop, hardware, _optimiser(experiment.training.optimiser))


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


def _network(settings: NetworkSettings, task: Codebook | LabelledImages) -> Network:
    """The network of the recipe's fields, and of what the task says of its samples."""
    cls = Network.kinds()[settings.kind]
    given = {f.name: getattr(task, f.name) for f in fields(cls) if f.name in ("image", "inputs", "outputs")}
    return _part(cls, settings, **given)


def _loss(experiment: Experiment) -> Literal["squared", "cross-entropy"]:
    """What the baseline descends: the same as the rule beside it."""
    return "cross-entropy" if isinstance(experiment.network, SoftmaxReadoutNetwork) else "squared"


def _rule(settings: RuleSettings, network: Network) -> rules.Rule:
    return _part(rules.Rule.kinds()[settings.kind], settings, network=network)


def _part(cls: type[Part], settings: Strict, **given: Any) -> Any:
    """The part that the settings describe, without what they say for the experiment."""
    said = settings.model_dump(exclude={"initial_gains", "learning_rates"})
    return made(schema(cls).model_validate(said), **given)


def _optimiser(settings: SgdOptimiser | AdamOptimiser | None) -> optax.GradientTransformation | None:
    """With a learning rate of 1: the rule's rates and their decay come on top."""
    if settings is None:
        return None
    if isinstance(settings, AdamOptimiser):
        return optax.adam(1.0)
    return optax.chain(
        optax.add_decayed_weights(settings.weight_decay), optax.sgd(1.0, momentum=settings.momentum or None)
    )


_MAPPINGS = {"single": Single, "slices": Slices, "direct": Direct}
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


def _mapping(settings: HardwareSettings) -> Mapping:
    if settings.mapping.kind == "pair":
        return Pair(settings.offset_siemens)
    return _MAPPINGS[settings.mapping.kind](**settings.mapping.model_dump(exclude={"kind"}))


def _hardware(settings: HardwareSettings) -> Hardware:
    wires = settings.wires
    hardware = Hardware(
        memristor(settings.device),
        rows=settings.rows,
        columns=settings.columns,
        mapping=_mapping(settings),
        dac=_part(Dac, settings.dac),
        adc=_part(Adc, settings.adc),
        wires=None if wires is None else Wires(**wires.model_dump()),
        access_ohms=settings.access_ohms,
        passive=settings.passive,
        scheme=_SCHEMES[settings.write.kind](**settings.write.model_dump(exclude={"kind"})),
    )
    return hardware.without(*settings.without) if settings.only is None else hardware.only(*settings.only)
