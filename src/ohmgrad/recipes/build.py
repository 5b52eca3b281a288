"""Builds the objects of a run (task, rule, hardware, ...) from a checked recipe."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ohmgrad import parts, rules
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Task
from ohmgrad.data.batches import batches
from ohmgrad.errors import InputError
from ohmgrad.files import at_home
from ohmgrad.networks import FeedForward, Network, SoftmaxReadout
from ohmgrad.parts import Settings, custom
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import ImageData, PatternData
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.sizes import Sizes
from ohmgrad.recipes.tasks import task
from ohmgrad.records import AUTO
from ohmgrad.synapses import Optimiser
from ohmgrad.synapses.crossbar import ArrayTerminals

Sized = Task | Sizes
"""A task, or the sizes of one: gives the input and output size of a network."""


class Parts(NamedTuple):
    """The objects of an experiment: task, rule, backpropagation baseline, hardware and optimiser.

    None: the recipe has no such section.
    """

    task: Task
    rule: rules.Rule
    backprop: rules.Backpropagation | None
    hardware: Hardware | None
    optimiser: Optimiser | None


def resolve(experiment: Experiment) -> Experiment:
    """Resolve a recipe: make its paths absolute, and list the folders of its user-defined modules in `modules`.

    Args:
        experiment: A checked recipe.

    Returns:
        A copy that does not depend on the current folder.
    """
    data = experiment.data
    if isinstance(data, PatternData):
        data = data.model_copy(update={"file": str(Path(data.file).resolve())})
    if isinstance(data, ImageData) and data.folder is not None:
        data = data.model_copy(update={"folder": str(at_home(Path(data.folder)).resolve())})
    training = experiment.training
    if training.chips is not None:
        training = training.model_copy(update={"chips": str(at_home(Path(training.chips)).resolve())})
    return experiment.model_copy(update={"data": data, "training": training, "modules": _modules(experiment) or None})


def _modules(experiment: Experiment) -> list[str]:
    """The folders of the user-defined modules that the recipe uses, except installed ones."""
    folders = [custom.folder_of(settings.part) for settings in settings_in(experiment)]
    return sorted({str(folder) for folder in folders if folder is not None})


def settings_in(record: Any) -> list[Settings]:
    """The settings of all parts in a model or list, nested ones and the model itself included."""
    if isinstance(record, list):
        return [settings for each in record for settings in settings_in(each)]
    if not isinstance(record, Strict):
        return []
    within = [settings for name in type(record).model_fields for settings in settings_in(getattr(record, name))]
    return [record, *within] if isinstance(record, Settings) else within


class Machine(NamedTuple):
    """The objects of an experiment without its task."""

    rule: rules.Rule
    backprop: rules.Backpropagation | None
    hardware: Hardware | None
    optimiser: Optimiser | None


def build(experiment: Experiment) -> Parts:
    """Build the objects of a resolved recipe.

    Args:
        experiment: From `resolve`.

    Raises:
        InputError: if data are missing or unsuitable, parts are incompatible, or the layers do not fit on the arrays.
    """
    found = task(experiment)
    batches(found.samples, experiment.training.batch)
    learns = machine(experiment, found)
    check_on_arrays(experiment, learns)
    if learns.hardware is not None and experiment.hardware is not None:
        learns.hardware.check_fits(learns.rule.shapes, experiment.hardware.array_pairs)
    return Parts(found, *learns)


def machine(experiment: Experiment, sized: Sized) -> Machine:
    """Build rules and hardware for data of a given size.

    Args:
        experiment: The recipe.
        sized: The task, or the sizes of its data.

    Raises:
        InputError: if parts of the recipe are incompatible.
    """
    network = _network(experiment, sized)
    rule = parts.build(experiment.rule, network=network)
    arrays = None if experiment.hardware is None else hardware(experiment.hardware)
    backprop = None if experiment.backprop is None else backpropagation(network)
    optimiser = experiment.training.optimiser
    if optimiser is not None and rule.low is not None:
        raise InputError("training.optimiser is for weights of either sign; a resistive network takes plain steps")
    learns = Machine(rule, backprop, arrays, None if optimiser is None else parts.build(optimiser))
    _check_one_per_matrix(experiment, learns)
    return learns


_PER_MATRIX = (
    ("network", "initial_gains"),
    ("rule", "learning_rates"),
    ("hardware", "weight_max"),
    ("hardware", "adc_full_scale_amperes"),
    ("backprop", "initial_gains"),
    ("backprop", "learning_rates"),
)
"""Fields with one value per weight matrix."""


def for_every_matrix(experiment: Experiment, sized: Sized) -> Experiment:
    """The recipe with fields that give one value for all weight matrices spread to one value per matrix.

    Args:
        experiment: The recipe.
        sized: The task, or the sizes of its data.

    Raises:
        InputError: if network and rule are incompatible.
    """
    single = [(section, name) for section, name in _PER_MATRIX if _is_single(experiment, section, name)]
    if not single:
        return experiment
    network = _network(experiment, sized)
    learner, sections = parts.build(experiment.rule, network=network), {}
    for section, name in single:
        rule = backpropagation(network) if section == "backprop" else learner
        settings = sections.get(section, getattr(experiment, section))
        values = len(rule.shapes) * getattr(settings, name)
        sections[section] = settings.model_copy(update={name: values})
    return experiment.model_copy(update=sections)


def _is_single(experiment: Experiment, section: str, name: str) -> bool:
    values = getattr(getattr(experiment, section), name, None)
    return values != AUTO and values is not None and len(values) == 1


def check_on_arrays(experiment: Experiment, machine: Machine) -> None:
    """Check that the rule's network can be mapped to the recipe's arrays, regardless of their number.

    Raises:
        InputError: if it cannot.
    """
    rule, arrays, settings = machine.rule, machine.hardware, experiment.hardware
    if arrays is not None and settings is not None:
        largest = np.ones(len(rule.shapes)) if settings.weight_max == AUTO else np.array(settings.weight_max)
        rule.check(lambda: ArrayTerminals(arrays), largest)
        arrays.check_signs(rule.low)


def _check_one_per_matrix(experiment: Experiment, machine: Machine) -> None:
    rule, settings, backprop = machine.rule, experiment.hardware, experiment.backprop
    check_one_per_matrix("network.initial_gains", experiment.network.initial_gains, rule)
    check_one_per_matrix("rule.learning_rates", experiment.rule.learning_rates, rule)
    if settings is not None:
        check_one_per_matrix("hardware.weight_max", settings.weight_max, rule)
        check_one_per_matrix("hardware.adc_full_scale_amperes", settings.adc_full_scale_amperes, rule)
    if backprop is not None and machine.backprop is not None:
        check_one_per_matrix("backprop.initial_gains", backprop.initial_gains, machine.backprop)
        check_one_per_matrix("backprop.learning_rates", backprop.learning_rates, machine.backprop)


def check_one_per_matrix(field: str, values: Sequence[float] | Literal["auto"], rule: rules.Rule) -> None:
    """Check that there is one value per weight matrix of the rule, or auto.

    Args:
        field: The field's name in error messages.
        values: The values, or "auto".
        rule: The rule.

    Raises:
        InputError: if the number of values differs from the number of weight matrices.
    """
    needed = len(rule.shapes)
    if values != AUTO and len(values) != needed:
        raise InputError(f"{field} needs {needed} value(s), one per weight matrix, not {len(values)}")


def backpropagation(network: Network) -> rules.Backpropagation:
    """The baseline: backpropagation through the feed-forward network with the same layers.

    Raises:
        InputError: if the network has no such counterpart.
    """
    layers = network.one_pass
    if not isinstance(layers, FeedForward):
        raise InputError(
            f"backprop: network.kind '{parts.kind_of(type(network))}' has no feed-forward network of the same layers; "
            "allowed: no backprop"
        )
    return baseline(network, layers)


def baseline(network: Network, layers: FeedForward) -> rules.Backpropagation:
    """Backpropagation through feed-forward layers, with the loss of the original network.

    Args:
        network: The original network.
        layers: Its feed-forward counterpart.
    """
    return rules.Backpropagation(layers, loss="cross-entropy" if isinstance(network, SoftmaxReadout) else "squared")


def _network(experiment: Experiment, sized: Sized) -> Network:
    """The network, from the recipe's fields and the sizes of the data."""
    cls = experiment.network_class
    if cls.restores and sized.inputs != sized.outputs:
        raise InputError(
            f"network.kind '{parts.kind_of(cls)}' restores its input; allowed: data whose answers are as long as their "
            f"samples, not {sized.outputs} numbers for {sized.inputs}"
        )
    given: dict[str, Any] = {name: getattr(sized, name) for name in cls.of_the_task() if name != "image"}
    if "image" in cls.of_the_task():
        given["image"] = _image(sized)
    return parts.build(experiment.network, **given)


def _image(sized: Sized) -> tuple[int, ...]:
    """Height, width and channels of a sample. Raises InputError if samples are not images."""
    shape = sized.image if isinstance(sized, Sizes) else sized.sample
    if len(shape) != 3 or not all(shape):
        raise InputError("data: samples are no images; needed for kernels: height, width and channels")
    return shape


def hardware(settings: HardwareSettings) -> Hardware:
    """Build the arrays of a recipe, without the effects that it switches off (`without`, `only`)."""
    built = parts.build(settings, device=settings.device.memristor())
    return built.without(*settings.without) if settings.only is None else built.only(*settings.only)
