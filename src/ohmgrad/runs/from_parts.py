"""A run of parts that Python has put together: no recipe in, nothing left on disk."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Literal

import jax

from ohmgrad import ledger as ledgers
from ohmgrad import records
from ohmgrad.cost.trace import Batch
from ohmgrad.crossbar import Hardware
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task
from ohmgrad.devices.pulse import Pulse
from ohmgrad.errors import InputError
from ohmgrad.parts import Number
from ohmgrad.quantity import NonNegative, Strict
from ohmgrad.recipes import build, costs, priced
from ohmgrad.recipes.schema.experiment import BackpropBaseline, Evaluation, LedgerSettings, Training
from ohmgrad.recipes.schema.types import AmperesOrAuto, Gain, Rate, WeightsOrAuto
from ohmgrad.records import AUTO
from ohmgrad.rules import Rule
from ohmgrad.runs import results
from ohmgrad.runs.calibration import calibrate
from ohmgrad.runs.ranges import Ranges
from ohmgrad.runs.result import Result
from ohmgrad.runs.run import carry_out
from ohmgrad.runs.setup import Learner, Setup
from ohmgrad.runs.testing import Exam
from ohmgrad.runs.trainer import Watch
from ohmgrad.runs.trials import Samples
from ohmgrad.synapses import Optimiser

Values = Sequence[float] | Literal["auto"]
"""One number per weight matrix, or auto: found by a calibration."""


def run_parts(
    rule: Rule,
    task: Task,
    *,
    learning_rates: Sequence[float],
    initial_gains: Sequence[float],
    hardware: Hardware | None = None,
    weight_max: Values = AUTO,
    adc_full_scale_amperes: Values = AUTO,
    optimiser: Optimiser | None = None,
    backprop: Mapping[str, Sequence[float]] | None = None,
    test: Samples | None = None,
    validation: Samples | None = None,
    evaluation: Mapping[str, Any] | None = None,
    ledger: Mapping[str, Any] | None = None,
    watch: Watch = lambda *_: None,
    **training: Any,
) -> Result:
    """Parts, trained, tested and priced as a recipe of the same parts would be. Nothing is left on disk.

    The ledger prices reads and pulses as the device has them (pulses of a device that does not say them as the chip's),
    and converters without bits as if they had the usual ones.

    Args:
        rule: With its network.
        task: What is learned.
        learning_rates: Per weight matrix.
        initial_gains: Standard deviation of the first weights times sqrt(inputs), per weight matrix.
        hardware: Arrays, as many as it takes; None: ideal weights only.
        weight_max: The weight that the whole range of a device stands for.
        adc_full_scale_amperes: Line current at which a converter clips.
        optimiser: Of ideal weights; None: plain steps.
        backprop: `learning_rates` and `initial_gains` of a baseline by backpropagation, on ideal weights through the
            same layers; None: no baseline.
        test: Inputs as the network takes them, and what each is (`Task.right`). None: code words corrupted anew, or the
            test images of a set.
        validation: The same, to watch the training by; None: words drawn apart from the tests', images held back, or
            what is tested on.
        evaluation: Fields of that section of a recipe: levels, headline_level, copies, every, age_seconds.
        ledger: Fields of that section: chip, gpu, precision, region.
        watch: Told the arm, its epochs done and to do, and the share of right answers in its last test, if any.
        training: Fields of that section: epochs, which must be given; batch (64), seeds (3: chips side by side), seed
            (0), decay ("cosine"), step_seconds (0).

    Raises:
        InputError: where an argument is out of its range, or parts do not go together.
    """
    numbers = _Numbers.of(learning_rates, initial_gains, weight_max, adc_full_scale_amperes)
    learner = Learner(rule, numbers.learning_rates, numbers.initial_gains)
    learner.check()
    settings = _training(training)
    x, target = _shapes(task, settings.batch)
    _check_sizes(rule, x, target)
    price = _price(rule, hardware, task, x, target, settings, _checked(LedgerSettings, ledger, ", ledger"))
    baseline = None if backprop is None else _baseline(rule, backprop)
    tested_as = _checked(Evaluation, evaluation, ", evaluation")
    exam = Exam.of(tested_as, settings, task, test, validation)
    ranges = _ranges(learner, task, hardware, numbers, settings, watch)
    learner = learner._replace(rule=ranges.rule(rule))
    setup = Setup(learner, baseline, hardware, ranges, optimiser, settings, tested_as, x.shape[1:])
    done = carry_out(setup, task, exam, watch)
    summary: dict = {"recipe": None, "title": f"{type(rule).__name__} on {type(rule.network).__name__}, from parts"}
    summary |= results.summary(done.exam, done.tested, task, setup, done.progress)
    if hardware is not None:
        summary["ranges"] = ranges.by_field
    summary["ledger"] = results.bills(price, done.progress, done.curves)
    return Result(setup, done.progress, done.curves, summary, lambda: task, test)


class _Numbers(Strict):
    """What `run_parts` takes as numbers, within the ranges of a recipe."""

    learning_rates: list[Rate]
    initial_gains: list[Gain]
    weight_max: WeightsOrAuto
    adc_full_scale_amperes: AmperesOrAuto

    @staticmethod
    def of(*values: Values) -> "_Numbers":
        """From the values of all fields, in their order."""
        given = (value if isinstance(value, str) else [float(each) for each in value] for value in values)
        return _checked(_Numbers, dict(zip(_Numbers.model_fields, given, strict=True)))


def _checked(model: type[records.Model], fields: Mapping[str, Any] | None, what: str = "") -> Any:
    """A section of a recipe. Raises InputError where a field is wrong."""
    return records.check(model, dict(fields or {}), f"run{what}")


def _training(fields: Mapping[str, Any]) -> Training:
    if "out" in fields:
        raise InputError(
            "out: a run's folder is opened and continued by its recipe, and parts have none; allowed: without `out`, "
            "and ohmgrad.chips.save for the chips"
        )
    if "chips" in fields:
        raise InputError("chips: go on from a run's folder only by a recipe; allowed with parts: new chips")
    return _checked(Training, fields)


def _shapes(task: Task, batch: int) -> tuple[Batch, Batch]:
    """Of the inputs and targets of a batch; nothing is computed."""

    def first(key):
        return task.batch(jax.tree.map(lambda leaf: leaf[0], task.epoch(key, batch)))

    return jax.eval_shape(first, jax.random.key(0))


def _check_sizes(rule: Rule, x: Batch, target: Batch) -> None:
    """Raises InputError where the network was made for samples, or answers, of another size than the task's."""
    sample = x.shape[1:]
    for name, size in (("image", sample), ("inputs", prod(sample)), ("outputs", target.shape[1])):
        own = getattr(rule.network, name, size)
        if own != size:
            raise InputError(f"task: the network's {name} are {own}, the task's {size}; allowed: the same")


def _baseline(rule: Rule, fields: Mapping[str, Sequence[float]]) -> Learner:
    lists = {name: list(map(float, values)) for name, values in fields.items()}
    settings = _checked(BackpropBaseline, lists, ", backprop")
    found = Learner(build.backpropagation(rule.network), settings.learning_rates, settings.initial_gains)
    found.check("backprop.")
    return found


def _ranges(
    learner: Learner, task: Task, hardware: Hardware | None, numbers: _Numbers, settings: Training, watch: Watch
) -> Ranges:
    """As they are given, the others calibrated; a resistive network's input gain is as the network has it."""
    rule, rates, gains = learner
    given = {name: getattr(numbers, name) for name in ("weight_max", "adc_full_scale_amperes")}
    known = {name: tuple(values) for name, values in given.items() if values != AUTO}
    for name, values in known.items():
        build.check_one_per_matrix(name, values, rule)
    gain = getattr(rule.network, "input_gain", None)
    return calibrate(
        rule,
        task,
        hardware,
        initial_gains=gains,
        learning_rates=rates,
        epochs=settings.epochs,
        batch=settings.batch,
        seed=settings.seed,
        fixed=Ranges(**known, input_gain=None if gain is None else float(gain)),
        watch=lambda done, epochs: watch("ranges", done, epochs, None),
    )


def _price(
    rule: Rule,
    hardware: Hardware | None,
    task: Task,
    x: Batch,
    target: Batch,
    settings: Training,
    machines: LedgerSettings,
) -> results.Price:
    """What prices the training's counts. Raises InputError where a machine does not exist."""
    work = costs.of_parts(rule, hardware, x, target)
    arrays = None if hardware is None or work.on_arrays is None else _arrays(hardware, work.on_arrays)
    priced_by = priced.machines_for(machines, arrays)
    steps = settings.epochs * batches(task.samples, settings.batch)
    return lambda counts, curves: priced.price_work(work, settings.batch, steps, priced_by, counts, curves=curves)


def _arrays(hardware: Hardware, found: costs.OnArrays) -> ledgers.Arrays:
    """What the ledger has to know of arrays beside their counts."""
    device, usual = hardware.device, ledgers.Arrays()
    return ledgers.Arrays(
        hardware.dac.bits or usual.dac_bits,
        hardware.adc.bits or usual.adc_bits,
        hardware.rows,
        hardware.columns,
        found.arrays,
        found.cells_used,
        _figure(device.read_volts),
        _pulse(device.up_pulse),
        _pulse(device.down_pulse),
    )


def _pulse(own: Pulse | None) -> ledgers.Pulse | None:
    return None if own is None else ledgers.Pulse(_figure(abs(own.volts)), _figure(own.seconds))


def _figure(value: Number) -> NonNegative:
    """A number of a part, which has neither bounds nor a source."""
    number = float(value)
    return NonNegative(low=number, nominal=number, high=number, basis="assumption", source="as given with the device")
