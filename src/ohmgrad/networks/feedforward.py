"""Plain feed-forward network, for the rules that need one."""

from collections.abc import Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.networks.network import with_bias
from ohmgrad.networks.neurons import HARD_TANH, Neuron
from ohmgrad.synapses import Synapse


class FeedForward(eqx.Module):
    """s_l = neuron([s_{l-1}, 1] W_l): the Hopfield network without the way back."""

    layers: tuple[int, ...] = eqx.field(static=True)
    hidden: Neuron = HARD_TANH
    output: Neuron = HARD_TANH

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        return tuple((below + 1, above) for below, above in zip(self.layers, self.layers[1:], strict=False))

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """Of each layer above the input."""
        return (self.hidden,) * (len(self.layers) - 2) + (self.output,)

    def forward(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch inputs"],
        key: PRNGKeyArray,
        masks: Sequence[Float[Array, "batch _"] | float] | None = None,
    ) -> tuple[list[Float[Array, "batch _"]], Counts]:
        """The activities of all layers, the input first; with `masks` each sends up its product with its mask."""
        states, total = [x], Counts(neuron_updates=float(len(x) * sum(self.layers[1:])))
        layer_keys = jax.random.split(key, len(synapses))
        masks = masks or [1.0] * len(synapses)
        for synapse, neuron, mask, layer_key in zip(synapses, self.neurons, masks, layer_keys, strict=True):
            drive, counts = synapse.read(with_bias(states[-1] * mask), layer_key)
            states.append(neuron(drive))
            total = total.plus(counts)
        return states, total
