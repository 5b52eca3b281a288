"""What every learning rule is: activities in, writes out."""

import abc
import typing
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import Free, Network, Settled, Settling, SettlingNetwork, Verdict, Write
from ohmgrad.networks.network import Feed
from ohmgrad.parts import Number, Part, kind_of
from ohmgrad.quantity import Range
from ohmgrad.synapses import Synapse, Terminals


class Inference(NamedTuple):
    """A network's answer, how it came to rest, and what that took."""

    output: Float[Array, "batch outputs"]
    residual: Float[Array, "batch"]
    """The largest change of any neuron in the last sweep; zero where nothing settles."""
    verdict: Int[Array, "batch"]
    """A `Verdict` per sample: settled, not settled, diverged."""
    counts: Counts

    @staticmethod
    def in_one_pass(output: Float[Array, "batch outputs"], counts: Counts) -> "Inference":
        """The answer of a network in which nothing settles."""
        batch = len(output)
        return Inference(output, jnp.zeros(batch), jnp.full(batch, Verdict.SETTLED), counts)


class Learned(NamedTuple):
    """What a rule learns from a batch."""

    writes: list[Write]
    """One per weight matrix: an estimate of minus the gradient of the mean cost of the batch."""
    inference: Inference
    """The network's answer before it gets the target."""
    counts: Counts
    """What all of it took, the inference included."""


class Phase(NamedTuple):
    """A free phase: what the input drives the network with, where the network settled, its answer there."""

    feed: Feed
    settled: Settled
    inference: Inference


def free_phase(
    network: SettlingNetwork,
    synapses: Sequence[Synapse],
    x: Float[Array, "batch ..."],
    settling: Settling,
    feed_key: PRNGKeyArray,
    free_key: PRNGKeyArray,
) -> Phase:
    """Settle a network without a push.

    Args:
        network: The network that settles.
        synapses: One per weight matrix.
        x: The inputs.
        settling: How many sweeps, in which order, how far.
        feed_key: Of the noise of reading the input.
        free_key: Of the noise while settling.
    """
    feed, feed_counts = network.feed(synapses, x, feed_key)
    settled = network.settle(synapses, feed, Free(), network.start(x), settling, free_key)
    output, answer_counts = network.answer(synapses, settled.state, jax.random.fold_in(free_key, 0))
    counts = feed_counts.plus(settled.counts).plus(answer_counts).plus(settled.phases("free", settling))
    return Phase(feed, settled, Inference(output, settled.residual, settled.verdict(settling.rest), counts))


class Rule(Part):
    """A learning rule for a network, written in the three verbs only.

    The annotation of `network` says which networks the rule goes with.

    Raises InputError for a network of another class.
    """

    network: Network

    def __post_init__(self):
        super().__post_init__()
        self.check_goes_with(type(self.network))

    @classmethod
    def goes_with(cls, network: type[Network]) -> bool:
        """Whether the rule is one for networks of this class."""
        return issubclass(network, typing.get_type_hints(cls)["network"])

    @classmethod
    def check_goes_with(cls, network: type[Network]) -> None:
        """Raises InputError where the rule is not one for networks of this class."""
        if not cls.goes_with(network):
            allowed = [kind for kind, rule in Rule.kinds().items() if rule.goes_with(network)]
            raise InputError(
                f"rule.kind '{kind_of(cls)}' does not go with network.kind '{kind_of(network)}'; "
                f"allowed: {', '.join(allowed) or 'a rule whose field network is of that class'}"
            )

    def on_chip(self, key: PRNGKeyArray) -> "Rule":
        """The rule with whatever it draws once for the life of a chip, from a key of that chip: most draw nothing."""
        return self

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix."""
        return self.network.shapes

    @property
    def low(self) -> float | None:
        """Lower bound on every weight, or None."""
        return self.network.low

    def check(
        self, terminals: Callable[[], Terminals], weight_max: Float[Array | np.ndarray, "*chips matrices"]
    ) -> None:
        """Raises InputError where the rule's network cannot lie on such arrays (`Network.check`)."""
        self.network.check(terminals, weight_max)

    def expected(self, terminals: Callable[[], Terminals], siemens: Range, phases: float) -> Counts:
        """What settling will count on arrays beside the verbs (`Network.expected`)."""
        return self.network.expected(terminals, siemens, phases)

    def initial(self, gains: Sequence[Number], key: PRNGKeyArray) -> list[Float[Array, "_ _"]]:
        """Weights before training (`Network.initial`)."""
        return self.network.initial(gains, key)

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses as the rule's network uses them (`Network.mounted`)."""
        return self.network.mounted(synapses)

    @abc.abstractmethod
    def infer(self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray) -> Inference:
        """The network's answer."""

    @abc.abstractmethod
    def learn(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch ..."],
        target: Float[Array, "batch outputs"],
        key: PRNGKeyArray,
    ) -> Learned:
        """One write per weight matrix, an estimate of minus the gradient of the mean cost.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            x: The inputs.
            target: The right answers.
            key: Of the noise of the synapses, and of whatever the rule draws.
        """

    def cost(
        self, output: Float[Array, "batch outputs"], target: Float[Array, "batch outputs"]
    ) -> Float[Array, "batch"]:
        """How wrong each answer is, which a training logs: |o - y|^2 / 2 unless a rule says otherwise."""
        return jnp.square(output - target).sum(1) / 2


class SettlingRule(Rule):
    """A rule for a network that settles. Its field `free` says how the free phase does."""

    network: SettlingNetwork  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)

    bfloat16: ClassVar[bool] = False
    """Whether its phases may settle in bfloat16."""

    def __check_init__(self):
        if not self.bfloat16:
            self._check_float32()

    def check(self, terminals, weight_max):
        self._check_float32()
        super().check(terminals, weight_max)

    def _check_float32(self) -> None:
        for name, settling in self.phases_by_name.items():
            if settling.precision == "bfloat16":
                raise InputError(
                    f"rule.{name}.precision 'bfloat16' is for rule.kind 'activity-difference' on ideal weights; "
                    "allowed: float32"
                )

    @property
    def phases_by_name(self) -> dict[str, Settling]:
        """How each phase settles, by the name of its field."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Settling)}

    def infer(self, synapses, x, key):
        free = self.phases_by_name["free"]
        return free_phase(self.network, synapses, x, free, *jax.random.split(key)).inference
