"""Schema of recipes: every field with type, range, default and meaning."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from ohmgrad import networks, rules, synapses
from ohmgrad.footprint import Precision
from ohmgrad.parts import Settings, kind_of, kinds, try_out
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.data import CorruptedWords, Data
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.schema.types import Count, Gain, Probability, Rate

Gains = Annotated[
    list[Gain],
    Field(
        description="per weight matrix, skips last, or one for all: standard deviation of the first weights x "
        "sqrt(inputs); of conductances the largest x sqrt(lines)"
    ),
]
Rates = Annotated[list[Rate], Field(description="per weight matrix, or one for all; training.decay says how they fall")]

if TYPE_CHECKING:
    Network: TypeAlias = Settings
    Rule: TypeAlias = Settings
    Optimiser: TypeAlias = Settings
else:
    Network = kinds(networks.Network, initial_gains=(Gains, ...))
    Rule = kinds(rules.Rule, learning_rates=(Rates, ...))
    Optimiser = kinds(synapses.Optimiser)


class BackpropBaseline(Strict):
    """Training of the backpropagation baseline, on ideal weights."""

    initial_gains: Gains
    learning_rates: Rates


class Expected(Strict):
    """Measured results of a shipped recipe (bench/RESULTS.md)."""

    test_error: Annotated[float, Field(ge=0, le=1)] = Field(
        description="share of wrong answers; on devices where the recipe has them"
    )
    published: Annotated[float, Field(ge=0, le=1)] | None = Field(None, description="the same in print")
    minutes: Annotated[float, Field(gt=0)] = Field(description="on two CPU cores")


class Training(Strict):
    """Length, batches and learning-rate schedule of the training, and number of chips trained in parallel."""

    epochs: Annotated[int, Field(ge=1, le=10_000_000)] = Field(description="passes over the samples")
    batch: Count = Field(64, description="samples between two writes")
    decay: Literal["cosine"] | Annotated[float, Field(gt=0, le=1)] = Field(
        "cosine", description="learning rates fall to zero along a cosine, or keep this share of themselves every epoch"
    )
    optimiser: Optimiser | None = Field(
        None, description="of ideal weights (on crossbars the way of writing is the optimiser); none: plain steps"
    )
    seeds: Annotated[int, Field(ge=1, le=64)] = Field(3, description="chips trained side by side")
    seed: Annotated[int, Field(ge=0, lt=2**32 - 64)] = Field(0, description="seed of the first chip; others count on")
    step_seconds: Annotated[float, Field(ge=0, le=1e10)] = Field(
        0.0, description="time before each step in which devices age; 0: not while they are trained"
    )
    chips: str | None = Field(None, description="folder of a finished run whose chips are trained on; none: new chips")


class Evaluation(Strict):
    """Tests and learning curve; levels and copies apply to corrupted code words only."""

    levels: list[Probability] = Field(
        default=[0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3], min_length=1, description="shares of corrupted dots to test at"
    )
    headline_level: Probability = Field(0.1, description="share of flipped dots in the headline table")
    copies: Count = Field(16, description="corrupted copies of each word per level")
    every: Count = Field(5, description="epochs between points of the learning curve")
    age_seconds: Annotated[float, Field(ge=0, le=1e10)] = Field(
        0.0, description="time between the last write and the test, in which devices age"
    )

    @model_validator(mode="after")
    def _headline_is_a_level(self) -> "Evaluation":
        if self.headline_level not in self.levels:
            raise ValueError(f"headline_level {self.headline_level} is not one of levels {self.levels}")
        return self


CORRUPTION = {"levels", "headline_level", "copies"}
"""Fields of the section `evaluation` that apply to corrupted code words only."""


class LedgerSettings(Strict):
    """The machines that are compared, and the region of their electricity."""

    chip: str = Field("taox-64x64", description="a shipped chip, or the path of your own chip file")
    gpu: str = Field("h100-sxm", description="a shipped processor, or the path of your own file")
    precision: Precision = Field("fp32", description="of the processor's arithmetic")
    region: str = Field("world", description="grid: a country (DEU), US-CA, CA-QC, gcp:europe-west1, world")


class Experiment(Strict):
    """An experiment: data, network, rule, hardware, training, evaluation, ledger."""

    title: str = Field(description="one line, for the report")
    expected: Expected | None = Field(None, description="what a shipped recipe came to when it was measured")
    modules: list[str] | None = Field(
        None, description="folders with modules of your own, beside the recipe's folder and the current one"
    )
    data: Data
    network: Network
    rule: Rule
    backprop: BackpropBaseline | None = Field(None, description="none: no baseline by backpropagation")
    hardware: HardwareSettings | None = Field(None, description="none: ideal weights only")
    training: Training
    evaluation: Evaluation = Field(default_factory=lambda: Evaluation.model_validate({}))
    ledger: LedgerSettings = Field(default_factory=lambda: LedgerSettings.model_validate({}))

    @property
    def network_class(self) -> type[networks.Network]:
        """The class of the network."""
        cls = type(self.network).part
        assert issubclass(cls, networks.Network)
        return cls

    @model_validator(mode="after")
    def _goes_together(self) -> "Experiment":
        network, rule = self.network_class, type(self.rule).part
        assert issubclass(rule, rules.Rule)
        try_out(lambda: rule.check_goes_with(network))
        answer = getattr(self.data, "answer", "name")
        if (answer == "restore") != network.restores and not isinstance(self.data, Settings):
            raise ValueError(
                f"data.answer '{answer}' does not go with network.kind '{kind_of(network)}'; "
                "allowed: restore with associative, name with the others"
            )
        if isinstance(self.data, CorruptedWords):
            if "image" in network.of_the_task():
                raise ValueError(
                    f"network.kind '{kind_of(network)}' is for data.kind 'images' or 'signals', not for words"
                )
        elif given := CORRUPTION & self.evaluation.model_fields_set:
            raise ValueError(f"evaluation.{min(given)} is for corrupted code words; allowed: leave it away")
        return self
