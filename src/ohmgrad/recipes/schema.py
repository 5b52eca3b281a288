"""What a recipe may say: every field, its type, its range and its default."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ohmgrad.devices import Device
from ohmgrad.figure import Strict

Probability = Annotated[float, Field(ge=0, le=0.5)]
Gain = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Siemens = Annotated[float, Field(ge=0, le=1)]
Ohms = Annotated[float, Field(ge=0, le=1e9)]
Amperes = Annotated[float, Field(ge=1e-12, le=10)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Effect = Literal[
    "dac",
    "adc",
    "read_noise",
    "bent_current",
    "wires",
    "write_error",
    "write_granularity",
    "uneven_steps",
    "pulse_scatter",
    "device_spread",
    "faults",
    "aging",
    "half_select",
    "conductance_bounds",
]


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


class PairMapping(Strict):
    """A weight as the difference of two devices on two arrays."""

    kind: Literal["pair"]
    offset_siemens: Siemens = Field(40e-6, description="both devices at weight zero, above their lowest conductance")


class SingleMapping(Strict):
    """A weight as one device against the middle of its range."""

    kind: Literal["single"]
    on_wire: bool = Field(True, description="a column of reference devices subtracts the middle; no: in digital")


class SlicesMapping(Strict):
    """A weight as digits, each on a pair of devices."""

    kind: Literal["slices"]
    count: Annotated[int, Field(ge=1, le=8)] = Field(2, description="digits of a weight")
    base: Annotated[int, Field(ge=2, le=256)] = Field(4, description="values of a digit")

    @model_validator(mode="after")
    def _in_a_float(self) -> "SlicesMapping":
        if self.base**self.count > 2**24:
            raise ValueError(f"base^count is {self.base**self.count}; allowed: up to 2^24, what float32 tells apart")
        return self


class DacSettings(Strict):
    """Input converters."""

    bits: Annotated[int, Field(ge=2, le=12)] = Field(8, description="with the sign")
    range: Literal["fixed", "vector"] = Field("fixed", description="[-1, 1], or each vector's largest entry")
    inl_lsb: Annotated[float, Field(ge=-8, le=8)] = Field(0.0, description="largest integral nonlinearity, in steps")
    bit_serial: bool = Field(False, description="one bit of all inputs at a time")


class AdcSettings(Strict):
    """Output converters."""

    bits: Annotated[int, Field(ge=4, le=12)] = Field(8, description="with the sign")
    range: Literal["fixed", "calibrated", "vector"] = Field(
        "fixed", description="as given, the largest current of a calibration, or of each vector"
    )
    inl_lsb: Annotated[float, Field(ge=-8, le=8)] = Field(0.0, description="largest integral nonlinearity, in steps")
    bound_management: bool = Field(False, description="read again with halved inputs while a current clips")


class WireSettings(Strict):
    """Resistance of the lines of an array."""

    row_ohms: Ohms = Field(description="of a row's segment from device to device")
    column_ohms: Ohms = Field(description="of a column's segment from device to device")
    driver_ohms: Ohms = Field(0.0, description="of the driver of a row")
    sense_ohms: Ohms = Field(0.0, description="of the sense amplifier of a column")
    row_ends: Literal["one", "both"] = Field("one", description="ends of a row that are driven")
    column_ends: Literal["one", "both"] = Field("one", description="ends of a column that are sensed")


class SinglePulseWrite(Strict):
    """At most one pulse per device and write, fired so often that the mean change is right."""

    kind: Literal["single-pulse"]


class WriteVerifyWrite(Strict):
    """Programming to a target, with verification."""

    kind: Literal["write-verify"]
    pulse_budget: Count | None = Field(None, description="pulses per programming, simulated; none: published error")


class PulseTrainsWrite(Strict):
    """Stochastic pulse trains on rows and columns; devices count coincidences."""

    kind: Literal["pulse-trains"]
    length: Annotated[int, Field(ge=1, le=1000)] = Field(31, description="slots of a train")


class PulseCountWrite(Strict):
    """The nearest whole number of pulses."""

    kind: Literal["pulse-count"]


class ManhattanWrite(Strict):
    """One pulse by the sign of the wanted change."""

    kind: Literal["manhattan"]


class ErrorAwareWrite(Strict):
    """Small changes mostly left out, at random; the rest written and verified."""

    kind: Literal["error-aware"]
    threshold_errors: Annotated[float, Field(gt=0, le=100)] = Field(1.0, description="in deviations of a write")


class MixedPrecisionWrite(Strict):
    """Changes added up in digital, pulses for whole steps."""

    kind: Literal["mixed-precision"]
    threshold_steps: Annotated[float, Field(ge=1, le=1000)] = Field(1.0, description="steps it waits for")


class TikiTakaWrite(Strict):
    """Tiki-Taka v2: fast array, digital low-pass, slow array."""

    kind: Literal["tiki-taka"]
    every: Count = Field(1, description="writes between transfers of a row")
    fast_rate: Rate = Field(1.0, description="how much larger changes are on the fast array")
    transfer_rate: Rate = Field(1.0, description="of what a transfer reads, added to the digital buffer")
    length: Annotated[int, Field(ge=1, le=1000)] = Field(31, description="slots of a train")


Write = Annotated[
    SinglePulseWrite
    | WriteVerifyWrite
    | PulseTrainsWrite
    | PulseCountWrite
    | ManhattanWrite
    | ErrorAwareWrite
    | MixedPrecisionWrite
    | TikiTakaWrite,
    Field(discriminator="kind"),
]


class HardwareSettings(Strict):
    """The arrays, their wires and converters, how they are written, and which of their effects are switched off."""

    device: Device = Field(default_factory=lambda: Device.model_validate({"preset": "taox-1t1r"}))
    rows: Count = Field(64, description="rows of an array")
    columns: Count = Field(64, description="columns of an array")
    array_pairs: Count = Field(2, description="tiles on the chip (with pairs: of two arrays), shared by all layers")
    mapping: Annotated[PairMapping | SingleMapping | SlicesMapping, Field(discriminator="kind")] = Field(
        default_factory=lambda: PairMapping.model_validate({"kind": "pair"})
    )
    weight_max: list[Weight] = Field(description="per weight matrix: the weight that the whole range stands for")
    dac: DacSettings = Field(default_factory=lambda: DacSettings.model_validate({}))
    adc: AdcSettings = Field(default_factory=lambda: AdcSettings.model_validate({}))
    adc_full_scale_amperes: list[Amperes] = Field(description="per weight matrix: current at which a fixed ADC clips")
    wires: WireSettings | None = Field(None, description="none: lines without resistance")
    access_ohms: Ohms = Field(0.0, description="of the transistor in series with each device")
    passive: bool = Field(False, description="no access transistors: writes half-select")
    write: Write = Field(default_factory=lambda: SinglePulseWrite(kind="single-pulse"))
    without: list[Effect] = Field(default=[], description="effects switched off")
    only: list[Effect] | None = Field(None, description="instead: the effects left on, all others off")

    @model_validator(mode="before")
    @classmethod
    def _default_kinds(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for name, kind in (("mapping", "pair"), ("write", "single-pulse")):
                if isinstance(given.get(name), dict):
                    given = given | {name: {"kind": kind} | given[name]}
        return given

    @model_validator(mode="after")
    def _one_switch(self) -> "HardwareSettings":
        if self.only is not None and self.without:
            raise ValueError("only and without both given; allowed: one of them")
        return self


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
    age_seconds: Annotated[float, Field(ge=0, le=1e10)] = Field(
        0.0, description="time between the last write and the test, in which devices age"
    )

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
