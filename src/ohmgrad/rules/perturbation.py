"""Perturbation: shake what is to be learned, see what that does to the loss, and write the two's product."""

import abc
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.networks import Write, with_bias
from ohmgrad.parts import Number, cast, number
from ohmgrad.rules import loss as losses
from ohmgrad.rules.feedforward import FeedForwardRule
from ohmgrad.rules.rule import Inference, Learned
from ohmgrad.synapses.synapse import counted

Signal = Float[Array, "batch _"]


class Perturbation(FeedForwardRule):
    """Rules that see a sample twice, once as it is and once with all layers perturbed at random, each sample apart.

    Verbs: read, twice; write once. Nothing runs backward but one number per sample: how much its loss changed.
    """

    size: Number = number(0.01, "standard deviation of the perturbation", gt=0, le=10)

    @abc.abstractmethod
    def perturb(
        self, pre: Signal, columns: int, key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch columns"], Write, Counts]:
        """What a perturbation of size 1 adds to the drive of a layer, its two ends, and what it took.

        Args:
            pre: The input of the layer's matrix.
            columns: Of the matrix: neurons of the layer.
            key: Of the perturbation.
        """

    def learn(self, synapses, x, target, key):
        plain_key, shaken_key = jax.random.split(key)
        states, forward_counts = self.network.forward(synapses, x, plain_key)
        counts = forward_counts.plus(Counts(neuron_updates=forward_counts.neuron_updates))
        size, shaken, ends = cast(self.size, x), x, []
        keys = jax.random.split(shaken_key, (len(synapses), 2))
        for synapse, neuron, (read_key, draw_key) in zip(synapses, self.network.neurons, keys, strict=True):
            pre = with_bias(shaken)
            drive, read = synapse.read(pre, read_key)
            shift, end, drawn = self.perturb(pre, drive.shape[1], draw_key)
            shaken, counts = neuron(drive + size * shift), counts.plus(read).plus(drawn)
            ends.append(end)
        fell = losses.value(self.loss, states[-1], target) - losses.value(self.loss, shaken, target)
        weight = (fell / (size * len(x)))[:, None]
        writes = [Write(pre, weight * post) for pre, post in ends]
        return Learned(writes, Inference.in_one_pass(states[-1], forward_counts), counts)


class NodePerturbation(Perturbation):
    """Gaussian noise on the drive of every neuron; a weight's write is its input times its neuron's noise.

    Williams, Mach. Learn. 8, 229 (1992); Fiete & Seung, PRL 97, 048104 (2006). Claim: on average over the noise minus
    the gradient of the loss, up to an error of second order in the size. The noise is a current added at the neuron, so
    an array is only read as it is.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "node-perturbation"

    def perturb(self, pre, columns, key):
        kicks = noise.normal(key, (len(pre), columns)).astype(pre.dtype)
        return kicks, Write(pre, kicks), Counts()


class WeightPerturbation(Perturbation):
    """Every weight goes up or down by `size` at random, all at once.

    Simultaneous perturbation (Spall, IEEE Trans. Autom. Control 37, 332, 1992), in hardware multiplexed gradient
    descent (McCaughan et al., APL Mach. Learn. 1, 026118, 2023).
    The sign at a cell is the product of a random sign of its row and one of its column: signs of different cells are
    uncorrelated all the same, and a sample's write is one outer product. Claim: on average over the signs minus the
    gradient of the loss, up to an error of second order in the size. The perturbed product x (W + size u^T v) is the
    array's read plus size (x u) v added in digital: an idealisation, for a device would have to be moved, or biased, to
    be perturbed, with all its write noise.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "weight-perturbation"

    def perturb(self, pre, columns, key):
        row_key, column_key = jax.random.split(key)
        u = _signs(row_key, pre.shape).astype(pre.dtype)
        v = _signs(column_key, (len(pre), columns)).astype(pre.dtype)
        counts = counted("read", len(pre), pre.shape[1] + columns, 1, digital=True)
        return (pre * u).sum(1, keepdims=True) * v, Write(u, v), counts


def _signs(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "..."]:
    return 1.0 - 2.0 * (noise.bits(key, shape) >> 31).astype(jnp.float32)
