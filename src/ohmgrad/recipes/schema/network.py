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
    hidden_neuron: NeuronName = Field("hard-tanh", description="activation of hidden neurons")
    output_neuron: NeuronName = Field("hard-tanh", description="activation of output neurons")
    drive_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise added to every neuron's drive (summed input) in every sweep"
    )
    skips: list[Skip] = Field(
        default_factory=list,
        description="[a, b]: skip connection from hidden layer a, counted from 1, to a later layer b",
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
    gain: Rate = Field(1.0, description="gain from an input to the drive of its dot")
    initial_gains: list[Gain] = Field(
        min_length=1, max_length=1, description="one value: standard deviation x sqrt(inputs)"
    )


class SoftmaxReadoutNetwork(Strict):
    """Inputs and hidden layers coupled both ways; outputs are read by softmax, outside of the energy."""

    kind: Literal["softmax-readout"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("logistic", description="activation of hidden neurons")
    drive_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise added to every neuron's drive (summed input) in every sweep"
    )
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


class IdealDiodes(Strict):
    """Nothing passes until a node would cross ground, then whatever is needed."""

    kind: Literal["ideal"]


class ExponentialDiodes(Strict):
    """I = saturation (exp(V / volts) - 1), in the units of the network."""

    kind: Literal["exponential"]
    saturation: Annotated[float, Field(gt=0, le=1e6)] = Field(description="saturation current, in weight times voltage")
    volts: Annotated[float, Field(gt=0, le=1e6)] = Field(
        description="ideality factor times kT / q, in units of an input of 1"
    )


class ResistiveNetworkSettings(Strict):
    """Voltage sources, conductances and diodes; the circuit settles to the least dissipated power."""

    kind: Literal["resistive"]
    hidden: list[Count] = Field(
        min_length=1, description="nodes of each hidden layer; diodes keep half of them above ground, half below"
    )
    input_gain: GainOrAuto = Field(
        1.0,
        description="source voltage of an input of 1; auto: so that untrained outputs have a root mean square of 0.1",
    )
    bias_volts: Annotated[float, Field(ge=0, le=1e6)] = Field(
        1.0, description="voltage of the positive and the negative bias line of every matrix"
    )
    amplification: Annotated[float, Field(gt=0, le=1e3)] = Field(
        1.0, description="voltage gain of the amplifiers between layers"
    )
    diodes: Annotated[IdealDiodes | ExponentialDiodes, Field(discriminator="kind")] = Field(
        default_factory=lambda: IdealDiodes(kind="ideal")
    )
    node_ranges: RangesOrAuto | None = Field(
        None,
        description="full scale of the converters that measure nodes, per layer above the input; auto: found by a "
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
    sharpness: Annotated[float, Field(gt=0, le=1e3)] = Field(
        1.0, description="towards 0: the mean; towards infinity: the maximum"
    )


class ConvolutionalHopfieldNetwork(Strict):
    """Layers of images coupled by kernels and pooling both ways, and a dense coupling to the outputs."""

    kind: Literal["convolutional-hopfield"]
    kernels: list[Count] = Field(min_length=1, description="number of kernels of each convolution")
    size: Annotated[int, Field(ge=1, le=15)] = Field(3, description="height and width of a kernel")
    padding: Annotated[int, Field(ge=0, le=8)] = Field(
        1, description="rows and columns of zeros around the images of every layer"
    )
    pooling: Annotated[MaxPool | AveragePool | SoftPool, Field(discriminator="kind")] = Field(
        default_factory=lambda: MaxPool(kind="max")
    )
    hidden_neuron: NeuronName = Field("hard-sigmoid", description="activation of the neurons of image layers")
    output_neuron: NeuronName = Field("linear", description="activation of output neurons")
    unpooled: list[Count] = Field(default_factory=list, description="layers without pooling, counted from 1")
    skips: list[Skip] = Field(
        default_factory=list,
        description="[a, b]: skip connection by 1 x 1 kernels from layer a to a later layer b of the same image size",
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
    hidden_neuron: NeuronName = Field("relu", description="activation of hidden neurons")
    output_neuron: NeuronName = Field("linear", description="activation of output neurons")
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
