"""Holomorphic equilibrium propagation: exact gradients from finite nudges of complex strength."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.networks import CoupledLayers, Nudge, Settling, Write
from ohmgrad.networks.network import copies
from ohmgrad.parts import Number, cast, number, part, setting
from ohmgrad.rules.rule import Learned, SettlingRule, free_phase
from ohmgrad.synapses import Complex, as_real


class _Group(NamedTuple):
    """Nudge strengths that settle as one batch."""

    units: np.ndarray
    """The strengths divided by the rule's `strength`: points on the unit circle."""
    weight: int
    """Number of strengths on the circle that each represents: 1, or 2 with its conjugate."""


class HolomorphicEquilibriumPropagation(SettlingRule):
    """Settle freely, settle nudged by complex strengths around a circle, write the first Fourier coefficient.

    Laborieux & Zenke, "Holomorphic Equilibrium Propagation Computes Exact Gradients Through Finite Size Oscillations",
    NeurIPS 2022 (arXiv:2209.00530), eq. 9, with strengths `strength` times e^(2 pi i n / phases). The settled products
    are a power series in the strength; the sum over n retains its linear term, the gradient, and every `phases`-th term
    after it. Two phases are centered equilibrium propagation. States of conjugate strengths are conjugate, so only
    strengths in the closed upper half plane settle: real ones as one batch, complex ones, by real and imaginary part,
    as another; in total, `phases` real vectors per sample. Noise breaks this symmetry in single states, but not on
    average.

    Claim: within the radius of convergence, the write is minus the gradient of the settled loss, up to an error of
    order strength^phases. Neurons must be holomorphic: logistic, tanh or linear, without bounds. Verbs: read and
    read_transposed to settle, with complex vectors as two real ones; write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "holomorphic-ep"
    network: CoupledLayers  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    strength: Number = number(0.4, "strength of the nudge: radius of the circle in the complex plane", ge=1e-4, le=10)
    phases: int = setting(10, "number of nudged phases, spread over the circle", ge=2, le=64)
    free: Settling = part(Settling(50), "settling of the free phase")
    pushed: Settling = part(Settling(50), "settling of the nudged phases")

    def learn(self, synapses, x, target, key):
        feed_key, free_key, *keys = jax.random.split(key, 4)
        free = free_phase(self.network, synapses, x, self.free, feed_key, free_key)
        synapses, counts, vectors = [Complex(synapse) for synapse in synapses], free.inference.counts, []
        for group, pushed_key in zip(self._groups(), keys, strict=True):
            if len(group.units):
                pairs, group_counts = self._nudged(synapses, x, target, free, group, pushed_key)
                vectors.append(pairs)
                counts = counts.plus(group_counts)
        writes = [
            Write(*(jnp.concatenate(parts) for parts in zip(*of_matrix, strict=True)))
            for of_matrix in zip(*vectors, strict=True)
        ]
        return Learned(writes, free.inference, counts)

    def _nudged(self, synapses, x, target, free, group: _Group, key):
        """Per weight matrix, the vectors of a group's part of the Fourier coefficient; and counts."""
        kind = x.dtype if np.isrealobj(group.units) else np.result_type(x.dtype, np.complex64)
        units = jnp.repeat(jnp.asarray(group.units, kind), len(x))
        strengths = cast(self.strength, units) * units
        inputs, answers, feed, state = copies((x, target, free.feed, free.settled.state), len(group.units))
        answers, feed, state = jax.tree.map(lambda a: a.astype(kind), (answers, feed, state))
        push = Nudge(answers, strengths[:, None])
        pushed = self.network.settle(synapses, feed, push, state, self.pushed, key)
        scale = group.weight / (self.phases * len(x) * strengths)
        pairs = [as_real(*pair.weighted(scale)) for pair in self.network.pairs(inputs, pushed.state)]
        return pairs, pushed.counts.plus(pushed.phases("pushed", self.pushed))

    def _groups(self) -> tuple[_Group, _Group]:
        """The strengths on the real axis, and those above it, which also represent their conjugates."""
        real = np.array([1.0, -1.0] if self.phases % 2 == 0 else [1.0])
        above = np.exp(2j * np.pi * np.arange(1, (self.phases + 1) // 2) / self.phases)
        return _Group(real, 1), _Group(above, 2)
