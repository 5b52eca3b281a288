"""Plain feed-forward network, for the rules that need one."""

from collections.abc import Sequence
from typing import ClassVar

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.networks.network import Network, with_bias
from ohmgrad.networks.neurons import LINEAR, NEURONS, RELU, Neuron
from ohmgrad.parts import COUNT, given, part, setting
from ohmgrad.synapses import Synapse


class FeedForward(Network):
    """One forward pass from the inputs to the outputs.

    s_l = neuron([s_{l-1}, 1] W_l) with s_0 = x: the layered Hopfield network without backward coupling.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "feed-forward"
    inputs: int = given()
    hidden: tuple[int, ...] = setting(meaning="neurons of each hidden layer", min_length=1, **COUNT)
    outputs: int = given()
    hidden_neuron: Neuron = part(RELU, "activation of hidden neurons", named=NEURONS)
    output_neuron: Neuron = part(LINEAR, "activation of output neurons", named=NEURONS)

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons of each layer, the input first."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def shapes(self):
        return tuple((below + 1, above) for below, above in zip(self.layers, self.layers[1:], strict=False))

    @property
    def one_pass(self):
        return self

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """The neurons of each layer above the input."""
        return (self.hidden_neuron,) * len(self.hidden) + (self.output_neuron,)

    def forward(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch inputs"],
        key: PRNGKeyArray,
        masks: Sequence[Float[Array, "batch _"] | float] | None = None,
    ) -> tuple[list[Float[Array, "batch _"]], Counts]:
        """One pass through all layers.

        Args:
            synapses: One per weight matrix.
            x: Inputs.
            key: Random key for the noise of the synapses.
            masks: Factors of the activities of each layer except the last, applied before the next matrix.

        Returns:
            The activities of all layers, the input first and without masks; and counts.
        """
        states, total = [x], Counts(neuron_updates=float(len(x) * sum(self.layers[1:])))
        layer_keys = jax.random.split(key, len(synapses))
        masks = masks or [1.0] * len(synapses)
        for synapse, neuron, mask, layer_key in zip(synapses, self.neurons, masks, layer_keys, strict=True):
            drive, counts = synapse.read(with_bias(states[-1] * mask), layer_key)
            states.append(neuron(drive))
            total = total.plus(counts)
        return states, total
