"""Forward-forward: each layer learns alone to be busy for right pairs of input and label and quiet for wrong ones."""

from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import FeedForward, Write, with_bias
from ohmgrad.networks.initial import gaussian
from ohmgrad.parts import Number, cast, number
from ohmgrad.rules import loss as losses
from ohmgrad.rules.rule import Inference, Learned, Rule
from ohmgrad.synapses import Synapse


class ForwardForward(Rule):
    """Each layer learns alone to tell right pairs of input and label from wrong ones.

    A layer's goodness g is the mean square of its activities (Hinton 2022, arXiv:2212.13345). A label, one per output
    of the network, is put, one-hot, beside the input; the network's hidden layers learn, and each passes its activities
    on scaled to a mean square of 1. The answer is the goodness, summed over layers, that each label would have; the
    negative of a sample is a wrong label drawn by the softmax of these. As every label is tried anyway, both passes of
    learning are among those of answering.

    Claim: minus the gradient of each layer's own mean loss softplus(threshold - g of the right label) +
    softplus(g of the negative - threshold), what comes from below being constant. Verbs: read, as often as there are
    labels; write once.

    Raises InputError for a field out of its range, and for fewer than two labels.
    """

    kind: ClassVar[str] = "forward-forward"
    network: FeedForward  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    threshold: Number = number(1.0, "goodness that separates right labels from wrong ones", ge=0, le=1e4)

    def __check_init__(self):
        if self.labels < 2:
            raise InputError(f"labels: {self.labels} leaves no wrong label to learn from; allowed: 2 and more")

    @property
    def labels(self) -> int:
        """How many labels there are: outputs of the network."""
        return self.network.outputs

    @property
    def shapes(self):
        below = (self.network.inputs + self.labels, *self.network.hidden)
        return tuple((b + 1, h) for b, h in zip(below, self.network.hidden, strict=False))

    def initial(self, gains, key):
        return gaussian(self.shapes, gains, key)

    def infer(self, synapses, x, key):
        _, activities, counts = self._every_label(synapses, x, key)
        return Inference.in_one_pass(self._goodness(activities).sum(0), counts)

    def learn(self, synapses, x, target, key):
        forward_key, negative_key = jax.random.split(key)
        inputs, activities, counts = self._every_label(synapses, x, forward_key)
        goodness = self._goodness(activities)
        output, right = goodness.sum(0), target.argmax(1)
        wrong = jax.random.categorical(negative_key, jnp.where(target > 0, -jnp.inf, output))
        writes = []
        for pre, activity, good in zip(inputs, activities, goodness, strict=True):
            ends = [self._end(pre, activity, good, label, sign) for label, sign in ((right, 1), (wrong, -1))]
            writes.append(Write(*(jnp.concatenate(both) for both in zip(*ends, strict=True))))
        return Learned(writes, Inference.in_one_pass(output, counts), counts)

    def cost(self, output, target):
        """The cross-entropy of the softmax of the goodness; no layer descends it, but it falls as they learn."""
        return losses.value("cross-entropy", output, target)

    def _every_label(self, synapses: Sequence[Synapse], x: Float[Array, "batch inputs"], key: PRNGKeyArray):
        """Per layer its input and its activities, of shape (batch, labels, ...), and what they took."""
        tags = jnp.broadcast_to(jnp.eye(self.labels, dtype=x.dtype), (len(x), self.labels, self.labels))
        tried = jnp.broadcast_to(x[:, None], (len(x), self.labels, x.shape[1]))
        below = jnp.concatenate([tried, tags], axis=2).reshape(len(x) * self.labels, -1)
        inputs, activities = [], []
        counts = Counts(neuron_updates=float(len(below) * sum(self.network.hidden)))
        for synapse, layer_key in zip(synapses, jax.random.split(key, len(synapses)), strict=True):
            pre = with_bias(below)
            drive, read = synapse.read(pre, layer_key)
            activity, counts = self.network.hidden_neuron(drive), counts.plus(read)
            # The small number keeps a silent layer from dividing by zero.
            below = activity / jnp.sqrt(jnp.square(activity).mean(1, keepdims=True) + 1e-6)
            inputs.append(pre.reshape(len(x), self.labels, -1))
            activities.append(activity.reshape(len(x), self.labels, -1))
        return inputs, activities, counts

    def _goodness(self, activities: Sequence[Array]) -> Float[Array, "layers batch labels"]:
        return jnp.stack([jnp.square(activity).mean(2) for activity in activities])

    def _end(self, pre, activity, goodness, label, sign: int) -> Write:
        """One label of each sample: minus the derivative of its share of the layer's mean loss, by drive."""
        at = jnp.arange(len(label)), label
        threshold = cast(self.threshold, goodness)
        push = sign * jax.nn.sigmoid(sign * (threshold - goodness[at])) / len(label)
        activity = activity[at]
        slope = 2 / activity.shape[1] * activity * self.network.hidden_neuron.slope(activity)
        return Write(pre[at], push[:, None] * slope)
