"""What a recipe may say: every field, its type, its range and its default."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ohmgrad.figure import Strict

Probability = Annotated[float, Field(ge=0, le=0.5)]
Gain = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Siemens = Annotated[float, Field(ge=0, le=1)]
Amperes = Annotated[float, Field(ge=1e-12, le=10)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Effect = Literal["dac", "adc", "read_noise", "write_error", "write_granularity", "conductance_bounds"]


class _Corrupted(Strict):
    """Code words that reach the network through a noisy channel."""

    answer: Literal["name", "restore"] = Field("name", description="which word it is, or the word's dots")
    train_flips: Probability = Field(0.15, description="share of dots flipped while training")
    train_unreadable: Probability = Field(0.0, description="share of dots blanked while training")
    copies: Count = Field(8, description="corrupted copies of each word in an epoch")


class BrailleData(_Corrupted):
    """Words of 3 to 10 letters in six-dot Braille, ten cells, 60 dots."""

    kind: Literal["braille"]
    words: list[str] | None = Field(None, min_length=2, description="your own words; none: the 64 shipped ones")


class PatternData(_Corrupted):
    """Your own code words from a .csv or .npy table of -1 and +1, one per row."""

    kind: Literal["patterns"]
    file: str = Field(description="path of the table")


class LayeredHopfieldNetwork(Strict):
    """Inputs, hidden layers and outputs, each coupled to the next both ways."""

    kind: Literal["layered-hopfield"]
    hidden: list[Count] = Field(min_length=1, description="neurons of each hidden layer")
    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")


class AssociativeNetwork(Strict):
    """Dots and hidden neurons coupled both ways by one array; the dots are the output."""

    kind: Literal["associative"]
    hidden: Count = Field(description="hidden neurons")
    gain: Rate = Field(1.0, description="how strongly the input drives its dots")
    initial_gains: list[Gain] = Field(
        min_length=1, max_length=1, description="one value: standard deviation x sqrt(inputs)"
    )


class ActivityDifferenceRule(Strict):
    """Settle freely, settle pushed, write the difference."""

    kind: Literal["activity-difference"]
    push: Literal["nudge", "clamp"] = Field("nudge", description="add strength / 2 |o - y|^2 to the energy, or hold o")
    strength: Annotated[float, Field(ge=1e-4, le=10)] = Field(
        0.5, description="of the nudge; or how far from the free to the right output the clamp holds (1: fully)"
    )
    side: Literal["positive", "negative", "centered"] = Field(
        "centered", description="push toward the answer, away from it, or both"
    )
    free_sweeps: Count = Field(10, description="sweeps of the free phase")
    pushed_sweeps: Count = Field(8, description="sweeps of the pushed phase, from the free state")
    learning_rates: list[Rate] = Field(description="per weight matrix; they fall to zero along a cosine")

    @model_validator(mode="after")
    def _stays_convex(self) -> "ActivityDifferenceRule":
        if self.push == "nudge" and self.side != "positive" and self.strength >= 1:
            raise ValueError(
                f"strength {self.strength} with side '{self.side}' turns the nudged energy upside down; "
                "allowed: below 1, or side 'positive'"
            )
        return self


class BackpropBaseline(Strict):
    """How the backpropagation baseline on ideal weights is trained."""

    initial_gains: list[Gain] = Field(description="per weight matrix: standard deviation x sqrt(inputs)")
    learning_rates: list[Rate] = Field(description="per weight matrix; they fall to zero along a cosine")


class Device(Strict):
    """A preset by name (or the path of a preset file); any figure given here replaces the preset's."""

    preset: str = Field("taox-1t1r", description="a shipped device, or the path of your own preset file")
    g_min_siemens: Siemens | None = Field(None, description="lowest conductance; default, as below: the preset's")
    g_max_siemens: Annotated[float, Field(ge=1e-12, le=1)] | None = Field(None, description="highest conductance")
    read_volts: Annotated[float, Field(ge=1e-6, le=100)] | None = Field(
        None, description="row voltage of an input of 1"
    )
    write_error_siemens: Siemens | None = Field(None, description="standard deviation of where a write lands")
    pulse_step_siemens: Annotated[float, Field(ge=1e-15, le=1)] | None = Field(
        None, description="mean change of one unverified pulse"
    )
    verify_tolerance_siemens: Siemens | None = Field(None, description="how far a cell may stray before a rewrite")
    read_noise_siemens: Siemens | None = Field(None, description="standard deviation of a device's read, white")


class HardwareSettings(Strict):
    """The arrays, their converters, how they are written, and which of their effects are switched off."""

    device: Device = Field(default_factory=lambda: Device.model_validate({}))
    rows: Count = Field(64, description="rows of an array")
    columns: Count = Field(64, description="columns of an array")
    array_pairs: Count = Field(2, description="pairs of arrays on the chip, shared by all layers")
    pair_offset_siemens: Siemens = Field(40e-6, description="both devices of a pair at weight zero, above g_min")
    weight_max: list[Weight] = Field(description="per weight matrix: the weight that the whole range stands for")
    dac_bits: Annotated[int, Field(ge=2, le=12)] = Field(8, description="bits of the input converters")
    adc_bits: Annotated[int, Field(ge=4, le=12)] = Field(8, description="bits of the output converters")
    adc_full_scale_amperes: list[Amperes] = Field(description="per weight matrix: current at which the ADC clips")
    write_scheme: Literal["pulse", "write-verify"] = Field(
        "pulse", description="one unverified pulse per device, or programming to a target"
    )
    without: list[Effect] = Field(default=[], description="effects switched off")


class Training(Strict):
    """How long, in what batches, on how many chips side by side."""

    epochs: Annotated[int, Field(ge=1, le=10_000_000)] = Field(description="passes over the words")
    batch: Count = Field(64, description="words between two writes")
    seeds: Annotated[int, Field(ge=1, le=64)] = Field(3, description="chips trained side by side")
    seed: Annotated[int, Field(ge=0, lt=2**32 - 64)] = Field(0, description="seed of the first chip; others count on")


class Evaluation(Strict):
    """Test corruptions, drawn apart from the training ones."""

    levels: list[Probability] = Field(
        default=[0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3], min_length=1, description="shares of corrupted dots to test at"
    )
    headline_level: Probability = Field(0.1, description="share of flipped dots in the headline table")
    copies: Count = Field(16, description="corrupted copies of each word per level")
    every: Count = Field(5, description="epochs between points of the learning curve")

    @model_validator(mode="after")
    def _headline_is_a_level(self) -> "Evaluation":
        if self.headline_level not in self.levels:
            raise ValueError(f"headline_level {self.headline_level} is not one of levels {self.levels}")
        return self


class LedgerSettings(Strict):
    """The machines whose bills are set side by side."""

    chip: str = Field("taox-64x64", description="a shipped chip, or the path of your own chip file")
    gpu: str = Field("h100-sxm", description="v100, a100-sxm, h100-sxm, or the path of your own file")


class Experiment(Strict):
    """A whole experiment: data, network, rule, hardware, training, evaluation, ledger."""

    title: str = Field(description="one line, for the report")
    data: Annotated[BrailleData | PatternData, Field(discriminator="kind")]
    network: Annotated[LayeredHopfieldNetwork | AssociativeNetwork, Field(discriminator="kind")]
    rule: ActivityDifferenceRule
    backprop: BackpropBaseline
    hardware: HardwareSettings
    training: Training
    evaluation: Evaluation = Field(default_factory=lambda: Evaluation.model_validate({}))
    ledger: LedgerSettings = Field(default_factory=lambda: LedgerSettings.model_validate({}))

    @model_validator(mode="after")
    def _one_value_per_matrix(self) -> "Experiment":
        network = self.network
        matrices = len(network.hidden) + 1 if isinstance(network, LayeredHopfieldNetwork) else 1
        baseline = matrices if isinstance(network, LayeredHopfieldNetwork) else 2
        for field, values, needed in (
            ("network.initial_gains", network.initial_gains, matrices),
            ("rule.learning_rates", self.rule.learning_rates, matrices),
            ("hardware.weight_max", self.hardware.weight_max, matrices),
            ("hardware.adc_full_scale_amperes", self.hardware.adc_full_scale_amperes, matrices),
            ("backprop.initial_gains", self.backprop.initial_gains, baseline),
            ("backprop.learning_rates", self.backprop.learning_rates, baseline),
        ):
            if len(values) != needed:
                raise ValueError(f"{field} needs {needed} value(s), one per weight matrix, not {len(values)}")
        restores = self.data.answer == "restore"
        if restores != (network.kind == "associative"):
            raise ValueError(
                f"data.answer '{self.data.answer}' does not go with network.kind '{network.kind}'; "
                "allowed: name with layered-hopfield, restore with associative"
            )
        return self
