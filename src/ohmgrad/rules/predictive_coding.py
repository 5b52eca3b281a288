"""Predictive coding: hidden values relax to minimise prediction errors of all layers."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad.counts import Counts
from ohmgrad.networks import Write, with_bias
from ohmgrad.networks.settling import AT_REST, verdict
from ohmgrad.parts import COUNT, Number, cast, number, setting
from ohmgrad.rules import loss as losses
from ohmgrad.rules.feedforward import FeedForwardRule
from ohmgrad.rules.rule import Inference, Learned


class PredictiveCoding(FeedForwardRule):
    """Hidden values relax to minimise the prediction errors of all layers; then the weights are updated.

    Gradient descent of hidden values v_l on F = sum_l |v_l - m_l|^2 / 2 + precision loss(m_L, y), then of weights.
    m_l = neuron([v_{l-1}, 1] W_l) is the prediction by the layer below (Whittington & Bogacz, Neural Comput. 29, 1229,
    2017, with the nonlinearity after the weights as in Pinchetti et al., arXiv:2407.01163). Values start at the
    feed-forward activities and take `steps` steps of size `step`, all layers at once. Writes scale with 1 / precision.

    Claim: if the values have settled, the write tends to minus the gradient of the loss as the precision tends to 0,
    with an error of first order in it. Verbs: read in the forward pass; per step, read_transposed and read of every
    layer except the first; write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "predictive-coding"
    precision: Number = number(1.0, "weight of the prediction error of the output layer", gt=0, le=100)
    steps: int = setting(16, "number of gradient steps of the activities", **COUNT)
    step: Number = number(0.2, "size of these gradient steps", gt=0, le=1)

    def learn(self, synapses, x, target, key):
        forward_key, settle_key = jax.random.split(key)
        states, counts = self.network.forward(synapses, x, forward_key)

        def step(carry, key):
            values, predictions = carry
            return self._stepped(synapses, target, values, predictions, key)

        start = tuple(states[1:-1]), tuple(states[1:])
        (values, predictions), (moved, steps) = jax.lax.scan(step, start, jax.random.split(settle_key, self.steps))
        _, drives = self._errors(values, predictions, target)
        scale = 1 / (cast(self.precision, x) * len(x))
        writes = [Write(with_bias(below), scale * drive) for below, drive in zip((x, *values), drives, strict=True)]
        inference = Inference(states[-1], moved[-1], verdict(moved[-1], AT_REST), counts)
        return Learned(writes, inference, counts.plus(jax.tree.map(lambda count: count.sum(0), steps)))

    def _stepped(self, synapses, target, values, predictions, key):
        """One step: new values and their predictions; largest change per sample, and counts."""
        back_keys, forward_keys = jax.random.split(key, (2, len(synapses)))
        errors, drives = self._errors(values, predictions, target)
        total = Counts(neuron_updates=float(2 * len(target) * sum(self.network.hidden)))
        new, expected, moved = [], [], jnp.zeros(len(target), target.dtype)
        for layer, (value, error) in enumerate(zip(values, errors, strict=False), start=1):
            back, back_counts = synapses[layer].read_transposed(drives[layer], back_keys[layer])
            new.append(value + cast(self.step, value) * (back[:, :-1] - error))
            drive, counts = synapses[layer].read(with_bias(new[-1]), forward_keys[layer])
            expected.append(self.network.neurons[layer](drive))
            moved = jnp.maximum(moved, jnp.abs(new[-1] - value).max(1))
            total = total.plus(back_counts).plus(counts)
        return (tuple(new), (predictions[0], *expected)), (moved, jax.tree.map(jnp.asarray, total))

    def _errors(self, values, predictions, target):
        """Prediction errors of each layer, with respect to its activity and to its drive."""
        top = -cast(self.precision, target) * losses.slope(self.loss, predictions[-1], target)
        errors = [*(value - mean for value, mean in zip(values, predictions, strict=False)), top]
        neurons = self.network.neurons
        drives = [e * neuron.slope(mean) for e, neuron, mean in zip(errors, neurons, predictions, strict=True)]
        return errors, drives
