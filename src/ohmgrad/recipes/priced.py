"""Energy, time and costs of a recipe's training and inference on a chip and on digital machines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import ConfigDict, Field, model_validator

from ohmgrad import devices, files, footprint, ledger, records
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.ledger.equal import equal_accuracy
from ohmgrad.ledger.statement import Asked, Bills, Machines, bills, life, statement
from ohmgrad.ledger.upkeep import Site
from ohmgrad.quantity import MOST, NonNegative, Range, Strict
from ohmgrad.recipes.build import machine
from ohmgrad.recipes.costs import Costs, costs
from ohmgrad.recipes.loading import load_text, with_field
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.experiment import LedgerSettings
from ohmgrad.recipes.schema.hardware import HardwareSettings
from ohmgrad.recipes.sizes import sizes, steps


def digital(processor: footprint.Processor) -> tuple[footprint.Processor, ...]:
    """The digital processors compared with a chip: the given one, and one core of a server CPU."""
    core = footprint.processor("cpu-core")
    return (processor,) if processor == core else (processor, core)


def machines(
    experiment: Experiment,
    chip: str | None = None,
    gpu: str | None = None,
    precision: footprint.Precision | None = None,
    sites: Sequence[Site] = (),
) -> Machines:
    """The machines and sites that a recipe is priced with.

    Args:
        experiment: The recipe.
        chip: Name or file of the chip. None: the recipe's.
        gpu: Name or file of the digital processor. None: the recipe's.
        precision: Precision of the processor's arithmetic. None: the recipe's.
        sites: Sites for emissions. Empty: the recipe's region.

    Raises:
        InputError: if a machine does not exist, or lacks a required figure.
    """
    hardware, asked = experiment.hardware, costs(experiment).on_arrays
    if hardware is None or asked is None:
        return machines_for(experiment.ledger, None, chip, gpu, precision, sites)
    device = hardware.device
    arrays = ledger.Arrays(
        hardware.dac.bits,
        hardware.adc.bits,
        hardware.rows,
        hardware.columns,
        asked.arrays,
        asked.cells_used,
        device.read_volts,
        pulse(device.up_pulse),
        pulse(device.down_pulse),
    )
    return machines_for(experiment.ledger, arrays, chip, gpu, precision, sites)


def machines_for(
    settings: LedgerSettings,
    arrays: ledger.Arrays | None,
    chip: str | None = None,
    gpu: str | None = None,
    precision: footprint.Precision | None = None,
    sites: Sequence[Site] = (),
) -> Machines:
    """The machines and sites given by the recipe section `ledger`, or by arguments.

    Args:
        settings: Section `ledger` of the recipe.
        arrays: The arrays of the chip. None: no hardware, so no chip is priced.
        chip: As in `machines`.
        gpu: As in `machines`.
        precision: As in `machines`.
        sites: As in `machines`.

    Raises:
        InputError: if a machine does not exist, or lacks a required figure (ADC resolution, precision).
    """
    precision = precision or settings.precision
    sites = tuple(sites) or (Site(footprint.grid(settings.region)),)
    processor = footprint.processor(*(settings.gpu, "ledger.gpu") if gpu is None else (gpu, "`gpu`"))
    processor.flops(precision)
    if arrays is None:
        return Machines(None, ledger.Arrays(), digital(processor), sites, precision)
    found = ledger.chip(*(settings.chip, "ledger.chip") if chip is None else (chip, "`chip`"))
    found.adc_joules(arrays.adc_bits)
    return Machines(found, arrays, digital(processor), sites, precision)


def on_arrays(experiment: Experiment) -> Experiment:
    """The recipe; if it has no hardware, with 64 x 64 arrays of the default device."""
    if experiment.hardware is not None:
        return experiment
    signed = machine(experiment, sizes(experiment)).rule.low is None
    mapping = {"kind": "pair", "offset_siemens": 40e-6} if signed else {"kind": "direct"}
    hardware = HardwareSettings.model_validate({"mapping": mapping})
    return experiment.model_copy(update={"hardware": hardware})


class Finished(NamedTuple):
    """The data of a finished run that the ledger uses.

    Attributes:
        experiment: The resolved recipe.
        recipe: Name of the recipe.
        counts: Counts of the training by arm, mean over chips.
        version: Version of ohmgrad that made the run.
        ended: Time at which the run finished, as ISO 8601.
        measured: Measured energy of the machine that trained it, or None.
        curves: Learning curves by arm: list of (epoch, share of correct answers, mean over chips).
    """

    experiment: Experiment
    recipe: str
    counts: dict[str, Counts]
    version: str
    ended: str
    measured: dict | None
    curves: dict[str, list[tuple[int, float]]]


def finished(folder: Path) -> Finished:
    """Read the recipe, counts and learning curves of a finished run.

    Args:
        folder: The run folder.

    Raises:
        InputError: if the folder holds no finished run, or a damaged one.
    """
    for name in ("summary.json", "ledger.json", "environment.json", "recipe.yaml"):
        if not files.exists(folder / name):
            raise InputError(f"{folder} holds no finished run ({name} is missing)")
    text = records.read(folder / "recipe.yaml", "RUN")
    experiment = load_text(text, f"{folder / 'recipe.yaml'}")
    left = _left(folder, "ledger.json", _Ledger)
    _left(folder, "summary.json", _Summary)
    version = _left(folder, "environment.json", _Environment).ohmgrad
    counts = {arm: Counts(**counted) for arm, counted in left.counts.items()}
    measured = left.measured and left.measured.model_dump(exclude_unset=True)
    ended = datetime.fromtimestamp((folder / "summary.json").stat().st_mtime, UTC).isoformat(timespec="seconds")
    recipe = text.partition("\n")[0].removeprefix("# ")
    curves = {arm: [(int(epoch), right) for epoch, right in curve] for arm, curve in left.curves.items()}
    return Finished(experiment, recipe, counts, version, ended, measured, curves)


_Number = Annotated[float, Field(ge=0, le=MOST)]


class _Window(Strict):
    joules: _Number
    seconds: _Number
    by_device: dict[str, _Number]


class _Measured(Strict):
    status: Literal["measured", "not measured"]
    counters: list[str]
    windows: dict[str, _Window] = Field(default_factory=dict)
    sentence: str


class _Left(Strict):
    """Base class of the models of a run's files; fields that the ledger does not use are ignored."""

    model_config = ConfigDict(extra="ignore")


_Point = Annotated[list[_Number], Field(min_length=2, max_length=2)]
"""An epoch, and the share of correct answers after it."""
_Curve = Annotated[list[_Point], Field(min_length=1)]


class _Ledger(_Left):
    counts: dict[str, dict[str, _Number]]
    measured: _Measured | None = None
    curves: dict[str, _Curve] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "_Ledger":
        if "ideal" not in self.counts:
            raise ValueError("counts: the arm 'ideal' is missing")
        for arm, counted in self.counts.items():
            if odd := sorted(set(Counts._fields) ^ counted.keys()):
                fault = "is missing" if odd[0] in Counts._fields else "is no count"
                raise ValueError(f"counts.{arm}: {odd[0]} {fault}; needed: {', '.join(Counts._fields)}")
        return self


class _Summary(_Left):
    title: str


class _Environment(_Left):
    ohmgrad: str


def _left(folder: Path, name: str, model: type[records.Model]) -> records.Model:
    """Read and check a JSON file of a run. Raises InputError if it is damaged."""
    what = f"{folder} holds a damaged run"
    return records.check(model, files.read_json(folder / name, what), f"{what}: {name}")


def pulse(own: devices.Pulse | None) -> ledger.Pulse | None:
    """A device's programming pulse as the ledger takes it, with the absolute voltage; None if there is none."""
    if own is None:
        return None
    volts = own.volts
    sizes = sorted(abs(value) for value in (volts.low, volts.nominal, volts.high))
    size = NonNegative(low=sizes[0], nominal=abs(volts.nominal), high=sizes[-1], basis=volts.basis, source=volts.source)
    return ledger.Pulse(size, own.seconds)


def price(
    experiment: Experiment,
    priced_by: Machines,
    counted: dict[str, Counts] | None = None,
    inferences: int = 0,
    samples: int | None = None,
    curves: dict[str, list[tuple[int, float]]] | None = None,
) -> dict:
    """Price a recipe, or a run of it.

    Without counts of a run, expected counts with bounds are priced; phases that may end early (`tolerance`) are then
    priced with their maximal number of sweeps.

    Args:
        experiment: The recipe.
        priced_by: The machines and sites.
        counted: Counts of a run, by arm. None: expected counts.
        inferences: Number of inferences to price over the chip's life; 0: none.
        samples: Samples per epoch. None: those of the recipe's data.
        curves: Learning curves of a run, by arm: (epoch, share of correct answers, mean over chips).

    Returns:
        The statement of costs, as JSON.

    Raises:
        InputError: if parts of the recipe are incompatible, or its data cannot be read.
    """
    batch, batches = experiment.training.batch, steps(experiment, samples)
    return price_work(costs(experiment), batch, batches, priced_by, counted, inferences, curves)


def price_work(
    found: Costs,
    batch: int,
    batches: int,
    priced_by: Machines,
    counted: dict[str, Counts] | None = None,
    inferences: int = 0,
    curves: dict[str, list[tuple[int, float]]] | None = None,
) -> dict:
    """Price a training with a given number of batches.

    Args:
        found: The work of one batch.
        batch: Samples per batch.
        batches: Number of batches.
        priced_by: As in `price`.
        counted: As in `price`.
        inferences: As in `price`.
        curves: As in `price`.

    Returns:
        The statement of costs, as JSON.
    """
    asked = found.learning.times(float(batches))
    what, share = "training one chip, expected from the recipe", 1.0
    counts = found.on_arrays and found.on_arrays.training(batches)
    if counted is not None:
        what = "training one chip, mean over chips, evaluation not included"
        share = counted["ideal"].calls / asked.calls if asked.calls else 1.0
        if counts is not None and "crossbar" not in counted:
            what += "; the run had no arrays, so what the chip counts is expected from its recipe"
        counts = counted.get("crossbar", counts)
    verbs = Asked(asked.verbs, counts, found.baseline.times(float(batches)).verbs)
    training = bills(verbs, priced_by, batch, share)
    table = statement(what, training, priced_by)
    arms = counted or {"expected": asked.counts if counts is None else counts}
    table["counts"] = {arm: _plain(total) for arm, total in arms.items()}
    if curves:
        table |= {"curves": curves, "equal_accuracy": equal_accuracy(training.named, curves)}
    if inferences:
        table["life"] = life(training, _inferences(found, priced_by, batch, inferences, counts), inferences)
    return table


def per_answer(
    experiment: Experiment, priced_by: Machines, batch: int, trained: Counts | None, sweeps: int | None = None
) -> Bills:
    """Price the answer to one sample.

    Args:
        experiment: The recipe.
        priced_by: The machines and sites.
        batch: Samples that a digital processor answers at once.
        trained: Counts of the training on crossbars, which tell the mean power of a read. None: no chip is priced.
        sweeps: Sweeps of the free phase. None: the largest number of the recipe.

    Raises:
        InputError: if parts of the recipe are incompatible, or its data cannot be read.
    """
    asked = with_field(experiment, "training.batch", batch)
    asked = asked if sweeps is None else with_field(asked, "rule.free.sweeps", sweeps)
    return _inferences(costs(asked), priced_by, batch, 1, trained)


def _inferences(found: Costs, priced_by: Machines, batch: int, number: int, trained: Counts | None) -> Bills:
    """Bills of inference, in batches of the training's size, with the mean read power of the training."""
    batches, counts = number / batch, None
    if found.on_arrays is not None and trained is not None:
        counts = found.on_arrays.answering.times(batches)
        for power, times in (("read_watts", "reads"), ("settle_watts", "settlings")):
            before, now = Range.of(getattr(trained, times)), Range.of(getattr(counts, times))
            if before.nominal:
                mean = Range.of(getattr(trained, power)) * (now.nominal / before.nominal)
                counts = counts._replace(**{power: mean})
    # The forward reads of backpropagation are those of one inference.
    forward = tuple(verb for verb in found.baseline.times(batches).verbs if verb.kind == "read")
    return bills(Asked(found.answering.times(batches).verbs, counts, forward), priced_by, batch)


def _plain(counts: Counts) -> dict:
    """Counts as JSON, with ranges as low, nominal, high."""
    return {name: value._asdict() if isinstance(value, Range) else value for name, value in counts._asdict().items()}
