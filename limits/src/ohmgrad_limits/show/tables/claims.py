"""Tables of claims, and of the simulation of an expert against flexible models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ohmgrad.report.numbers import number, percent, span
from ohmgrad_limits.claims import Judged
from ohmgrad_limits.show.words import Grid

if TYPE_CHECKING:  # imports JAX
    from ohmgrad_limits.claims.simulation import Simulated, Variation


def claims(found: Sequence[Judged], title: str = "Claims of papers and the press") -> Grid:
    rows = tuple(
        (
            each.claim,
            "–" if each.found is None else number(each.found),
            _interval(each),
            each.verdict + _exclusion(each),
            f"{each.source}{' (from memory)' if each.basis == 'memory' else ''}{'; ' + each.note if each.note else ''}",
        )
        for each in found
    )
    note = (
        "a claim represents all numbers that round to it; one that differs is ruled out if the 95 % interval of the "
        "data contains none of them"
    )
    return Grid(title, ("claim", "the data say", "95 %", "verdict", "source and note"), rows, note)


def _exclusion(claim: Judged) -> str:
    if claim.verdict != "differs" or claim.ruled_out is None:
        return ""
    return ", ruled out" if claim.ruled_out else ", not excluded"


def _interval(claim: Judged) -> str:
    """The interval of the data; unbounded if that is why a claim cannot be checked."""
    there_is_none = claim.ruled_out is None and claim.verdict != "cannot be checked"
    return "–" if claim.found is None or there_is_none else span(claim.low, claim.high)


def simulated(found: "Simulated") -> Grid:
    """Performance by samples, and the FLOP of a fit."""
    setting = found.setting
    rows = tuple(
        (
            f"{size:,}",
            *(f"{curve.performance[place]:.2f}" for curve in found.curves),
            *(number(curve.flop[place]) for curve in found.curves if curve.model != "oracle"),
        )
        for place, size in enumerate(setting.sizes)
    )
    models = [curve.model for curve in found.curves]
    heads = ("samples", *models, *(f"{model}, FLOP" for model in models if model != "oracle"))
    title = f"{setting.features:,} features, {setting.relevant} of them relevant, {setting.simulations:,} simulations"
    note = (
        f"performance: -log10 of the mean squared distance to the best predictor over its variance; noise "
        f"{setting.noise:g}, {setting.coefficients} coefficients, {setting.wrong} of the expert's features wrong, "
        f"penalty {setting.penalty:g} x noise sqrt(2 ln p / n), {setting.passes} passes; seed {setting.seed}"
    )
    unsolved = (
        f"; {percent(found.unsolved)} of the LASSO problems were not solved to the tolerance" if found.unsolved else ""
    )
    return Grid(title, heads, rows, note + unsolved)


def variations(found: "Sequence[Variation]") -> Grid:
    rows = tuple(
        (
            each.name,
            str(each.value),
            *(cell for model in ("flexible", "regularised") for cell in _overtaking(each.overtakes[model])),
        )
        for each in found
    )
    heads = ("unknown", "value", "flexible: samples", "FLOP", "regularised: samples", "FLOP")
    return Grid("Sample sizes from which the flexible models beat the expert", heads, rows)


def _overtaking(at: tuple[float, float] | None) -> tuple[str, str]:
    return ("never", "") if at is None else (number(at[0]), number(at[1]))
