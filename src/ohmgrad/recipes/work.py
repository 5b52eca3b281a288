"""What a recipe will ask of its matrices, by arithmetic: every verb with its shapes, before anything is trained.

Imports no JAX. What a run counts beyond shapes (powers, pulses) is in `expected`.
"""

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ohmgrad import maps
from ohmgrad.counts import Verb
from ohmgrad.data import braille, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import DIGITS_TRAIN, held_back
from ohmgrad.data.sources import SOURCES, TEN_DIGITS
from ohmgrad.errors import InputError
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.schema.network import ConvolutionalHopfieldNetwork, LayeredHopfieldNetwork, layers
from ohmgrad.recipes.schema.rule import (
    ActivityDifferenceRule,
    FixedFeedbackRule,
    ForwardForwardRule,
    HolomorphicRule,
    PerturbationRule,
    PredictiveCodingRule,
    RecurrentBackpropagationRule,
    TruncatedBackpropagationRule,
)

_DIGITS = (8, 8, 1)


class Work(NamedTuple):
    """Verbs, and what is done beside them, in a training or in an inference."""

    verbs: tuple[Verb, ...]
    neuron_updates: float = 0.0
    settlings: float = 0.0
    """Samples for which a circuit of conductances settles by itself."""
    edge_inputs: float = 0.0
    edge_outputs: float = 0.0

    def plus(self, other: "Work") -> "Work":
        return Work(
            self.verbs + other.verbs,
            self.neuron_updates + other.neuron_updates,
            self.settlings + other.settlings,
            self.edge_inputs + other.edge_inputs,
            self.edge_outputs + other.edge_outputs,
        )

    def times(self, factor: float) -> "Work":
        verbs = tuple(verb._replace(times=factor * verb.times) for verb in self.verbs)
        return Work(
            verbs,
            factor * self.neuron_updates,
            factor * self.settlings,
            factor * self.edge_inputs,
            factor * self.edge_outputs,
        )

    @property
    def calls(self) -> float:
        return math.fsum(verb.times for verb in self.verbs)

    @property
    def macs(self) -> float:
        return math.fsum(verb.macs for verb in self.verbs)


NOTHING = Work(())


class Sizes(NamedTuple):
    """Of a recipe's data: numbers in a sample and in an answer, samples in an epoch, and the image's sides."""

    inputs: int
    outputs: int
    samples: int
    image: tuple[int, int, int] = (0, 0, 0)


def sizes(experiment: Experiment) -> Sizes:
    """Raises InputError where the recipe's own table of patterns cannot be read."""
    data = experiment.data
    if isinstance(data, ImageData):
        return _image_sizes(data)
    if isinstance(data, PatternData):
        words, dots = _table(Path(data.file))
    else:
        assert isinstance(data, BrailleData)
        words, dots = len(data.words or braille.shipped_words()), braille.CELLS * braille.DOTS_PER_CELL
    return Sizes(dots, words if data.answer == "name" else dots, words * data.copies)


def _table(path: Path) -> tuple[int, int]:
    """Shape of a table of patterns, which is read once and again only where the file has changed since."""
    try:
        changed = path.stat().st_mtime_ns, path.stat().st_size
    except (OSError, ValueError):
        changed = 0, 0  # reading it says what is wrong
    return _read_table(path, *changed)


@lru_cache(maxsize=8)
def _read_table(path: Path, changed_at: int, size: int) -> tuple[int, int]:
    words, dots = patterns.load(path).shape
    return words, dots


def _image_sizes(data: ImageData) -> Sizes:
    if data.name == "digits":
        (height, width, channels), train, classes = _DIGITS, DIGITS_TRAIN, TEN_DIGITS
    else:
        source = SOURCES[data.name]
        (height, width, channels), train, classes = source.shape, source.train, source.classes
    if data.samples is not None and data.samples > train:
        raise InputError(f"data.samples: {data.samples} is above the {train} training images of {data.name}")
    image = height + 2 * data.pad, width + 2 * data.pad, channels
    samples = data.samples or train
    return Sizes(math.prod(image), len(classes), samples - held_back(samples, data.validation), image)


def steps(experiment: Experiment, samples: int | None = None) -> int:
    """Batches of the whole training, the last of an epoch filled up; of as many `samples` an epoch as the data have,
    unless it is given."""
    return experiment.training.epochs * batches(samples or sizes(experiment).samples, experiment.training.batch)


def training(experiment: Experiment, samples: int | None = None) -> Work:
    """The whole training of one chip by the recipe's rule."""
    found, batch = sizes(experiment), experiment.training.batch
    edges = Work((), edge_inputs=batch * (found.inputs + found.outputs), edge_outputs=batch * _answers(experiment))
    return _learning(experiment, batch).plus(edges).times(float(steps(experiment, samples)))


def backpropagation(experiment: Experiment, samples: int | None = None) -> Work:
    """The same training of a network of the same layers by backpropagation."""
    batches = float(steps(experiment, samples))
    return _backpropagation(_shapes(experiment), experiment.training.batch).times(batches)


def inference(experiment: Experiment, batch: int) -> Work:
    """One batch of answers by the recipe's network."""
    found = sizes(experiment)
    edges = Work((), edge_inputs=batch * found.inputs, edge_outputs=batch * _answers(experiment))
    return _answering(experiment, batch).plus(edges)


def feedforward_inference(experiment: Experiment, batch: int) -> Work:
    """One batch of answers by a network of the same layers in one pass."""
    return _forward(_shapes(experiment), batch)


def matrices(experiment: Experiment) -> list[tuple[int, int]]:
    """Rows, the bias included, and columns of each weight matrix."""
    network, found = experiment.network, sizes(experiment)
    dense = [found.inputs, *layers(network), found.outputs]
    if network.kind == "associative":
        return [(found.inputs + 1, network.hidden + 1)]
    if network.kind == "resistive":
        below = [2 * found.inputs, *network.hidden]
        return [(rows + 2, columns) for rows, columns in zip(below, dense[1:], strict=True)]
    if experiment.rule.kind == "forward-forward":
        below = [found.inputs + found.outputs, *dense[1:-1]]
        return [(rows + 1, columns) for rows, columns in zip(below, dense[1:-1], strict=False)]
    return [(rows, columns) for rows, columns, _ in [*_shapes(experiment), *_skips(experiment)]]


class _Shape(NamedTuple):
    """A matrix with its bias row, and how many vectors a sample sends through it: the places of a kernel."""

    rows: int
    columns: int
    places: int = 1


def _shapes(experiment: Experiment) -> list[_Shape]:
    """Matrices of the recipe's layers in one pass from inputs to outputs."""
    network, found = experiment.network, sizes(experiment)
    if not isinstance(network, ConvolutionalHopfieldNetwork):
        dense = [found.inputs, *layers(network), found.outputs]
        return [_Shape(rows + 1, columns) for rows, columns in itertools.pairwise(dense)]
    images = _images(experiment)
    shapes = [
        _Shape(network.size**2 * channels + 1, kernels, (1 if layer in network.unpooled else 4) * height * width)
        for layer, ((_, _, channels), (height, width, kernels)) in enumerate(itertools.pairwise(images), start=1)
    ]
    return [*shapes, _Shape(math.prod(images[-1]) + 1, found.outputs)]


def _images(experiment: Experiment) -> list[tuple[int, int, int]]:
    """Height, width and channels of the input and of each layer of images."""
    network = experiment.network
    assert isinstance(network, ConvolutionalHopfieldNetwork)
    return maps.images(sizes(experiment).image, network.kernels, network.size, network.padding, network.unpooled)


def _skips(experiment: Experiment) -> list[_Shape]:
    """Matrices between layers that are no neighbours."""
    network, found = experiment.network, sizes(experiment)
    if isinstance(network, ConvolutionalHopfieldNetwork):
        images = _images(experiment)
        ends = [(images[below], images[above]) for below, above in network.skips]
        for below, above in ends:
            if below[:2] != above[:2]:
                raise InputError(
                    f"skips: images of {below[0]} x {below[1]} cannot be coupled to ones of {above[0]} x {above[1]}; "
                    "allowed: layers of as high and wide images"
                )
        return [_Shape(below[2] + 1, above[2], math.prod(above[:2])) for below, above in ends]
    if not isinstance(network, LayeredHopfieldNetwork):
        return []
    dense = [found.inputs, *layers(network), found.outputs]
    return [_Shape(dense[below] + 1, dense[above]) for below, above in network.skips]


def _answers(experiment: Experiment) -> int:
    """Numbers in an answer."""
    return sizes(experiment).outputs


def _read(shape: _Shape, vectors: int, times: int = 1, digital: bool = False) -> Verb:
    return Verb("read", shape.rows, shape.columns, vectors * shape.places, float(times), digital)


def _back(shape: _Shape, vectors: int, times: int = 1) -> Verb:
    return Verb("read_transposed", shape.rows, shape.columns, vectors * shape.places, float(times))


def _write(shape: _Shape, vectors: int) -> Verb:
    return Verb("write", shape.rows, shape.columns, vectors * shape.places, 1)


# One pass: rules on feed-forward networks.


def _forward(shapes: list[_Shape], batch: int) -> Work:
    updates = batch * sum(shape.columns * shape.places for shape in shapes)
    return Work(tuple(_read(shape, batch) for shape in shapes), updates)


def _written(shapes: list[_Shape], vectors: int) -> Work:
    return Work(tuple(_write(shape, vectors) for shape in shapes))


def _backpropagation(shapes: list[_Shape], batch: int) -> Work:
    down = Work(tuple(_back(shape, batch) for shape in shapes[1:]))
    return _forward(shapes, batch).plus(down).plus(_written(shapes, batch))


def _one_pass(experiment: Experiment, batch: int) -> Work:
    rule, shapes = experiment.rule, _shapes(experiment)
    if isinstance(rule, ForwardForwardRule):
        own = [_Shape(*shape) for shape in matrices(experiment)]
        return _answering(experiment, batch).plus(_written(own, 2 * batch))
    forward, written = _forward(shapes, batch), _written(shapes, batch)
    if isinstance(rule, FixedFeedbackRule):
        feedback = [_read(shape, batch, digital=True) for shape in _feedback(rule, shapes)]
        return forward.plus(Work(tuple(feedback))).plus(written)
    if isinstance(rule, PredictiveCodingRule):
        updates = rule.steps * 2 * batch * sum(shape.columns for shape in shapes[:-1])
        turns = [verb(shape, batch, rule.steps) for shape in shapes[1:] for verb in (_back, _read)]
        return forward.plus(Work(tuple(turns), updates)).plus(written)
    if isinstance(rule, PerturbationRule):
        # The second pass adds, to perturb weights, a product of two vectors per sample in digital.
        kicks = [Verb("read", shape.rows + shape.columns, 1, batch, 1, digital=True) for shape in shapes]
        kicks = kicks if rule.kind == "weight-perturbation" else []
        return forward.times(2.0).plus(Work(tuple(kicks))).plus(written)
    return _backpropagation(shapes, batch)


def _feedback(rule: FixedFeedbackRule, shapes: list[_Shape]) -> list[_Shape]:
    """What sends errors to each hidden layer."""
    if rule.kind == "feedback-alignment":
        return [_Shape(shape.columns, shape.rows - 1) for shape in shapes[1:]]
    return [_Shape(shapes[-1].columns, shape.columns) for shape in shapes[:-1]]


# Settling: rules on networks with an energy.


def _sweeps(experiment: Experiment, vectors: int, number: int, pushed: bool, parts: int = 1) -> Work:
    """So many sweeps of a batch; a complex vector has two `parts`, which take their turns on the lines."""
    network, lines = experiment.network, parts * vectors
    if network.kind == "associative":
        found = sizes(experiment)
        shape = _Shape(found.inputs + 1, network.hidden + 1)
        verbs = _read(shape, vectors, number), _back(shape, vectors, number)
        return Work(verbs, float(number * vectors * (network.hidden + found.inputs)))
    if network.kind == "resistive":
        return _circuit(experiment, vectors, number)
    shapes = _shapes(experiment)
    if network.kind == "softmax-readout":
        # The readout takes part only where it is pushed, and its outputs are no neurons.
        coupled = shapes[1:] if pushed else shapes[1:-1]
        neurons = sum(shape.columns for shape in shapes[:-1])
    else:
        coupled = [*shapes[1:], *_skips(experiment)]
        neurons = _neurons(experiment)
    verbs = tuple(verb(shape, lines, number) for shape in coupled for verb in (_read, _back))
    return Work(verbs, float(number * lines * neurons))


def _neurons(experiment: Experiment) -> int:
    """Of hidden layers and outputs."""
    if isinstance(experiment.network, ConvolutionalHopfieldNetwork):
        return sum(math.prod(image) for image in _images(experiment)[1:]) + sizes(experiment).outputs
    return sum(shape.columns for shape in _shapes(experiment))


def _circuit(experiment: Experiment, vectors: int, number: int) -> Work:
    """Sweeps that stand for a circuit's own settling: arithmetic of a digital machine only."""
    couplings = [_Shape(rows - 2, columns) for rows, columns in matrices(experiment)[1:]]
    verbs = [_read(shape, vectors, 2 * number, digital=True) for shape in couplings]
    return Work(tuple(verbs), settlings=float(vectors))


def _feed(experiment: Experiment, batch: int) -> Work:
    """What the input sends, worked out once for all phases."""
    if experiment.network.kind == "associative":
        return NOTHING
    if experiment.network.kind == "resistive":
        return Work((_read(_Shape(*matrices(experiment)[0]), batch, digital=True),))
    return Work((_read(_shapes(experiment)[0], batch),))


def _free(experiment: Experiment, batch: int) -> Work:
    """Feed, settle and answer."""
    rule = experiment.rule
    assert isinstance(
        rule, ActivityDifferenceRule | HolomorphicRule | RecurrentBackpropagationRule | TruncatedBackpropagationRule
    )
    work = _feed(experiment, batch).plus(_sweeps(experiment, batch, rule.free.sweeps, pushed=False))
    if experiment.network.kind == "softmax-readout":
        work = work.plus(Work((_read(_shapes(experiment)[-1], batch),)))
    return work


def _answering(experiment: Experiment, batch: int) -> Work:
    if experiment.network.kind != "feed-forward":
        return _free(experiment, batch)
    if experiment.rule.kind == "forward-forward":
        own = [_Shape(*shape) for shape in matrices(experiment)]
        return _forward(own, batch * sizes(experiment).outputs)
    return _forward(_shapes(experiment), batch)


def _learning(experiment: Experiment, batch: int) -> Work:
    rule = experiment.rule
    if isinstance(rule, ActivityDifferenceRule):
        phases = 2 if rule.side == "centered" else 1
        pushed = _sweeps(experiment, phases * batch, rule.pushed.sweeps, pushed=True)
        return _free(experiment, batch).plus(pushed).plus(Work(tuple(_differences(experiment, batch))))
    if isinstance(rule, HolomorphicRule):
        return _free(experiment, batch).plus(_oscillation(experiment, rule, batch))
    if isinstance(rule, RecurrentBackpropagationRule):
        adjoint = _sweeps(experiment, batch, rule.adjoint.sweeps, pushed=True)
        return _free(experiment, batch).plus(adjoint).plus(_products(experiment, batch, 2))
    if isinstance(rule, TruncatedBackpropagationRule):
        back = _sweeps(experiment, batch, rule.depth, pushed=True)._replace(neuron_updates=0.0)
        return _free(experiment, batch).plus(back).plus(_products(experiment, batch, 2 * rule.depth))
    return _one_pass(experiment, batch)


def _differences(experiment: Experiment, batch: int) -> Iterator[Verb]:
    """Writes of two states of every sample: free and pushed, or pushed both ways."""
    if experiment.network.kind != "resistive":
        for rows, columns, places in _written_shapes(experiment):
            yield _write(_Shape(rows, columns, places), 2 * batch)
        return
    # Squared drops are a product of matrices and two vectors; the sources are the same in both states.
    for number, (rows, columns) in enumerate(matrices(experiment)):
        yield _write(_Shape(rows, columns), (2 * batch if number else batch) + 2)


def _written_shapes(experiment: Experiment) -> list[_Shape]:
    if experiment.network.kind == "associative":
        return [_Shape(*shape) for shape in matrices(experiment)]
    return [*_shapes(experiment), *_skips(experiment)]


def _products(experiment: Experiment, batch: int, each: int) -> Work:
    """Writes of one product for the input's matrix, and of `each` products per sample for the others."""
    first, *others = _written_shapes(experiment)
    return Work((_write(first, batch), *(_write(shape, each * batch) for shape in others)))


def _oscillation(experiment: Experiment, rule: HolomorphicRule, batch: int) -> Work:
    """Real strengths as one batch, those of the upper half plane as another, of complex vectors."""
    real = 2 if rule.phases % 2 == 0 else 1
    above = (rule.phases + 1) // 2 - 1
    work = _sweeps(experiment, real * batch, rule.pushed.sweeps, pushed=True)
    if above:
        work = work.plus(_sweeps(experiment, above * batch, rule.pushed.sweeps, pushed=True, parts=2))
    # The input is real, so its products with complex activities are half as many vectors.
    first, *others = _written_shapes(experiment)
    vectors = (real + 2 * above) * batch
    return work.plus(Work((_write(first, (real + above) * batch), *(_write(shape, vectors) for shape in others))))
