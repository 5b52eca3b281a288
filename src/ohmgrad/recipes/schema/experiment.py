"""What a recipe may say: every field, its type, its range and its default."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ohmgrad.footprint import Precision
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.schema.network import Network, layers
from ohmgrad.recipes.schema.rule import ActivityDifferenceRule, BackpropBaseline, Rule
from ohmgrad.recipes.schema.types import Count, Probability, Share
from ohmgrad.records import AUTO


class Expected(Strict):
    """What the shipped recipe came to when it was measured (bench/RESULTS.md)."""

    test_error: Annotated[float, Field(ge=0, le=1)] = Field(
        description="share of wrong answers; on devices where the recipe has them"
    )
    published: Annotated[float, Field(ge=0, le=1)] | None = Field(None, description="the same in print")
    minutes: Annotated[float, Field(gt=0)] = Field(description="on two CPU cores")


class SgdOptimiser(Strict):
    """Steps against the gradient, with momentum and weight decay."""

    kind: Literal["sgd"]
    momentum: Share = Field(0.0, description="momentum: share of the previous step that is added")
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="weight decay: factor of the weights that is added to gradients"
    )


class AdamOptimiser(Strict):
    """Adam (Kingma & Ba 2015)."""

    kind: Literal["adam"]


class Training(Strict):
    """How long, in what batches, on how many chips side by side."""

    epochs: Annotated[int, Field(ge=1, le=10_000_000)] = Field(description="passes over the samples")
    batch: Count = Field(64, description="samples between two writes")
    decay: Literal["cosine"] | Annotated[float, Field(gt=0, le=1)] = Field(
        "cosine", description="learning rates fall to zero along a cosine, or keep this share of themselves every epoch"
    )
    optimiser: Annotated[SgdOptimiser | AdamOptimiser, Field(discriminator="kind")] | None = Field(
        None, description="of ideal weights (on crossbars the way of writing is the optimiser); none: plain steps"
    )
    seeds: Annotated[int, Field(ge=1, le=64)] = Field(3, description="chips trained side by side")
    seed: Annotated[int, Field(ge=0, lt=2**32 - 64)] = Field(0, description="seed of the first chip; others count on")
    step_seconds: Annotated[float, Field(ge=0, le=1e10)] = Field(
        0.0, description="time before each step in which devices age; 0: not while they are trained"
    )
    chips: str | None = Field(None, description="folder of a finished run whose chips are trained on; none: new chips")


class Evaluation(Strict):
    """When and how a training is tested; levels and copies are for corrupted code words."""

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
"""Fields of the evaluation that mean nothing to images."""


class LedgerSettings(Strict):
    """The machines whose bills are set side by side."""

    chip: str = Field("taox-64x64", description="a shipped chip, or the path of your own chip file")
    gpu: str = Field("h100-sxm", description="a shipped processor, or the path of your own file")
    precision: Precision = Field("fp32", description="of the processor's arithmetic")
    region: str = Field("world", description="grid: a country (DEU), US-CA, CA-QC, gcp:europe-west1, world")


class Experiment(Strict):
    """A whole experiment: data, network, rule, hardware, training, evaluation, ledger."""

    title: str = Field(description="one line, for the report")
    expected: Expected | None = Field(None, description="what a shipped recipe came to when it was measured")
    data: Annotated[BrailleData | PatternData | ImageData, Field(discriminator="kind")]
    network: Network
    rule: Rule
    backprop: BackpropBaseline | None = Field(None, description="none: no baseline by backpropagation")
    hardware: HardwareSettings | None = Field(None, description="none: ideal weights only")
    training: Training
    evaluation: Evaluation = Field(default_factory=lambda: Evaluation.model_validate({}))
    ledger: LedgerSettings = Field(default_factory=lambda: LedgerSettings.model_validate({}))

    @property
    def matrices(self) -> int:
        """Weight matrices of the network."""
        skips = len(getattr(self.network, "skips", []))
        outputs = self.network.kind != "associative" and self.rule.kind != "forward-forward"
        return len(layers(self.network)) + outputs + skips

    @model_validator(mode="after")
    def _one_value_per_matrix(self) -> "Experiment":
        matrices, baseline = self.matrices, len(layers(self.network)) + 1
        needs = [
            ("network.initial_gains", self.network.initial_gains, matrices),
            ("rule.learning_rates", self.rule.learning_rates, matrices),
        ]
        if self.hardware is not None:
            needs += [
                ("hardware.weight_max", self.hardware.weight_max, matrices),
                ("hardware.adc_full_scale_amperes", self.hardware.adc_full_scale_amperes, matrices),
            ]
        if self.backprop is not None:
            needs += [
                ("backprop.initial_gains", self.backprop.initial_gains, baseline),
                ("backprop.learning_rates", self.backprop.learning_rates, baseline),
            ]
        for field, values, needed in needs:
            if values != AUTO and len(values) != needed:
                raise ValueError(f"{field} needs {needed} value(s), one per weight matrix, not {len(values)}")
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> "Experiment":
        data, network, rule = self.data, self.network, self.rule
        restores = data.kind != "images" and data.answer == "restore"
        if restores != (network.kind == "associative"):
            answer = "restore" if restores else "name"
            raise ValueError(
                f"data.answer '{answer}' does not go with network.kind '{network.kind}'; "
                "allowed: restore with associative, name with the others"
            )
        if rule.kind not in RULES[network.kind]:
            allowed = ", ".join(RULES[network.kind])
            raise ValueError(
                f"rule.kind '{rule.kind}' does not go with network.kind '{network.kind}'; allowed: {allowed}"
            )
        if rule.kind == "truncated-backpropagation" and network.kind == "layered-hopfield" and network.skips:
            raise ValueError(
                "rule.kind 'truncated-backpropagation' goes back through neighbours; allowed: no network.skips"
            )
        if network.kind == "convolutional-hopfield" and (data.kind != "images" or self.backprop is not None):
            raise ValueError("network.kind 'convolutional-hopfield' is for data.kind 'images', without backprop")
        if isinstance(rule, ActivityDifferenceRule):
            self._check_push(rule)
        self._check_precision()
        self._check_conductances()
        given = CORRUPTION & self.evaluation.model_fields_set
        if data.kind == "images" and given:
            raise ValueError(f"evaluation.{min(given)} is for corrupted code words; images have one test set")
        return self

    def _check_push(self, rule: ActivityDifferenceRule) -> None:
        if self.network.kind == "softmax-readout" and rule.push == "clamp":
            raise ValueError("rule.push 'clamp' holds output neurons, which a softmax readout has not; allowed: nudge")
        # The conductances of a resistive network and the force on a readout stand against any nudge.
        fixed = self.network.kind in ("resistive", "softmax-readout")
        if not fixed and rule.push == "nudge" and rule.side != "positive" and rule.strength >= 1:
            raise ValueError(
                f"rule.strength {rule.strength} with side '{rule.side}' turns the nudged energy upside down; "
                "allowed: below 1, or side 'positive'"
            )

    def _check_precision(self) -> None:
        for phase in ("free", "pushed", "adjoint"):
            settling = getattr(self.rule, phase, None)
            fits = self.hardware is None and self.rule.kind == "activity-difference"
            if settling is not None and settling.precision == "bfloat16" and not fits:
                raise ValueError(
                    f"rule.{phase}.precision 'bfloat16' is for rule.kind 'activity-difference' on ideal weights; "
                    "allowed: float32"
                )

    def _check_conductances(self) -> None:
        resistive = self.network.kind == "resistive"
        if self.hardware is not None and resistive != (self.hardware.mapping.kind == "direct"):
            allowed = "direct" if resistive else "pair, single, slices"
            raise ValueError(
                f"hardware.mapping.kind '{self.hardware.mapping.kind}' does not go with network.kind "
                f"'{self.network.kind}'; allowed: {allowed}"
            )
        if resistive and self.training.optimiser is not None:
            raise ValueError("training.optimiser is for weights of either sign; a resistive network takes plain steps")


RULES = {
    "layered-hopfield": (
        "activity-difference",
        "holomorphic-ep",
        "recurrent-backpropagation",
        "truncated-backpropagation",
    ),
    "softmax-readout": ("activity-difference", "holomorphic-ep"),
    "convolutional-hopfield": ("activity-difference",),
    "resistive": ("activity-difference",),
    "associative": ("activity-difference",),
    "feed-forward": (
        "backpropagation",
        "feedback-alignment",
        "direct-feedback-alignment",
        "direct-random-target-projection",
        "predictive-coding",
        "forward-forward",
        "node-perturbation",
        "weight-perturbation",
    ),
}
"""Which rules go with which network."""
