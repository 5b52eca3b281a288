"""What a recipe may say of its learning rule, and of the baseline beside it."""

from typing import Annotated, Literal

from pydantic import Field

from ohmgrad.figure import Strict
from ohmgrad.recipes.schema.types import Count, Gain, Rate


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


class BackpropBaseline(Strict):
    """How the backpropagation baseline on ideal weights is trained."""

    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")
    learning_rates: list[Rate] = Field(description="per weight matrix; training.decay says how they fall")
