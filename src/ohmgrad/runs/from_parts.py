"""A run of parts built in Python, without a recipe; nothing is written to disk."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax

from ohmgrad import ledger as ledgers
from ohmgrad import records
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
"""One number per weight matrix, or "auto": determined by calibration."""


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
    """Train, test and price parts, as a recipe of the same parts would. Nothing is written to disk.

    The ledger prices reads and pulses with the device's voltages and widths. A device without `up_pulse` and
    `down_pulse` is priced with the pulses of the chip record; a converter without `bits`, with the default resolution.

    Args:
        rule: The learning rule, with its network.
        task: The task to be learned.
        learning_rates: One learning rate per weight matrix.
        initial_gains: Per weight matrix: standard deviation of the initial weights times sqrt(inputs).
        hardware: The arrays, of which as many are used as the network needs. None: ideal weights only.
        weight_max: Per weight matrix: the weight represented by the full conductance range of a device.
        adc_full_scale_amperes: Per weight matrix: the line current at which an ADC clips, in amperes.
        optimiser: Optimiser of ideal weights. None: plain steps, scaled by the learning rate.
        backprop: `learning_rates` and `initial_gains` of a baseline trained by backpropagation on ideal weights through
            the same layers. None: no baseline.
        test: Test inputs as the network takes them, and their truth (see `Task.right`). None: newly corrupted code
            words, or the test set of the task.
        validation: Samples of the same form for the learning curve. None: code words drawn separately from the tests,
            the images held back, or the test samples.
        evaluation: Fields of the recipe section `evaluation`: levels, headline_level, copies, every, age_seconds.
        ledger: Fields of the recipe section `ledger`: chip, gpu, precision, region.
        watch: Callback: arm, epochs done, epochs in total, share of correct answers in its last test or None.
        training: Fields of the recipe section `training`: epochs (required), batch (default 64), seeds (number of chips
            trained in parallel, 3), seed (0), decay ("cosine"), step_seconds (0).

    Returns:
        The trained, tested and priced run.

    Raises:
        InputError: if an argument is out of range, or parts are incompatible.
    """
    numbers = _Numbers.of(learning_rates, initial_gains, weight_max, adc_full_scale_amperes)
    learner = Learner(rule, numbers.learning_rates, numbers.initial_gains)
    learner.check()
    settings = _training(training)
    _check_sizes(rule, task)
    price = _price(rule, hardware, task, settings, _checked(LedgerSettings, ledger, ", ledger"))
    baseline = None if backprop is None else _baseline(rule, backprop)
    tested_as = _checked(Evaluation, evaluation, ", evaluation")
    exam = Exam.of(tested_as, settings, task, test, validation)
    ranges = _ranges(learner, task, hardware, numbers, settings, watch)
    learner = learner._replace(rule=ranges.rule(rule))
    setup = Setup(learner, baseline, hardware, ranges, optimiser, settings, tested_as, task.sample)
    done = carry_out(setup, task, exam, watch)
    summary: dict = {"recipe": None, "title": f"{type(rule).__name__} on {type(rule.network).__name__}, from parts"}
    summary |= results.summary(done.exam, done.tested, task, setup, done.progress)
    if hardware is not None:
        summary["ranges"] = ranges.by_field
    summary["ledger"] = results.bills(price, done.progress, done.curves)
    return Result(setup, done.progress, done.curves, summary, lambda: task, test)


class _Numbers(Strict):
    """The numeric arguments of `run_parts`, checked against the ranges of a recipe."""

    learning_rates: list[Rate]
    initial_gains: list[Gain]
    weight_max: WeightsOrAuto
    adc_full_scale_amperes: AmperesOrAuto

    @staticmethod
    def of(*values: Values) -> "_Numbers":
        """Check the values of all fields, given in the order of the fields."""
        given = (value if isinstance(value, str) else [float(each) for each in value] for value in values)
        return _checked(_Numbers, dict(zip(_Numbers.model_fields, given, strict=True)))


def _checked(model: type[records.Model], fields: Mapping[str, Any] | None, what: str = "") -> Any:
    """Check the fields of a recipe section. Raises InputError if one is invalid."""
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


def _check_sizes(rule: Rule, task: Task) -> None:
    """Check that the network's input and output sizes are those of the task; raises InputError if not."""
    for name, size in (("image", task.sample), ("inputs", task.inputs), ("outputs", task.outputs)):
        of_network = getattr(rule.network, name, size)
        if of_network != size:
            raise InputError(f"task: the network's {name} are {of_network}, the task's {size}; allowed: the same")


def _baseline(rule: Rule, fields: Mapping[str, Sequence[float]]) -> Learner:
    lists = {name: list(map(float, values)) for name, values in fields.items()}
    settings = _checked(BackpropBaseline, lists, ", backprop")
    found = Learner(build.backpropagation(rule.network), settings.learning_rates, settings.initial_gains)
    found.check("backprop.")
    return found


def _ranges(
    learner: Learner, task: Task, hardware: Hardware | None, numbers: _Numbers, settings: Training, watch: Watch
) -> Ranges:
    """The given ranges, with the others calibrated. The input gain of a resistive network is the network's."""
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
    settings: Training,
    machines: LedgerSettings,
) -> results.Price:
    """The function that prices the counts of the training. Raises InputError if a machine is unknown."""
    x, target = jax.eval_shape(lambda key: task.first_batch(key, settings.batch), jax.random.key(0))
    work = costs.of_parts(rule, hardware, x, target)
    arrays = None if hardware is None or work.on_arrays is None else _arrays(hardware, work.on_arrays)
    priced_by = priced.machines_for(machines, arrays)
    steps = settings.epochs * batches(task.samples, settings.batch)
    return lambda counts, curves: priced.price_work(work, settings.batch, steps, priced_by, counts, curves=curves)


def _arrays(hardware: Hardware, found: costs.OnArrays) -> ledgers.Arrays:
    """The properties of the arrays that the ledger needs besides the counts."""
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
    """A part's number as a quantity of the ledger, without uncertainty."""
    number = float(value)
    return NonNegative(low=number, nominal=number, high=number, basis="assumption", source="as given with the device")
