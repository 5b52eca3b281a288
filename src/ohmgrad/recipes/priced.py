"""A recipe's statement: what its training, and its inferences, ask of machines, priced. Imports no JAX."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ohmgrad import devices, footprint, ledger, records
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.figure import Figure, Range
from ohmgrad.ledger.statement import Asked, Bills, Machines, bills, life, statement
from ohmgrad.ledger.upkeep import Site
from ohmgrad.recipes import expected, work
from ohmgrad.recipes.load import load_text
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.hardware import HardwareSettings


def machines(
    experiment: Experiment,
    chip: str | None = None,
    gpu: str | None = None,
    precision: footprint.Precision | None = None,
    site: Site | None = None,
) -> Machines:
    """The recipe's machines, or others by name. Raises InputError where one does not exist."""
    settings, hardware = experiment.ledger, experiment.hardware
    precision, site = precision or settings.precision, site or Site(footprint.grid(settings.region))
    processor = footprint.processor(gpu or settings.gpu, "--gpu" if gpu else "ledger.gpu")
    processor.flops(precision)
    if hardware is None:
        return Machines(None, ledger.Arrays(), processor, precision, site)
    device = hardware.device
    arrays = ledger.Arrays(
        hardware.dac.bits,
        hardware.adc.bits,
        max(hardware.rows, hardware.columns),
        expected.array_count(experiment),
        device.read_volts,
        pulse(device.up_pulse),
        pulse(device.down_pulse),
    )
    found = ledger.chip(chip or settings.chip, "--chip" if chip else "ledger.chip")
    found.adc_joules(hardware.adc.bits)
    return Machines(found, arrays, processor, precision, site)


def on_arrays(experiment: Experiment) -> Experiment:
    """The same recipe; where it names no arrays, on 64 x 64 ones of the default device, as many as it takes."""
    if experiment.hardware is not None:
        return experiment
    matrices = work.matrices(experiment)
    settings = {"weight_max": [1.0] * len(matrices), "adc_full_scale_amperes": [1e-4] * len(matrices)}
    mapping = {"kind": "direct" if experiment.network.kind == "resistive" else "pair"}
    hardware = HardwareSettings.model_validate({**settings, "mapping": mapping})
    return experiment.model_copy(update={"hardware": hardware})


class Finished(NamedTuple):
    """What a finished run left for the ledger."""

    experiment: Experiment
    recipe: str
    counts: dict[str, Counts]
    version: str
    ended: str
    """When, as ISO 8601."""
    measured: dict | None


def finished(folder: Path) -> Finished:
    """A run's recipe and counts. Raises InputError where the folder holds no finished run, or a damaged one."""
    for name in ("summary.json", "ledger.json", "environment.json", "recipe.yaml"):
        if not (folder / name).exists():
            raise InputError(f"{folder} holds no finished run ({name} is missing)")
    text = records.read(folder / "recipe.yaml", "RUN")
    experiment = load_text(text, f"{folder / 'recipe.yaml'}")
    try:
        table = json.loads((folder / "ledger.json").read_text())
        environment = json.loads((folder / "environment.json").read_text())
        counts = {
            arm: Counts(**{name: float(value) for name, value in c.items()}) for arm, c in table["counts"].items()
        }
        if "ideal" not in counts or not all(math.isfinite(v) and v >= 0 for c in counts.values() for v in c):
            raise ValueError("counts of the arm 'ideal' that are numbers from 0")
        version, measured = str(environment["ohmgrad"]), table.get("measured")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder} holds a damaged run (ledger.json, environment.json: {error})") from None
    ended = datetime.fromtimestamp((folder / "summary.json").stat().st_mtime, UTC).isoformat(timespec="seconds")
    recipe = text.partition("\n")[0].removeprefix("# ")
    return Finished(experiment, recipe, counts, version, ended, measured)


def pulse(own: devices.Pulse | None) -> ledger.Pulse | None:
    """A device's programming pulse for the ledger, where it has one: its voltage without the sign."""
    if own is None:
        return None
    volts = own.volts
    sizes = sorted(abs(value) for value in (volts.low, volts.nominal, volts.high))
    size = Figure(low=sizes[0], nominal=abs(volts.nominal), high=sizes[-1], basis=volts.basis, source=volts.source)
    return ledger.Pulse(size, own.seconds)


def price(
    experiment: Experiment,
    priced_by: Machines,
    counted: dict[str, Counts] | None = None,
    inferences: int = 0,
    samples: int | None = None,
) -> dict:
    """The statement of a recipe, as JSON; of a run where what its arms `counted` is given.

    `samples` are those of an epoch, unless they are as many as the data have.
    Without counts they are expectations with bounds. Where settling ends early (`tolerance`), a recipe is priced at the
    most sweeps that it allows.
    """
    asked = work.training(experiment, samples)
    what, share, counts = "training one chip, expected from the recipe", 1.0, None
    if experiment.hardware is not None:
        counts = expected.training(experiment, samples)
    if counted is not None:
        what = "training one chip, mean over chips, evaluation not included"
        share = counted["ideal"].calls / asked.calls if asked.calls else 1.0
        if counts is not None and "crossbar" not in counted:
            what += "; the run had no arrays, so what the chip counts is expected from its recipe"
        counts = counted.get("crossbar", counts)
    verbs = Asked(asked.verbs, counts, work.backpropagation(experiment, samples).verbs)
    batch = experiment.training.batch
    training = bills(verbs, priced_by, batch, share)
    table = statement(what, training, priced_by)
    arms = counted or {"expected": expected.digital(asked) if counts is None else counts}
    table["counts"] = {arm: _plain(total) for arm, total in arms.items()}
    if inferences:
        table["life"] = life(training, _inferences(experiment, priced_by, inferences, counts), inferences)
    return table


def _inferences(experiment: Experiment, priced_by: Machines, number: int, trained: Counts | None) -> Bills:
    """In batches as large as those of the training; reads at the power that they had while training."""
    batch = experiment.training.batch
    one = work.inference(experiment, batch).times(number / batch)
    counts = None
    if experiment.hardware is not None and trained is not None:
        counts = expected.on_arrays(experiment, one)
        for power, times in (("read_watts", "reads"), ("settle_watts", "settlings")):
            before, now = Range.of(getattr(trained, times)), Range.of(getattr(counts, times))
            if before.nominal:
                mean = Range.of(getattr(trained, power)) * (now.nominal / before.nominal)
                counts = counts._replace(**{power: mean})
    forward = work.feedforward_inference(experiment, batch).times(number / batch)
    return bills(Asked(one.verbs, counts, forward.verbs), priced_by, batch)


def _plain(counts: Counts) -> dict:
    """Counts for JSON: ranges as low, nominal, high."""
    return {name: value._asdict() if isinstance(value, Range) else value for name, value in counts._asdict().items()}
