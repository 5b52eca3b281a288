"""Predictive coding: value nodes relax between what is predicted for them and what they should predict."""

import equinox as eqx
import jax
import jax.numpy as jnp

from ohmgrad.counts import Counts
from ohmgrad.networks import with_bias
from ohmgrad.rules import loss as losses
from ohmgrad.rules.feedforward import FeedForwardRule
from ohmgrad.rules.rule import Inference, Write


class PredictiveCoding(FeedForwardRule):
    """Gradient descent of hidden values v_l on F = sum_l |v_l - m_l|^2 / 2 + precision loss(m_L, y), then of weights.

    m_l = neuron([v_{l-1}, 1] W_l) is what the layer below predicts (Whittington & Bogacz, Neural Comput. 29, 1229,
    2017, with the nonlinearity behind the weights as in Pinchetti et al., arXiv:2407.01163). Values start at the
    feed-forward activities and take `steps` steps of size `step`, all layers at once; writes scale with 1 / precision.

    Claim: where the values have settled, the write tends to minus the gradient of the loss as the precision goes to 0,
    with an error of first order in it. Verbs: read on the way up; per step, read_transposed and read of every layer but
    the first; write once.
    """

    precision: float = eqx.field(static=True, default=1.0)
    steps: int = eqx.field(static=True, default=16)
    step: float = eqx.field(static=True, default=0.2)

    def learn(self, synapses, x, target, key):
        forward_key, settle_key = jax.random.split(key)
        states, counts = self.network.forward(synapses, x, forward_key)
        hidden = tuple(states[1:-1])

        def turn(carry, key):
            values, predictions = carry
            back_keys, forward_keys = jax.random.split(key, (2, len(synapses)))
            errors, drives = self._errors(values, predictions, target)
            took, new, expected = Counts(neuron_updates=float(2 * len(x) * sum(self.network.layers[1:-1]))), [], []
            for layer, (value, error) in enumerate(zip(values, errors, strict=False), start=1):
                back, more = synapses[layer].read_transposed(drives[layer], back_keys[layer])
                new.append(value + self.step * (back[:, :-1] - error))
                drive, again = synapses[layer].read(with_bias(new[-1]), forward_keys[layer])
                expected.append(self.network.neurons[layer](drive))
                took = took.plus(more).plus(again)
            moved = jnp.zeros(len(x), x.dtype)
            for before, after in zip(values, new, strict=True):
                moved = jnp.maximum(moved, jnp.abs(after - before).max(1))
            return (tuple(new), (predictions[0], *expected)), (moved, jax.tree.map(jnp.asarray, took))

        start = hidden, tuple(states[1:])
        (values, predictions), (moved, took) = jax.lax.scan(turn, start, jax.random.split(settle_key, self.steps))
        _, drives = self._errors(values, predictions, target)
        scale = 1 / (self.precision * len(x))
        writes = [Write(with_bias(below), scale * drive) for below, drive in zip((x, *values), drives, strict=True)]
        return writes, Inference(states[-1], moved[-1]), counts.plus(jax.tree.map(lambda count: count.sum(0), took))

    def _errors(self, values, predictions, target):
        """What each layer is more than predicted, by activity and, through the neurons' slopes, by drive."""
        top = -self.precision * losses.slope(self.loss, predictions[-1], target)
        errors = [*(value - mean for value, mean in zip(values, predictions, strict=False)), top]
        neurons = self.network.neurons
        drives = [e * neuron.slope(mean) for e, neuron, mean in zip(errors, neurons, predictions, strict=True)]
        return errors, drives
