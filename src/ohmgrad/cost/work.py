"""What is asked of a machine: verbs with their shapes, and what is done beside them. No JAX."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ohmgrad.counts import Counts, Verb


class Work(NamedTuple):
    """Verbs, one entry per kind and shape, and what is done beside them, in a training or in an inference."""

    verbs: tuple[Verb, ...] = ()
    neuron_updates: float = 0.0
    phases: float = 0.0
    """Samples, each as often as a network settles with it."""
    edge_inputs: float = 0.0
    """Numbers that come from outside."""
    edge_outputs: float = 0.0
    """Numbers that leave."""

    def times(self, factor: float) -> "Work":
        """The same so many times."""
        verbs = tuple(verb._replace(times=factor * verb.times) for verb in self.verbs)
        return Work(verbs, *(factor * number for number in self[1:]))

    @property
    def calls(self) -> float:
        return math.fsum(verb.times for verb in self.verbs)

    @property
    def macs(self) -> float:
        return math.fsum(verb.macs for verb in self.verbs)

    @property
    def counts(self) -> Counts:
        """What any machine counts."""
        return Counts(
            calls=self.calls,
            macs=self.macs,
            neuron_updates=self.neuron_updates,
            edge_inputs=self.edge_inputs,
            edge_outputs=self.edge_outputs,
        )


def summed(verbs: Iterable[Verb]) -> tuple[Verb, ...]:
    """The same calls with one entry per kind and shape, in the order in which these come first."""
    times: dict[Verb, float] = {}
    for verb in verbs:
        alike = verb._replace(times=0.0)
        times[alike] = times.get(alike, 0.0) + verb.times
    return tuple(alike._replace(times=number) for alike, number in times.items())


def backpropagation(shapes: Sequence[tuple[int, int]], batch: int) -> Work:
    """What backpropagation asks for a batch of matrices one behind the other: each is read and written once, all but
    the first are read transposed.

    Args:
        shapes: (rows, columns) of each, its bias row included.
        batch: Samples.
    """
    up = [Verb("read", *shape, batch, 1.0) for shape in shapes]
    back = [Verb("read_transposed", *shape, batch, 1.0) for shape in shapes[1:]]
    written = [Verb("write", *shape, batch, 1.0) for shape in shapes]
    neurons, inputs, outputs = sum(columns for _, columns in shapes), shapes[0][0] - 1, shapes[-1][1]
    edges = float(batch * (inputs + outputs)), float(batch * outputs)
    return Work(summed(up + back + written), float(batch * neurons), 0.0, *edges)
