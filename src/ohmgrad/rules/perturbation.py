"""Perturbation: perturb neurons or weights at random, and write the perturbation times the change of the loss."""

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
    """Base class of rules that pass each sample twice, unperturbed and with random perturbations of all layers.

    Perturbations of samples are independent. Verbs: read twice, write once. Only one number per sample is fed back: the
    change of its loss.
    """

    size: Number = number(0.01, "standard deviation of the perturbation", gt=0, le=10)

    @abc.abstractmethod
    def perturb(
        self, pre: Signal, columns: int, key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch columns"], Write, Counts]:
        """Draw a perturbation of size 1 of a layer.

        Args:
            pre: Input of the layer's matrix, including the bias column.
            columns: Columns of the matrix: neurons of the layer.
            key: Random key of the perturbation.

        Returns:
            The change of the layer's drive; the perturbation as a write (its two vectors per sample); and counts.
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
    """Gaussian noise on the drive of every neuron; the write of a weight is its input times its neuron's noise.

    Williams, Mach. Learn. 8, 229 (1992); Fiete & Seung, PRL 97, 048104 (2006). Claim: on average over the noise, minus
    the gradient of the loss, up to an error of second order in the size. The noise is a current added at the neuron, so
    arrays are only read.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "node-perturbation"

    def perturb(self, pre, columns, key):
        kicks = noise.normal(key, (len(pre), columns)).astype(pre.dtype)
        return kicks, Write(pre, kicks), Counts()


class WeightPerturbation(Perturbation):
    """All weights are changed at once by plus or minus `size`, at random.

    Simultaneous perturbation (Spall, IEEE Trans. Autom. Control 37, 332, 1992); in hardware, multiplexed gradient
    descent (McCaughan et al., APL Mach. Learn. 1, 026118, 2023). The sign of a weight is the product of a random sign
    of its row and one of its column: signs of different weights are nevertheless uncorrelated, and the write of a
    sample is one outer product. Claim: on average over the signs, minus the gradient of the loss, up to an error of
    second order in the size. The perturbed product x (W + size u^T v) is computed as the array's read plus
    size (x u) v, added digitally. This is an idealisation: real devices would have to be written, with write noise, or
    biased.

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
