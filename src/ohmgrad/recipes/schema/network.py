"""What a recipe may say of its network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.types import Count, Gain, GainOrAuto, RangesOrAuto, Rate

NeuronName = Literal["hard-tanh", "hard-sigmoid", "relu", "linear", "logistic", "tanh"]


Skip = Annotated[list[Count], Field(min_length=2, max_length=2)]


def _check_skips(skips: list[Skip], last: int) -> None:
    for below, above in skips:
        if not below < above - 1 < last:
            allowed = f"from 1 to {last - 2}, to at most {last}" if last > 2 else f"none to {last} layer(s)"
            raise ValueError(f"skips: [{below}, {above}] must lead past at least one layer; allowed: {allowed}")


class LayeredHopfieldNetwork(Strict):
    """Inputs, hidden layers and outputs, each coupled to the next both ways."""

    kind: Literal["layered-hopfield"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("hard-tanh", description="what hidden neurons make of their drive")
    output_neuron: NeuronName = Field("hard-tanh", description="what outputs make of theirs")
    drive_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise on every neuron's drive, fresh in every sweep"
    )
    skips: list[Skip] = Field(
        default_factory=list, description="[a, b]: layer a, a hidden one counted from 1, coupled to layer b past others"
    )
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs); skips last")

    @model_validator(mode="after")
    def _skips_lead_past_a_layer(self) -> "LayeredHopfieldNetwork":
        _check_skips(self.skips, len(self.hidden) + 1)
        return self


class AssociativeNetwork(Strict):
    """Dots and hidden neurons coupled both ways by one array; the dots are the output."""

    kind: Literal["associative"]
    hidden: Count = Field(description="hidden neurons")
    gain: Rate = Field(1.0, description="how strongly the input drives its dots")
    initial_gains: list[Gain] = Field(
        min_length=1, max_length=1, description="one value: standard deviation x sqrt(inputs)"
    )


class SoftmaxReadoutNetwork(Strict):
    """Inputs and hidden layers coupled both ways; outputs are read by softmax, outside of the energy."""

    kind: Literal["softmax-readout"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("logistic", description="what hidden neurons make of their drive")
    drive_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise on every neuron's drive, fresh in every sweep"
    )
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


class IdealDiodes(Strict):
    """Nothing passes until a node would cross ground, then whatever is needed."""

    kind: Literal["ideal"]


class ExponentialDiodes(Strict):
    """I = saturation (exp(V / volts) - 1), in the units of the network."""

    kind: Literal["exponential"]
    saturation: Annotated[float, Field(gt=0, le=1e6)] = Field(description="in weight times voltage")
    volts: Annotated[float, Field(gt=0, le=1e6)] = Field(description="ideality times kT / q, where an input is 1")


class ResistiveNetworkSettings(Strict):
    """Voltage sources, conductances and diodes; the circuit settles to the least dissipated power."""

    kind: Literal["resistive"]
    hidden: list[Count] = Field(min_length=1, description="nodes of each hidden layer, half above ground, half below")
    input_gain: GainOrAuto = Field(
        1.0, description="volts of an input of 1; auto: so that the outputs of untrained devices are of the right size"
    )
    bias_volts: Annotated[float, Field(ge=0, le=1e6)] = Field(1.0, description="of the two rails of every matrix")
    amplification: Annotated[float, Field(gt=0, le=1e3)] = Field(1.0, description="of the amplifiers between layers")
    diodes: Annotated[IdealDiodes | ExponentialDiodes, Field(discriminator="kind")] = Field(
        default_factory=lambda: IdealDiodes(kind="ideal")
    )
    node_ranges: RangesOrAuto | None = Field(
        None,
        description="per layer above the input: full scale of the converters that measure its nodes; auto: found by a "
        "calibration",
    )
    initial_gains: list[Gain] = Field(description="per matrix: conductances are uniform up to gain / sqrt(lines)")


class MaxPool(Strict):
    """The largest of a window of 2 x 2."""

    kind: Literal["max"]


class AveragePool(Strict):
    """The mean of a window of 2 x 2."""

    kind: Literal["average"]


class SoftPool(Strict):
    """log(mean(exp(sharpness x))) / sharpness over a window of 2 x 2."""

    kind: Literal["soft"]
    sharpness: Annotated[float, Field(gt=0, le=1e3)] = Field(1.0, description="0: the mean; infinite: the largest")


class ConvolutionalHopfieldNetwork(Strict):
    """Layers of images coupled by kernels and pooling both ways, and a dense coupling to the outputs."""

    kind: Literal["convolutional-hopfield"]
    kernels: list[Count] = Field(min_length=1, description="kernels of each convolution")
    size: Annotated[int, Field(ge=1, le=15)] = Field(3, description="height and width of a kernel")
    padding: Annotated[int, Field(ge=0, le=8)] = Field(1, description="zeros around the images of every layer")
    pooling: Annotated[MaxPool | AveragePool | SoftPool, Field(discriminator="kind")] = Field(
        default_factory=lambda: MaxPool(kind="max")
    )
    hidden_neuron: NeuronName = Field("hard-sigmoid", description="what neurons of images make of their drive")
    output_neuron: NeuronName = Field("linear", description="what outputs make of theirs")
    unpooled: list[Count] = Field(default_factory=list, description="layers, counted from 1, that nothing pools")
    skips: list[Skip] = Field(
        default_factory=list,
        description="[a, b]: layer a coupled to layer b, of as large images, past others, by 1 x 1",
    )
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs); skips last")

    @model_validator(mode="after")
    def _layers_are_there(self) -> "ConvolutionalHopfieldNetwork":
        last = len(self.kernels)
        _check_skips(self.skips, last)
        if self.unpooled and max(self.unpooled) > last:
            raise ValueError(f"unpooled: {max(self.unpooled)} is no layer of images; allowed: 1 to {last}")
        return self


class FeedForwardNetwork(Strict):
    """One pass from the inputs to the outputs."""

    kind: Literal["feed-forward"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("relu", description="what hidden neurons make of their drive")
    output_neuron: NeuronName = Field("linear", description="what outputs make of theirs")
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


Network = Annotated[
    LayeredHopfieldNetwork
    | SoftmaxReadoutNetwork
    | ConvolutionalHopfieldNetwork
    | ResistiveNetworkSettings
    | AssociativeNetwork
    | FeedForwardNetwork,
    Field(discriminator="kind"),
]


def layers(network: Network) -> list[int]:
    """Neurons of the hidden layers, or kernels of the convolutions."""
    if isinstance(network, AssociativeNetwork):
        return [network.hidden]
    return network.kernels if isinstance(network, ConvolutionalHopfieldNetwork) else network.hidden
