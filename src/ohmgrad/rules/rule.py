"""Base classes of learning rules, and their results."""

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
    """A network's answer, whether the network settled, and counts."""

    output: Float[Array, "batch outputs"]
    residual: Float[Array, "batch"]
    """Per sample, the largest change of any neuron in the last sweep; zero if the network does not settle."""
    verdict: Int[Array, "batch"]
    """The `Verdict` of each sample: settled, not settled, diverged."""
    counts: Counts
    sweeps: Int[Array, ""] | int = 0
    """Number of sweeps made; 0 if the network does not settle."""

    @staticmethod
    def in_one_pass(output: Float[Array, "batch outputs"], counts: Counts) -> "Inference":
        """The inference of a network that does not settle."""
        batch = len(output)
        return Inference(output, jnp.zeros(batch), jnp.full(batch, Verdict.SETTLED), counts)


class Learned(NamedTuple):
    """Result of a rule for one batch."""

    writes: list[Write]
    """One write per weight matrix: an estimate of minus the gradient of the mean cost of the batch."""
    inference: Inference
    """The network's answer, without knowledge of the target."""
    counts: Counts
    """Counts of the inference and of learning."""


class Phase(NamedTuple):
    """A free phase: the drive by the input, the settled state, and the answer."""

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
        network: The network.
        synapses: One per weight matrix.
        x: Inputs.
        settling: Number and order of sweeps, step and tolerance.
        feed_key: Random key for the noise of reading the input.
        free_key: Random key for the noise while settling.
    """
    feed, feed_counts = network.feed(synapses, x, feed_key)
    settled = network.settle(synapses, feed, Free(), network.start(x), settling, free_key)
    output, answer_counts = network.answer(synapses, settled.state, jax.random.fold_in(free_key, 0))
    counts = feed_counts.plus(settled.counts).plus(answer_counts).plus(settled.phases("free", settling))
    verdict = settled.verdict(settling.rest)
    return Phase(feed, settled, Inference(output, settled.residual, verdict, counts, settled.sweeps))


class Rule(Part):
    """Base class of learning rules; they use weight matrices by the three verbs only.

    The type annotation of the field `network` determines the networks that a rule is for.

    Raises:
        InputError: if the network is of another class.
    """

    network: Network

    def __post_init__(self):
        super().__post_init__()
        self.check_goes_with(type(self.network))

    @classmethod
    def goes_with(cls, network: type[Network]) -> bool:
        """Whether the rule is for networks of this class."""
        return issubclass(network, typing.get_type_hints(cls)["network"])

    @classmethod
    def check_goes_with(cls, network: type[Network]) -> None:
        """Check that the rule is for networks of this class.

        Raises:
            InputError: if it is not.
        """
        if not cls.goes_with(network):
            allowed = [kind for kind, rule in Rule.kinds().items() if rule.goes_with(network)]
            raise InputError(
                f"rule.kind '{kind_of(cls)}' does not go with network.kind '{kind_of(network)}'; "
                f"allowed: {', '.join(allowed) or 'a rule whose field network is of that class'}"
            )

    def on_chip(self, key: PRNGKeyArray) -> "Rule":
        """The rule with everything that it draws once per chip, such as random feedback; by default unchanged.

        Args:
            key: Random key of the chip.
        """
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
        """Check that the rule's network can be mapped to given arrays; see `Network.check`.

        Raises:
            InputError: if it cannot.
        """
        self.network.check(terminals, weight_max)

    def expected(self, terminals: Callable[[], Terminals], siemens: Range, phases: float) -> Counts:
        """Expected counts of settling on arrays, besides those of verbs; see `Network.expected`."""
        return self.network.expected(terminals, siemens, phases)

    def initial(self, gains: Sequence[Number], key: PRNGKeyArray) -> list[Float[Array, "_ _"]]:
        """Initial weights; see `Network.initial`."""
        return self.network.initial(gains, key)

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses as the rule's network uses them; see `Network.mounted`."""
        return self.network.mounted(synapses)

    @abc.abstractmethod
    def infer(self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray) -> Inference:
        """The network's answer.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            x: Inputs.
            key: Random key for the noise of the synapses.
        """

    @abc.abstractmethod
    def learn(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch ..."],
        target: Float[Array, "batch outputs"],
        key: PRNGKeyArray,
    ) -> Learned:
        """Learn from one batch: one write per weight matrix, an estimate of minus the gradient of the mean cost.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            x: Inputs.
            target: Target outputs.
            key: Random key for the noise of the synapses and for random draws of the rule.
        """

    def cost(
        self, output: Float[Array, "batch outputs"], target: Float[Array, "batch outputs"]
    ) -> Float[Array, "batch"]:
        """The cost of each answer, logged during training; by default |o - y|^2 / 2."""
        return jnp.square(output - target).sum(1) / 2


class SettlingRule(Rule):
    """Base class of rules for networks that settle. Their field `free` sets the relaxation of the free phase."""

    network: SettlingNetwork  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)

    bfloat16: ClassVar[bool] = False
    """Whether the phases may settle in bfloat16."""

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
        """The settings of each phase's relaxation, by field."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Settling)}

    def infer(self, synapses, x, key):
        free = self.phases_by_name["free"]
        return free_phase(self.network, synapses, x, free, *jax.random.split(key)).inference
