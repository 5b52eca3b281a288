"""All results on one self-contained page."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ohmgrad.quantity import NonNegative
from ohmgrad.report import template
from ohmgrad_limits import claims, fit, forecast
from ohmgrad_limits.data import BENCHMARKS, counts, load, names, published, sources
from ohmgrad_limits.forecast import Conversion, Forecast, forecast_target
from ohmgrad_limits.show import pictures, tables, words

if TYPE_CHECKING:  # imports JAX
    from ohmgrad_limits.claims.simulation import Simulated

PROCESSOR, PRECISION = "h100-sxm", "fp16"
SIMULATIONS = {"x-ray": 1000, "figure-1": 40}
"""Few, to keep the page fast; `ohmgrad limits simulate` takes more."""


@dataclass(frozen=True)
class Page:
    """The page as HTML, and its pictures by name, as SVG."""

    html: str
    pictures: dict[str, str]


def build(arithmetic: NonNegative) -> Page:
    """Compute all results and build the page.

    Args:
        arithmetic: Factor by which a chip takes less energy (`forecast.levers`).
    """
    conversions = (forecast.today("hardware-burden", PROCESSOR, PRECISION), forecast.legacy())
    made = {each.name: _targets(each) for each in conversions}
    fits = [each for name in BENCHMARKS for each in fit.regressions(published(name))]
    simulated = _simulated()
    drawn = _pictures(made["today"], fits, simulated)
    html = template.render(
        "page.html.j2",
        package="ohmgrad_limits.show",
        pictures=drawn,
        **_forecasts(made, arithmetic),
        claims=tables.claims(claims.judged()),
        simulated={name: tables.simulated(found) for name, found in simulated.items()},
        regressions=tables.fits(fits),
        details=tables.details(published("imagenet").title, fit.details(published("imagenet"))),
        data=_data(),
    )
    return Page(html, drawn)


def _pictures(made: list[Forecast], fits: list[fit.Fit], simulated: "dict[str, Simulated]") -> dict[str, str]:
    """All pictures of the page by name."""
    return {
        "scaling": pictures.scaling([_pair(name, "hardware-burden") for name in BENCHMARKS]),
        "operations": pictures.scaling([_pair(*each) for each in OTHERS]),
        "forecasts": pictures.forecasts(made),
        "exponents": pictures.exponents([each for each in fits if each.law.name == "polynomial"]),
        "trends": pictures.trends(published("imagenet"), fit.growth(2010.0, 2025.2, records=True)),
        **{name: pictures.simulated(found) for name, found in simulated.items()},
    }


def _forecasts(made: dict[str, list[Forecast]], arithmetic: NonNegative) -> dict[str, Any]:
    """Forecasts on the page: the first in detail, all in tables, claims about them, and their levers."""
    headline = made["today"][0]
    levers = forecast.levers(headline, PROCESSOR, PRECISION, arithmetic)
    pulled = [forecast.pull(headline, levers, quantity) for quantity in ("joules", "usd")]
    memory = [said for each in made["legacy"] for said in claims.beside(each) if said.basis == "memory"]
    return {
        "headline": tables.forecast(headline),
        "amounts": headline.amounts(headline.mean),
        "assumptions": tables.assumptions(headline),
        "targets": [tables.targets(each) for each in made.values()],
        "implications": tables.claims(memory, "Implications table of the first version, from memory, beside the data"),
        "lever_sources": tables.lever_sources(pulled[0]),
        "lever_outcomes": [tables.lever_outcomes(each, headline.error) for each in pulled],
    }


def _data() -> list[words.Grid]:
    """Sources and counts of the data."""
    counted = [counts(load(name)) for name in names()]
    return [tables.data_sources(sources()), tables.table_counts(counted), tables.checks(counted)]


OTHERS = (
    ("imagenet", "operations-per-pass"),
    ("imagenet", "network-operations"),
    ("imagenet-timm", "operations-per-pass"),
)
"""Further tables and measures on the page."""


def _pair(name: str, measure: str) -> tuple[fit.Fit, fit.Fit]:
    """Fits of both laws."""
    table = load(name)
    first, second = (fit.fit_law(table, law, measure) for law in fit.LAWS)
    return first, second


def _targets(conversion: Conversion) -> list[Forecast]:
    """Forecasts of all published targets by both laws."""
    return [
        forecast_target(fit.fit_law(published(name), law), error, conversion)
        for name, benchmark in BENCHMARKS.items()
        for error in benchmark.targets
        for law in fit.LAWS
    ]


def _simulated() -> "dict[str, Simulated]":
    from ohmgrad_limits.claims.simulation import EXAMPLES, simulate

    return {name: simulate(replace(EXAMPLES[name], simulations=number)) for name, number in SIMULATIONS.items()}
