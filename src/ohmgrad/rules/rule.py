"""What every learning rule is: states in, writes out."""

import abc
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.networks import Free, Network, Settling, State
from ohmgrad.networks.initial import gaussian
from ohmgrad.networks.network import Feed, Write
from ohmgrad.parts import Number
from ohmgrad.synapses import Synapse

__all__ = ["Inference", "Rule", "Write"]


class Inference(NamedTuple):
    """What a network answers before it is told the truth."""

    output: Float[Array, "batch outputs"]
    residual: Float[Array, "batch"]
    """The largest change of any neuron in the last sweep; zero where nothing settles."""


def free_phase(
    network: Network,
    synapses: Sequence[Synapse],
    x: Float[Array, "batch ..."],
    settling: Settling,
    feed_key: PRNGKeyArray,
    free_key: PRNGKeyArray,
) -> tuple[Feed, State, Inference, Counts]:
    """What the input sends, the state of the network left to itself, its answer, and what that took."""
    feed, counts = network.feed(synapses, x, feed_key)
    settled, more = network.settle(synapses, feed, Free(), network.start(x), settling, free_key)
    output, most = network.answer(synapses, settled.state, jax.random.fold_in(free_key, 0))
    counts = counts.plus(more).plus(most).plus(settled.phases("free", settling))
    return feed, settled.state, Inference(output, settled.residual), counts


class Rule(eqx.Module):
    """A learning rule for a network, written in the three verbs only."""

    def on_chip(self, key: PRNGKeyArray) -> "Rule":
        """The rule with whatever it draws once for the life of a chip, from a key of that chip: most draw nothing."""
        return self

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix."""

    @property
    def low(self) -> float | None:
        """Below which no weight may fall; None: nowhere."""
        return None

    def check(self, hardware: Hardware, weight_max: Float[Array | np.ndarray, "*chips matrices"]) -> None:
        """Raises InputError where the rule's network cannot stand on such arrays."""

    def initial(self, gains: Sequence[Number], key: PRNGKeyArray) -> list[Float[Array, "_ _"]]:
        """Weights that a training starts from: Gaussian of standard deviation gain / sqrt(inputs), biases zero."""
        return gaussian(self.shapes, gains, key)

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
        """One write per weight matrix, an estimate of minus the gradient of the mean cost."""

    def expected(self, hardware: Hardware, phases: float) -> Counts:
        """What so many samples' settling will count on arrays beside the verbs, low, nominal and high: by default
        nothing."""
        return Counts()

    def cost(
        self, output: Float[Array, "batch outputs"], target: Float[Array, "batch outputs"]
    ) -> Float[Array, "batch"]:
        """How wrong each answer is, which a training logs: |o - y|^2 / 2 unless a rule says otherwise."""
        return jnp.square(output - target).sum(1) / 2


SomeNetwork = TypeVar("SomeNetwork", bound=Network)


class SettlingRule(Rule, Generic[SomeNetwork]):
    """A rule for a network that settles, and that says which weights it wants."""

    network: SomeNetwork

    @property
    def shapes(self):
        return self.network.shapes

    @property
    def low(self):
        return self.network.low

    def check(self, hardware, weight_max):
        self.network.check(hardware, weight_max)

    def initial(self, gains, key):
        return self.network.initial(gains, key)

    def mounted(self, synapses):
        return self.network.mounted(synapses)

    def expected(self, hardware, phases):
        return self.network.expected(hardware, phases)
