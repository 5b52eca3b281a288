"""Assessment: is a device good enough for a task, and which of its quantities would have to improve?

The same chips (seeds) are trained on the unmodified device, on ideal weights and by backpropagation; then with one
hardware effect switched off at a time; then with one device quantity at a time improved or, if the device is good
enough, made worse. All trainings share initial weights, samples and tests, so differences are paired.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from ohmgrad import intervals, recipes, training
from ohmgrad.crossbar import EFFECTS, Hardware, Pair
from ohmgrad.data.batches import batches
from ohmgrad.devices.figures import pulse_scatter, steps_over_range
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.nonlinearity import nonlinearity, with_nonlinearity
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.records import AUTO
from ohmgrad.runs import arms, calibration, trials

Task = Literal["braille", "digits"]
CHIPS, EPOCHS = 10, 40
WITHIN = 0.01
"""Without a required accuracy, a device is good enough if its accuracy is at most this far below ideal weights'."""
BETTER, WORSE = (0.25, 0.5), (2.0, 4.0)
"""Factors by which a quantity is scaled; larger is worse, 0 switches it off."""
_TASKS = {
    "braille": (),
    "digits": (
        "data={kind: images, name: digits}",
        "hardware.array_pairs=3",
        "rule.learning_rates=[0.1,0.05]",
        "backprop.learning_rates=[0.1,0.05]",
    ),
}
Watch = Callable[[int, int, str], None]
"""Callback: trainings done, upper bound on the number of trainings, description of the current training."""


class Quantity(NamedTuple):
    """A property of a device that an assessment scales."""

    name: str
    unit: str
    effect: str | None
    """The hardware effect that switches it off, or None if it cannot be switched off."""
    value: Callable[[Memristor], float]
    scaled: Callable[[Memristor, float], Memristor]
    """The device with this quantity worse by a factor."""
    worse: bool = True
    """Whether the assessment may also make it worse."""


def _noisier(device: Memristor, factor: float) -> Memristor:
    figures = {name: getattr(device, name) for name in ("step_noise", "pulse_noise_siemens", "unsettled_siemens")}
    return replace(device, **{name: factor * figure for name, figure in figures.items() if figure is not None})


def _coarser(device: Memristor, factor: float) -> Memristor:
    """Larger steps, with the same noise in units of the step."""
    own, noise = device.response, device.pulse_noise_siemens
    response = replace(own, up=factor * own.up, down=factor * own.down)
    return replace(device, response=response, pulse_noise_siemens=None if noise is None else factor * noise)


def _narrower(device: Memristor, factor: float) -> Memristor:
    """A smaller conductance range, with the same noise in siemens."""
    return replace(device, g_max_siemens=device.g_min_siemens + device.range_siemens / factor)


QUANTITIES = (
    Quantity("steps over the range", "", "write_granularity", steps_over_range, _coarser),
    Quantity("scatter of a pulse", "steps", "pulse_scatter", pulse_scatter, _noisier),
    Quantity("unevenness of steps", "steps", "uneven_steps", nonlinearity, with_nonlinearity, worse=False),
    Quantity("range", "S", None, lambda d: float(d.range_siemens), _narrower),
)


def question(device: str, task: Task, chips: int, epochs: int, seed: int, settings: Sequence[str] = ()) -> Experiment:
    """The recipe that an assessment trains: `braille`, or its network on scikit-learn's digits; all ranges are auto.

    Args:
        device: Name of a device record.
        task: "braille" or "digits".
        chips: Number of chips.
        epochs: Epochs of each training.
        seed: Seed of the first chip.
        settings: Further fields of the recipe, as "FIELD=VALUE".

    Returns:
        The resolved recipe.

    Raises:
        InputError: if there is no such device, or a setting is invalid or incompatible with the device.
    """
    ranges = (f"hardware.{name}=auto" for name in ("mapping.offset_siemens", "weight_max", "adc_full_scale_amperes"))
    sizes = (f"training.epochs={epochs}", f"training.seeds={chips}", f"training.seed={seed}")
    asked = [f"hardware.device.preset={device}", *ranges, *_TASKS[task], *sizes]
    asked += ["evaluation.levels=[0.1]"] if task == "braille" else []
    return resolve(recipes.load("braille", [*asked, *settings]))


class _Bench:
    """Trains and tests the chips of an assessment on given hardware; counts the trainings."""

    def __init__(self, experiment: Experiment, parts: Parts, watch: Watch) -> None:
        self.experiment, self.parts, self.watch = experiment, parts, watch
        self.keys = arms.chip_keys(experiment.training)
        tests = trials.trials(experiment.evaluation, parts.task, self.keys)
        headline = trials.headline(experiment.evaluation, parts.task)
        self.trial = next(trial for trial in tests if trial.kind == headline)
        self.shared = self.trial.shared
        self.done, self.most = 0, 0

    def trained(self, rule, rates, chips, counts, what: str) -> tuple[np.ndarray, training.Progress]:
        """Train chips. Returns the correctness of each chip's answer to each sample (chips, samples), and progress."""
        self.watch(self.done, self.most, what)
        settings = self.experiment.training
        progress = training.train(
            rule,
            self.parts.task,
            training.Progress.start(chips, counts),
            self.keys,
            learning_rates=rates,
            epochs=settings.epochs,
            batch=settings.batch,
            step_seconds=settings.step_seconds,
        )
        self.done += 1
        trial = self.trial
        chips = arms.aged(self.experiment.evaluation, progress.chips)
        answers = training.answer(rule, self.parts.task, chips, trial.x, trial.truth, trial.keys)
        return np.asarray(answers.right), progress

    def crossbar(self, hardware: Hardware, what: str, factor: float = 1.0) -> tuple[np.ndarray, training.Progress]:
        """Train on crossbars; `factor` scales the ADC full scale with the currents of this hardware."""
        experiment, settings = self.experiment, self.experiment.hardware
        assert settings is not None and settings.weight_max != AUTO and settings.adc_full_scale_amperes != AUTO
        full = [factor * amperes for amperes in settings.adc_full_scale_amperes]
        gains = experiment.network.initial_gains
        chips, counts = training.crossbar_chips(self.parts.rule, gains, self.keys, hardware, settings.weight_max, full)
        return self.trained(self.parts.rule, experiment.rule.learning_rates, chips, counts, what)

    def ideal(self) -> np.ndarray:
        """Train on ideal weights. Returns the correctness of answers (chips, samples)."""
        rule, gains = self.parts.rule, self.experiment.network.initial_gains
        chips = training.ideal_chips(rule, gains, self.keys)
        return self.trained(rule, self.experiment.rule.learning_rates, chips, None, "ideal weights")[0]

    def backprop(self) -> np.ndarray:
        """Train by backpropagation on ideal weights. Returns the correctness of answers (chips, samples)."""
        rule, settings = self.parts.backprop, self.experiment.backprop
        assert rule is not None and settings is not None
        chips = training.ideal_chips(rule, settings.initial_gains, self.keys)
        return self.trained(rule, settings.learning_rates, chips, None, "backpropagation")[0]

    def estimate(self, scores: np.ndarray) -> intervals.Estimate:
        """Mean accuracy of scores (chips, samples), with interval."""
        return intervals.estimate(scores, self.shared)

    def difference(self, scores: np.ndarray, others: np.ndarray) -> intervals.Estimate:
        """Paired difference of mean accuracies, `scores` minus `others`, with interval."""
        return intervals.difference(scores, others, self.shared)


def assess(experiment: Experiment, accuracy: float | None = None, watch: Watch = lambda *_: None) -> dict:
    """Assess a device: accuracy per arm, contribution of each effect, required quantities, endurance.

    Args:
        experiment: The recipe made by `question`.
        accuracy: Required share of correct answers. None: that of ideal weights minus `WITHIN`.
        watch: Callback at the start of each training.

    Returns:
        The findings, as JSON.

    Raises:
        InputError: if a range cannot be calibrated, or the recipe cannot be built.
    """
    parts = build(experiment)
    experiment, parts = calibration.calibrated(experiment, parts, lambda *_: watch(0, 0, "ranges"))
    assert parts.hardware is not None and experiment.hardware is not None
    bench, hardware = _Bench(experiment, parts, watch), parts.hardware
    present = [effect for effect in EFFECTS if _matters(effect, experiment, hardware)]
    quantities = [each for each in QUANTITIES if each.effect is None or each.effect in present]
    if hardware.device.one_sided:  # depressed by resets only: there is no unevenness to scale
        quantities = [each for each in quantities if each.effect != "uneven_steps"]
    bench.most = 3 + len(present) + len(BETTER) * len(quantities)
    scores, progress = bench.crossbar(hardware, "the device")
    ideal, backprop = bench.ideal(), bench.backprop()
    arms_found = {"crossbar": scores, "ideal": ideal, "backprop": backprop}
    removed = {effect: bench.crossbar(hardware.without(effect), f"without {effect}")[0] for effect in present}
    gains = {effect: bench.difference(each, scores) for effect, each in removed.items()}
    of_ideal = bench.difference(scores, ideal)
    own, target = bench.estimate(scores), bench.estimate(ideal).mean - WITHIN if accuracy is None else accuracy
    needs = [_need(bench, hardware, each, scores, removed.get(each.effect or ""), target) for each in quantities]
    return {
        "title": experiment.hardware.device.title,
        "task": "digits" if bench.shared else "braille",
        "chips": experiment.training.seeds,
        "epochs": experiment.training.epochs,
        "test_samples": scores.shape[1],
        "ranges": recipes.ranges(experiment),
        "accuracy": {arm: bench.estimate(each)._asdict() for arm, each in arms_found.items()},
        "difference": {arm: bench.difference(scores, arms_found[arm])._asdict() for arm in ("ideal", "backprop")},
        "target": target,
        "asked_for": accuracy,
        "good_enough": _verdict(of_ideal, -WITHIN) if accuracy is None else _verdict(own, accuracy),
        "effects": [
            {"effect": effect} | gain._asdict()
            for effect, gain in sorted(gains.items(), key=lambda item: -item[1].mean)
        ],
        "needs": needs,
        "life": _life(experiment, parts, progress),
    }


def _matters(effect: str, experiment: Experiment, hardware: Hardware) -> bool:
    """Whether the hardware has this effect and it can influence this training."""
    if effect == "half_select" and not hardware.passive:
        return False
    if effect == "aging" and not (experiment.evaluation.age_seconds or experiment.training.step_seconds):
        return False
    pulsed = hardware.write.pulsed or getattr(hardware.write, "pulse_budget", None)
    if effect in ("pulse_scatter", "uneven_steps") and not pulsed:
        return False
    return hardware.without(effect) != hardware


def _verdict(found: intervals.Estimate, least: float) -> Literal["yes", "no", "undecided"]:
    return "yes" if found.low >= least else "no" if found.high < least else "undecided"


def _need(
    bench: _Bench,
    hardware: Hardware,
    quantity: Quantity,
    scores: np.ndarray,
    without: np.ndarray | None,
    target: float,
) -> dict:
    """Accuracy as a function of one quantity, and the limit of the quantity at which the target is still reached."""
    found = {1.0: scores} | ({} if without is None else {0.0: without})
    reached = bench.estimate(scores).mean >= target
    if reached:
        factors = WORSE if quantity.worse else ()
    else:
        # If switching the quantity off does not suffice, improving it cannot either.
        factors = BETTER if without is None or bench.estimate(without).mean >= target else ()
    for factor in factors:
        found[factor] = bench.crossbar(*_scaled(hardware, quantity, factor))[0]
    curve = {factor: bench.estimate(found[factor]) for factor in sorted(found)}
    tried = [factor for factor in curve if not reached or factor >= 1]
    limits = {
        bound: tolerable(tried, [getattr(curve[factor], bound) for factor in tried], target)
        for bound in ("low", "mean", "high")
    }
    device = hardware.device
    levels = [{"factor": factor, "value": _value(quantity, device, factor)} for factor in curve]
    return {
        "quantity": quantity.name,
        "unit": quantity.unit,
        "own": quantity.value(device),
        "levels": [level | curve[level["factor"]]._asdict() for level in levels],
        "limit": {bound: _limit(quantity, device, factor) for bound, factor in limits.items()},
    }


def _scaled(hardware: Hardware, quantity: Quantity, factor: float) -> tuple[Hardware, str, float]:
    """The hardware with a scaled device quantity, a description, and the factor by which its currents grow."""
    device = quantity.scaled(hardware.device, factor)
    larger = float(device.range_siemens / hardware.device.range_siemens)
    mapping = hardware.mapping
    if isinstance(mapping, Pair) and mapping.offset_siemens is not None:
        mapping = replace(mapping, offset_siemens=larger * mapping.offset_siemens)
    return replace(hardware, device=device, mapping=mapping), f"{quantity.name} x {factor:g}", larger


def tolerable(factors: Sequence[float], accuracies: Sequence[float], target: float) -> float | None:
    """The largest factor at which the target accuracy is reached, by linear interpolation between tried factors.

    Args:
        factors: The factors tried, in ascending order.
        accuracies: The accuracy at each factor.
        target: The required accuracy.

    Returns:
        The factor; None if the target is missed at the first factor; infinity if it is reached at all of them.
    """
    if accuracies[0] < target:
        return None
    for (below, high), (above, low) in itertools.pairwise(zip(factors, accuracies, strict=True)):
        if low < target:
            return below + (above - below) * (high - target) / (high - low)
    return math.inf


def _value(quantity: Quantity, device: Memristor, factor: float) -> float | None:
    """The value of the quantity scaled by a factor; None for the factor 0 (switched off)."""
    return quantity.value(quantity.scaled(device, factor)) if factor else None


def _limit(quantity: Quantity, device: Memristor, factor: float | None) -> dict:
    if factor is None:
        return {"reached": "nowhere"}
    if math.isinf(factor):
        return {"reached": "everywhere"}
    return {"reached": "up to", "factor": factor, "value": _value(quantity, device, factor)}


def _life(experiment: Experiment, parts: Parts, progress: training.Progress) -> dict:
    """Pulses per device of one training (mean and upper bound), and the number of trainings that endurance allows."""
    assert parts.hardware is not None and experiment.hardware is not None
    counts, hardware = progress.mean_counts(), experiment.hardware
    devices = sum(rows * columns for rows, columns in parts.rule.shapes) * parts.hardware.mapping.devices
    writes = batches(parts.task.samples, experiment.training.batch) * experiment.training.epochs
    most = float(writes) if hardware.write.kind in ("single-pulse", "manhattan") else None
    endurance = hardware.device.endurance_pulses
    mean = (counts.pulses + counts.programs) / devices
    return {
        "writes": writes,
        "mean_pulses_per_device": mean,
        "most_pulses_per_device": most,
        "endurance_pulses": None if endurance is None else endurance.nominal,
        "trainings_of_the_mean_device": None if endurance is None else endurance.nominal / mean,
        "trainings_of_the_most_written": None if endurance is None or most is None else endurance.nominal / most,
    }
