"""Holomorphic equilibrium propagation: exact gradients from finite nudges of complex strength."""

import cmath

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.networks import Network, Nudge, Settling
from ohmgrad.networks.network import copies
from ohmgrad.rules.rule import SettlingRule, Write, free_phase
from ohmgrad.synapses import Complex, as_real


class HolomorphicEquilibriumPropagation(SettlingRule[Network]):
    """Settle freely, then nudged by strength e^(2 pi i n / phases), and write the products' first Fourier coefficient.

    Laborieux & Zenke, "Holomorphic Equilibrium Propagation Computes Exact Gradients Through Finite Size Oscillations",
    NeurIPS 2022 (arXiv:2209.00530), eq. 9. The settled products are a power series in the strength b, and the sum over
    n leaves of it the linear term, which is the gradient, and every `phases`-th after it. Two phases are centered
    equilibrium propagation. The states of conjugate strengths are conjugate, so only strengths of the upper half plane
    settle: the real ones as one batch, the complex ones, in real and imaginary part, as another; in all `phases` real
    vectors a sample. Noise breaks this symmetry in each state but not in the mean.

    Claim: the write is minus the gradient of the settled loss up to an error of order strength^phases, inside the
    radius of convergence. Neurons must be holomorphic: logistic, tanh or linear, not those with rails.
    Verbs: read and read_transposed to settle, complex vectors as two real ones; write once.
    """

    strength: float = eqx.field(static=True, default=0.4)
    phases: int = eqx.field(static=True, default=10)
    free: Settling = Settling(50)
    pushed: Settling = Settling(50)

    def __check_init__(self):
        if self.phases < 2:
            raise InputError(f"phases is {self.phases} but one strength alone has no Fourier coefficient: at least 2")

    def infer(self, synapses, x, key):
        *_, inference, counts = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        return inference, counts

    def learn(self, synapses, x, target, key):
        network, (feed_key, free_key, *keys) = self.network, jax.random.split(key, 4)
        feed, free, inference, counts = free_phase(network, synapses, x, self.free, feed_key, free_key)
        synapses, vectors = [Complex(synapse) for synapse in synapses], []
        for strengths, pushed_key in zip(self._strengths(), keys, strict=True):
            if not strengths:
                continue
            # A complex strength stands for its conjugate too, which has the same real part.
            kind, standing_for = (
                (x.dtype, 1) if isinstance(strengths[0], float) else (np.result_type(x.dtype, np.complex64), 2)
            )
            strength = jnp.repeat(jnp.array(strengths, kind), len(x))
            inputs, answers, held, state = copies((x, target, feed, free), len(strengths))
            answers, held, state = jax.tree.map(lambda a, kind=kind: a.astype(kind), (answers, held, state))
            push = Nudge(answers, strength[:, None])
            pushed, more = network.settle(synapses, held, push, state, self.pushed, pushed_key)
            scale = standing_for / (self.phases * len(x) * strength)
            vectors.append([as_real(*pair.weighted(scale)) for pair in network.pairs(inputs, pushed.state)])
            counts = counts.plus(more).plus(pushed.phases("pushed", self.pushed))
        writes = [
            Write(*(jnp.concatenate(parts) for parts in zip(*of_matrix, strict=True)))
            for of_matrix in zip(*vectors, strict=True)
        ]
        return writes, inference, counts

    def _strengths(self) -> tuple[list[float], list[complex]]:
        """Those on the real axis, and those above it."""
        real = [self.strength, -self.strength] if self.phases % 2 == 0 else [self.strength]
        above = range(1, (self.phases + 1) // 2)
        return real, [self.strength * cmath.exp(2j * cmath.pi * n / self.phases) for n in above]
