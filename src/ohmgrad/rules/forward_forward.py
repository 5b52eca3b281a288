"""Forward-forward: each layer learns locally to be active for correct pairs of input and label, but not for others."""

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
    """Each layer learns locally to distinguish correct pairs of input and label from wrong ones.

    A layer's goodness g is the mean square of its activities (Hinton 2022, arXiv:2212.13345). The one-hot label is
    appended to the input; there are as many labels as the network has outputs. The hidden layers learn; each passes on
    its activities scaled to a mean square of 1. The answer is, for each label, the goodness summed over layers. The
    negative of a sample is a wrong label, drawn with the softmax of these sums. Since inference tries every label, both
    passes of learning are among those of inference.

    Claim: minus the gradient of each layer's mean loss softplus(threshold - g of the correct label) +
    softplus(g of the negative - threshold), with the layer's input held constant. Verbs: read, once per label; write
    once.

    Raises:
        InputError: if a field is out of range, or there are fewer than two labels.
    """

    kind: ClassVar[str] = "forward-forward"
    network: FeedForward  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    threshold: Number = number(1.0, "goodness that separates right labels from wrong ones", ge=0, le=1e4)

    def __check_init__(self):
        if self.labels < 2:
            raise InputError(f"labels: {self.labels} leaves no wrong label to learn from; allowed: 2 and more")

    @property
    def labels(self) -> int:
        """Number of labels: outputs of the network."""
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
        """Cross-entropy of the softmax of the goodness; no layer minimises it directly, but it falls with learning."""
        return losses.value("cross-entropy", output, target)

    def _every_label(self, synapses: Sequence[Synapse], x: Float[Array, "batch inputs"], key: PRNGKeyArray):
        """Per layer, its input and activities for every label, (batch, labels, ...); and counts."""
        tags = jnp.broadcast_to(jnp.eye(self.labels, dtype=x.dtype), (len(x), self.labels, self.labels))
        tried = jnp.broadcast_to(x[:, None], (len(x), self.labels, x.shape[1]))
        below = jnp.concatenate([tried, tags], axis=2).reshape(len(x) * self.labels, -1)
        inputs, activities = [], []
        counts = Counts(neuron_updates=float(len(below) * sum(self.network.hidden)))
        for synapse, layer_key in zip(synapses, jax.random.split(key, len(synapses)), strict=True):
            pre = with_bias(below)
            drive, read = synapse.read(pre, layer_key)
            activity, counts = self.network.hidden_neuron(drive), counts.plus(read)
            # The small number avoids division by zero if all activities are zero.
            below = activity / jnp.sqrt(jnp.square(activity).mean(1, keepdims=True) + 1e-6)
            inputs.append(pre.reshape(len(x), self.labels, -1))
            activities.append(activity.reshape(len(x), self.labels, -1))
        return inputs, activities, counts

    def _goodness(self, activities: Sequence[Array]) -> Float[Array, "layers batch labels"]:
        return jnp.stack([jnp.square(activity).mean(2) for activity in activities])

    def _end(self, pre, activity, goodness, label, sign: int) -> Write:
        """The write of one label per sample: minus the derivative of its part of the layer's mean loss, by drive."""
        at = jnp.arange(len(label)), label
        threshold = cast(self.threshold, goodness)
        push = sign * jax.nn.sigmoid(sign * (threshold - goodness[at])) / len(label)
        activity = activity[at]
        slope = 2 / activity.shape[1] * activity * self.network.hidden_neuron.slope(activity)
        return Write(pre[at], push[:, None] * slope)
