"""What a recipe may say of its learning rule, and of the baseline beside it."""

from typing import Annotated, Literal

from pydantic import Field

from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.types import Count, Gain, Rate, Share


class SettlingSettings(Strict):
    """How a network relaxes."""

    sweeps: Count = Field(description="largest number of sweeps; each updates every layer once")
    tolerance: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="stop once no neuron changes by more in a sweep; none: make all sweeps"
    )
    order: Literal["forward", "backward", "odd-even", "synchronous"] = Field(
        "forward", description="order in which a sweep updates the layers"
    )
    step: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="share of the way to its energy minimum that a layer moves in a sweep"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="number format of weights and activities while settling; bfloat16: ideal weights only"
    )


class ActivityDifferenceRule(Strict):
    """Settle freely, settle pushed, write the difference."""

    kind: Literal["activity-difference"]
    push: Literal["nudge", "clamp"] = Field(
        "nudge", description="nudge: add strength / 2 |o - y|^2 to the energy; clamp: hold the output"
    )
    strength: Annotated[float, Field(ge=1e-4, le=10)] = Field(
        0.5, description="strength of the nudge; of a clamp: share of the way from the free output to the target"
    )
    side: Literal["positive", "negative", "centered", "random"] = Field(
        "centered", description="push the output towards the target, away from it, both, or one of these at random"
    )
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 10}),
        description="settling of the free phase",
    )
    pushed: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 8}),
        description="settling of the pushed phase",
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class HolomorphicRule(Strict):
    """Settle freely, settle nudged by complex strengths around a circle, write the first Fourier coefficient."""

    kind: Literal["holomorphic-ep"]
    strength: Annotated[float, Field(ge=1e-4, le=10)] = Field(
        0.4, description="strength of the nudge: radius of the circle in the complex plane"
    )
    phases: Annotated[int, Field(ge=2, le=64)] = Field(
        10, description="number of nudged phases, spread over the circle"
    )
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 50}),
        description="settling of the free phase",
    )
    pushed: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 50}),
        description="settling of the nudged phases",
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class RecurrentBackpropagationRule(Strict):
    """Settle freely, then settle the adjoint of the drives; a baseline."""

    kind: Literal["recurrent-backpropagation"]
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}),
        description="settling of the free phase",
    )
    adjoint: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}),
        description="settling of the adjoint state",
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class TruncatedBackpropagationRule(Strict):
    """Settle freely, then go back through the last sweeps; a baseline."""

    kind: Literal["truncated-backpropagation"]
    free: SettlingSettings = Field(
        default_factory=lambda: SettlingSettings.model_validate({"sweeps": 20}),
        description="settling of the free phase",
    )
    depth: Count = Field(10, description="number of last sweeps of the free phase that are backpropagated through")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class _OnePassRule(Strict):
    """A rule on a feed-forward network."""

    loss: Literal["squared", "cross-entropy"] = Field(
        "squared", description="squared: |o - y|^2 / 2; cross-entropy: of softmax(o)"
    )
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")


class BackpropagationRule(_OnePassRule):
    """The exact gradient, layer by layer back through the transposed arrays."""

    kind: Literal["backpropagation"]
    dropout: Share = Field(0.0, description="probability that a hidden neuron is set to 0 for a sample while learning")


class FixedFeedbackRule(_OnePassRule):
    """Errors (direct random target projection: targets) sent back through random matrices, fixed for each chip."""

    kind: Literal["feedback-alignment", "direct-feedback-alignment", "direct-random-target-projection"]
    dropout: Share = Field(0.0, description="probability that a hidden neuron is set to 0 for a sample while learning")


class PredictiveCodingRule(_OnePassRule):
    """Values relax between what is predicted for them and what they should predict."""

    kind: Literal["predictive-coding"]
    precision: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="weight of the prediction error of the output layer"
    )
    steps: Count = Field(16, description="number of gradient steps of the activities")
    step: Annotated[float, Field(gt=0, le=1)] = Field(0.2, description="size of these gradient steps")


class ForwardForwardRule(Strict):
    """Each layer learns alone to tell right pairs of input and label from wrong ones."""

    kind: Literal["forward-forward"]
    threshold: Annotated[float, Field(ge=0, le=1e4)] = Field(
        1.0, description="goodness that separates right labels from wrong ones"
    )
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
