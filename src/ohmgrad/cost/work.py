"""Work of a machine: calls of verbs with their shapes, and other counts. Does not import JAX."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ohmgrad.counts import Counts, Verb


class Work(NamedTuple):
    """The work of a training or an inference: calls of verbs, one entry per kind and shape, and other counts."""

    verbs: tuple[Verb, ...] = ()
    neuron_updates: float = 0.0
    phases: float = 0.0
    """Settling phases, counted once per sample."""
    edge_inputs: float = 0.0
    """Numbers sent to the chip."""
    edge_outputs: float = 0.0
    """Numbers returned from the chip."""

    def times(self, factor: float) -> "Work":
        """The work repeated `factor` times."""
        verbs = tuple(verb._replace(times=factor * verb.times) for verb in self.verbs)
        return Work(verbs, *(factor * number for number in self[1:]))

    @property
    def calls(self) -> float:
        """Number of calls of verbs."""
        return math.fsum(verb.times for verb in self.verbs)

    @property
    def macs(self) -> float:
        """Multiply-accumulates of all verbs on a digital machine."""
        return math.fsum(verb.macs for verb in self.verbs)

    @property
    def counts(self) -> Counts:
        """The counts that do not depend on the machine."""
        return Counts(
            calls=self.calls,
            macs=self.macs,
            neuron_updates=self.neuron_updates,
            edge_inputs=self.edge_inputs,
            edge_outputs=self.edge_outputs,
        )


def summed(verbs: Iterable[Verb]) -> tuple[Verb, ...]:
    """Merge calls into one entry per kind and shape, in order of first occurrence."""
    times: dict[Verb, float] = {}
    for verb in verbs:
        alike = verb._replace(times=0.0)
        times[alike] = times.get(alike, 0.0) + verb.times
    return tuple(alike._replace(times=number) for alike, number in times.items())


def backpropagation(shapes: Sequence[tuple[int, int]], batch: int) -> Work:
    """The work of backpropagation through a chain of matrices for one batch.

    Each matrix is read and written once; all but the first are also read transposed once.

    Args:
        shapes: (rows, columns) of each matrix, including its bias row.
        batch: Samples per batch.
    """
    up = [Verb("read", *shape, batch, 1.0) for shape in shapes]
    back = [Verb("read_transposed", *shape, batch, 1.0) for shape in shapes[1:]]
    written = [Verb("write", *shape, batch, 1.0) for shape in shapes]
    neurons, inputs, outputs = sum(columns for _, columns in shapes), shapes[0][0] - 1, shapes[-1][1]
    edges = float(batch * (inputs + outputs)), float(batch * outputs)
    return Work(summed(up + back + written), float(batch * neurons), 0.0, *edges)
