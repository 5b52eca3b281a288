"""The result of a device assessment (`ohmgrad devices assess`): tables for the terminal, and a self-contained page."""

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report import template
from ohmgrad.report.numbers import count, points, share, si
from ohmgrad.report.style import BLUE, DARK, RED, banded, styled, subplots, svg
from ohmgrad.report.tables import line, table
from ohmgrad.report.words import ARMS

EFFECTS = {
    "dac": "rounding of inputs (DAC)",
    "adc": "rounding and clipping of outputs (ADC)",
    "read_noise": "read noise",
    "bent_current": "bent current",
    "wires": "resistance of wires",
    "write_error": "errors of verified writes",
    "write_granularity": "whole pulses",
    "uneven_steps": "uneven steps",
    "pulse_scatter": "scatter of pulses",
    "device_spread": "spread from device to device",
    "faults": "faults",
    "aging": "ageing",
    "half_select": "half-selected devices",
    "conductance_bounds": "bounds of the conductance",
}
_VERDICTS = {
    "yes": "good enough",
    "no": "not good enough",
    "undecided": "undecided: the interval holds both; more chips narrow it",
}


def protocol(assessment: dict) -> str:
    """What was trained and tested, in one sentence.

    Args:
        assessment: The assessment, as `runs.assess` returns it.
    """
    data = "" if assessment["task"] == "braille" else " with its network on scikit-learn's digits"
    trained = f"{assessment['chips']} chips, {assessment['epochs']} epochs of the recipe braille{data}"
    return (
        f"{trained}, {assessment['test_samples']:,} test samples; all trainings share first weights, samples "
        "and tests, and differences are paired; 95 % intervals hold other chips and other test samples"
    )


def verdict(assessment: dict) -> str:
    """Whether the device is good enough, and for which accuracy, in one sentence."""
    if assessment["asked_for"] is None:
        goal = f"within one point of ideal weights ({100 * assessment['target']:.1f} % right answers)"
    else:
        goal = f"{100 * assessment['target']:.1f} % right answers"
    return f"{assessment['title']}: {_VERDICTS[assessment['good_enough']]} for {goal}"


def needed(need: dict) -> str:
    """The value of a quantity that reaches the target accuracy, all others unchanged, in words.

    Args:
        need: An entry of the assessment's `needs`.
    """
    limit, present = need["limit"]["mean"], _value(need["own"], need["unit"])
    if limit["reached"] == "nowhere":
        return f"now {present}; not reachable by this alone"
    if limit["reached"] == "everywhere":
        worst = max((level["factor"] for level in need["levels"]), default=1.0)
        tried = f" up to {worst:g} times as bad, the most that was tried" if worst > 1 else ""
        return f"now {present}; enough{tried}"
    word = "may be as bad as" if limit["factor"] >= 1 else "needs"
    value = "none at all" if limit["value"] is None else _value(limit["value"], need["unit"])
    bounds = [_bound(need["limit"][name], need["unit"]) for name in ("low", "high")]
    return f"now {present}; {word} {value} [{bounds[0]}, {bounds[1]}]"


def _bound(limit: dict, unit: str) -> str:
    if limit["reached"] == "up to":
        return "none at all" if limit["value"] is None else _value(limit["value"], unit)
    return {"nowhere": "not reachable", "everywhere": "anything tried"}[limit["reached"]]


def _value(value: float, unit: str) -> str:
    return si(value, unit) if unit == "S" else f"{value:.3g} {unit}".rstrip()


def life(assessment: dict) -> str:
    """How many pulses a training gives a device, and how many trainings a device survives, in one sentence."""
    life = assessment["life"]
    largest, endurance = life["most_pulses_per_device"], life["endurance_pulses"]
    mean = f"{life['mean_pulses_per_device']:.3g} pulses on average"
    bound = "how many at most, this way of writing does not bound" if largest is None else f"{largest:,.0f} at most"
    text = f"{life['writes']:,} writes of a training give a device {mean}, {bound}"
    if endurance is None:
        return f"{text}; how many trainings it lasts, endurance_pulses in the device's file would tell"
    text += f"; with an endurance of {endurance:.3g} pulses the mean device lasts "
    text += f"{count(life['trainings_of_the_mean_device'])} trainings"
    worst = life["trainings_of_the_most_written"]
    return text if worst is None else f"{text}, any device {count(worst)} or more"


def show(console: Console, assessment: dict) -> None:
    """Print the tables of an assessment."""
    line(console, f"\n[bold]{escape(verdict(assessment))}[/bold]")
    for shown in (_answers(assessment), _effects(assessment), _needs(assessment)):
        console.print(shown)
    line(console, f"life: {life(assessment)}")
    line(console, protocol(assessment))


def _answers(assessment: dict) -> Table:
    answers = table("right answers", "", "share", "device minus this, in points")
    for arm, estimate in assessment["accuracy"].items():
        beside = points(assessment["difference"][arm]) if arm in assessment["difference"] else ""
        answers.add_row("the device" if arm == "crossbar" else ARMS[arm], share(estimate), beside)
    return answers


def _effects(assessment: dict) -> Table:
    effects = table("what each effect costs: points won without it alone", "effect", "points", words=_WORDS)
    for effect in assessment["effects"]:
        effects.add_row(EFFECTS[effect["effect"]], points(effect))
    return effects


def _needs(assessment: dict) -> Table:
    needs = table("what it would need, each alone", "quantity", "", words=_WORDS)
    for need in assessment["needs"]:
        needs.add_row(need["quantity"], escape(needed(need)))
    return needs


_WORDS = ("effect", "points", "quantity", "")


def page(assessment: dict) -> str:
    """The assessment as one HTML page, pictures included."""
    return template.render(
        "assess.html.j2",
        assessment=assessment,
        verdict=verdict(assessment),
        protocol=protocol(assessment),
        life=life(assessment),
        needed=needed,
        effects=EFFECTS,
        arms=ARMS,
        costs=_costs(assessment),
        sweeps=_sweeps(assessment),
    )


@styled()
def _costs(assessment: dict) -> str:
    """Picture: points of accuracy that each effect costs, with intervals."""
    effects = assessment["effects"][::-1]
    mean, low, high = (100 * np.array([effect[part] for effect in effects]) for part in ("mean", "low", "high"))
    figure, [[axis]] = subplots(1, 1, (8, 0.8 + 0.38 * len(effects)), layout="constrained")
    axis.barh([EFFECTS[effect["effect"]] for effect in effects], mean, color=BLUE, alpha=0.6)
    axis.errorbar(mean, range(len(effects)), xerr=[mean - low, high - mean], fmt="none", ecolor=DARK, capsize=3)
    axis.axvline(0, color=DARK, lw=0.8)
    axis.set_xlabel("points of accuracy won without it")
    return svg(figure)


@styled()
def _sweeps(assessment: dict) -> str:
    """Picture: accuracy over each quantity, in multiples of the device's value."""
    needs = assessment["needs"]
    figure, (axes,) = subplots(1, len(needs), (3.3 * len(needs), 3), sharey=True)
    for axis, need in zip(axes, needs, strict=True):
        factors = [level["factor"] for level in need["levels"]]
        mean, low, high = ([level[part] for level in need["levels"]] for part in ("mean", "low", "high"))
        banded(axis, factors, mean, low, high, BLUE, marker="o", ms=3.5)
        axis.axhline(assessment["target"], color=RED, lw=0.9)
        axis.set_title(need["quantity"], fontsize=10)
        axis.set_xlabel("times the device's own; larger is worse")
    axes[0].set_ylabel("right answers")
    figure.tight_layout()
    return svg(figure)
