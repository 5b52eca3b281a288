"""Associative memory on one array: visible dots and hidden neurons drive each other until the word is restored."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.network import LayerNetwork, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_TANH
from ohmgrad.parts import COUNT, Number, cast, given, number, setting


class Associative(LayerNetwork):
    """Visible dots and hidden neurons coupled both ways by one array; the dots are the output.

    E = |v|^2 / 2 + |h|^2 / 2 - [v, 1] W [h, 1]^T - gain x v, with dots v and hidden neurons h in [-1, 1].

    This is a bidirectional associative memory (Kosko 1988) with hidden neurons: one array computes the drive of h by v
    with `read`, and of v by h with `read_transposed`. The input x is a constant drive of each dot, multiplied by
    `gain`, so an unreadable dot (x = 0) is driven by the hidden neurons only. Each half of a sweep minimises the energy
    exactly, so a sweep never raises it.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "associative"
    restores: ClassVar[bool] = True
    inputs: int = given()
    hidden: int = setting(meaning="hidden neurons", **COUNT)
    gain: Number = number(1.0, "gain from an input to the drive of its dot", gt=0, le=100)

    @property
    def shapes(self):
        return ((self.inputs + 1, self.hidden + 1),)

    @property
    def one_pass(self):
        return FeedForward(self.inputs, (self.hidden,), self.inputs, HARD_TANH, HARD_TANH)

    def start(self, x):
        return (jnp.zeros((len(x), self.hidden), x.dtype), HARD_TANH(self._driven(x)))

    def feed(self, synapses, x, key):
        return self._driven(x), Counts()

    def _driven(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch inputs"]:
        return cast(self.gain, x) * x

    def update(self, synapses, feed, push, state, layer, key):
        h, v = state
        if layer == 0:
            drive, counts = synapses[0].read(with_bias(v), key)
            return HARD_TANH(drive[:, :-1]), counts._replace(neuron_updates=float(h.size))
        back, counts = synapses[0].read_transposed(with_bias(h), key)
        return push(HARD_TANH, feed + back[:, :-1], v), counts._replace(neuron_updates=float(v.size))

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        h, v = state
        return [Pair(with_bias(v), with_bias(h))]

    def energy(self, weights, x, state):
        (w,) = weights
        h, v = state
        coupling = ((with_bias(v) @ w) * with_bias(h)).sum(1) + (self._driven(x) * v).sum(1)
        return (jnp.square(v).sum(1) + jnp.square(h).sum(1)) / 2 - coupling
