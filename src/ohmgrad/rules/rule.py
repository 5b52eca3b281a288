"""What every learning rule is: states in, writes out."""

import abc
from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.networks.network import Write
from ohmgrad.synapses import Synapse

__all__ = ["Inference", "Rule", "Write"]


class Inference(NamedTuple):
    """What a network answers before it is told the truth."""

    output: Float[Array, "batch outputs"]
    residual: Float[Array, "batch"]
    """The largest change of any neuron in the last sweep; zero where nothing settles."""


class Rule(eqx.Module):
    """A learning rule for a network, written in the three verbs only."""

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix."""

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses of those matrices as the rule's network uses them."""
        return tuple(synapses)

    @abc.abstractmethod
    def infer(
        self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray
    ) -> tuple[Inference, Counts]:
        """The network's answer."""

    @abc.abstractmethod
    def learn(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch ..."],
        target: Float[Array, "batch outputs"],
        key: PRNGKeyArray,
    ) -> tuple[list[Write], Inference, Counts]:
        """One write per weight matrix, an estimate of minus the gradient of the mean squared error |o - y|^2 / 2."""
