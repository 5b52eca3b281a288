"""What a recipe may say of its network."""

from typing import Annotated, Literal

from pydantic import Field

from ohmgrad.figure import Strict
from ohmgrad.recipes.schema.types import Count, Gain, Rate

NeuronName = Literal["hard-tanh", "hard-sigmoid", "relu", "linear", "logistic", "tanh"]


class LayeredHopfieldNetwork(Strict):
    """Inputs, hidden layers and outputs, each coupled to the next both ways."""

    kind: Literal["layered-hopfield"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("hard-tanh", description="what hidden neurons make of their drive")
    output_neuron: NeuronName = Field("hard-tanh", description="what outputs make of theirs")
    drive_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise on every neuron's drive, fresh in every sweep"
    )
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


class AssociativeNetwork(Strict):
    """Dots and hidden neurons coupled both ways by one array; the dots are the output."""

    kind: Literal["associative"]
    hidden: Count = Field(description="hidden neurons")
    gain: Rate = Field(1.0, description="how strongly the input drives its dots")
    initial_gains: list[Gain] = Field(
        min_length=1, max_length=1, description="one value: standard deviation x sqrt(inputs)"
    )


class FeedForwardNetwork(Strict):
    """One pass from the inputs to the outputs."""

    kind: Literal["feed-forward"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    hidden_neuron: NeuronName = Field("relu", description="what hidden neurons make of their drive")
    output_neuron: NeuronName = Field("linear", description="what outputs make of theirs")
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


Network = Annotated[
    LayeredHopfieldNetwork | AssociativeNetwork | FeedForwardNetwork,
    Field(discriminator="kind"),
]
