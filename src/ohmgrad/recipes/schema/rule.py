"""What a recipe may say of its learning rule, and of the baseline beside it."""

from typing import Annotated, Literal

from pydantic import Field

from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.types import Count, Gain, Rate, Share


class SettlingSettings(Strict):
    """How a network relaxes."""

    sweeps: Count = Field(description="sweeps at most; every layer moves once in each")
    tolerance: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="sweeps end once no neuron moves by more; none: all are made"
    )
    order: Literal["forward", "backward", "odd-even", "synchronous"] = Field(
        "forward", description="in which layers take turns"
    )
    step: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="share of the way to a layer's minimum")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of weights and activities while they settle; bfloat16: ideal weights only"
    )


class ActivityDifferenceRule(Strict):
    """Settle freely, settle pushed, write the difference."""

    kind: Literal["activity-difference"]
    push: Literal["nudge", "clamp"] = Field("nudge", description="add strength / 2 |o - y|^2 to the energy, or hold o")
    strength: Annotated[float, Field(ge=1e-4, le=10)] = Field(
        0.5, description="of the nudge; or how far from the free to the right output the clamp holds (1: fully)"
    )
    side: Literal["positive", "negative", "centered", "random"] = Field(
        "centered", description="push toward the answer, away from it, both, or one of them at random"
    )
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 10}), description="the free phase"
    )
    pushed: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 8}), description="the pushed phase"
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class HolomorphicRule(Strict):
    """Settle freely, settle nudged by complex strengths around a circle, write the first Fourier coefficient."""

    kind: Literal["holomorphic-ep"]
    strength: Annotated[float, Field(ge=1e-4, le=10)] = Field(0.4, description="of the nudge: the circle's radius")
    phases: Annotated[int, Field(ge=2, le=64)] = Field(10, description="strengths on the circle")
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 50}), description="the free phase"
    )
    pushed: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 50}), description="the nudged phases"
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class RecurrentBackpropagationRule(Strict):
    """Settle freely, then settle the adjoint of the drives; a baseline."""

    kind: Literal["recurrent-backpropagation"]
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}), description="the free phase"
    )
    adjoint: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}), description="the adjoint"
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class TruncatedBackpropagationRule(Strict):
    """Settle freely, then go back through the last sweeps; a baseline."""

    kind: Literal["truncated-backpropagation"]
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}), description="the free phase"
    )
    depth: Count = Field(10, description="last sweeps of the free phase that are gone back through")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class _OnePassRule(Strict):
    """A rule on a feed-forward network."""

    loss: Literal["squared", "cross-entropy"] = Field("squared", description="|o - y|^2 / 2, or of softmax(o)")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class BackpropagationRule(_OnePassRule):
    """The exact gradient, layer by layer back through the transposed arrays."""

    kind: Literal["backpropagation"]
    dropout: Share = Field(0.0, description="chance that a hidden neuron is silent for a sample while learning")


class FixedFeedbackRule(_OnePassRule):
    """Errors (direct random target projection: targets) sent back through random matrices, fixed for each chip."""

    kind: Literal["feedback-alignment", "direct-feedback-alignment", "direct-random-target-projection"]
    dropout: Share = Field(0.0, description="chance that a hidden neuron is silent for a sample while learning")


class PredictiveCodingRule(_OnePassRule):
    """Values relax between what is predicted for them and what they should predict."""

    kind: Literal["predictive-coding"]
    precision: Annotated[float, Field(gt=0, le=100)] = Field(1.0, description="weight of the output's error")
    steps: Count = Field(16, description="steps of the values")
    step: Annotated[float, Field(gt=0, le=1)] = Field(0.2, description="size of a step")


class ForwardForwardRule(Strict):
    """Each layer learns alone to tell right pairs of input and label from wrong ones."""

    kind: Literal["forward-forward"]
    threshold: Annotated[float, Field(ge=0, le=1e4)] = Field(1.0, description="goodness between right and wrong")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class PerturbationRule(_OnePassRule):
    """Drives or weights are shaken at random; the change of the loss says which way was right."""

    kind: Literal["node-perturbation", "weight-perturbation"]
    size: Annotated[float, Field(gt=0, le=10)] = Field(0.01, description="standard deviation of the perturbation")


Rule = Annotated[
    ActivityDifferenceRule
    | HolomorphicRule
    | RecurrentBackpropagationRule
    | TruncatedBackpropagationRule
    | BackpropagationRule
    | FixedFeedbackRule
    | PredictiveCodingRule
    | ForwardForwardRule
    | PerturbationRule,
    Field(discriminator="kind"),
]


class BackpropBaseline(Strict):
    """How the backpropagation baseline on ideal weights is trained."""

    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")
