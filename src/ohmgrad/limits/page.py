"""Everything on one self-contained page."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohmgrad.figure import Figure
from ohmgrad.limits import claims, levers, pictures, sources, tables, trends
from ohmgrad.limits.benchmarks import BENCHMARKS
from ohmgrad.limits.conversion import Conversion, legacy, today
from ohmgrad.limits.fit import Fit, fit
from ohmgrad.limits.forecast import Forecast, forecast
from ohmgrad.limits.laws import LAWS
from ohmgrad.limits.regressions import details, regressions
from ohmgrad.limits.table import load, names, published
from ohmgrad.report import template

if TYPE_CHECKING:  # it imports JAX
    from ohmgrad.limits.simulation import Simulated

PROCESSOR, PRECISION = "h100-sxm", "fp16"
SIMULATIONS = {"x-ray": 1000, "figure-1": 40}
"""As many as leave the page quick; `ohmgrad limits simulate` takes more."""


@dataclass(frozen=True)
class Page:
    """The page as HTML, and its pictures by name, as SVG."""

    html: str
    pictures: dict[str, str]


def build(arithmetic: Figure) -> Page:
    """Everything, computed anew; `arithmetic` is the lever of a chip's energy (`levers.levers`)."""
    by_today = today("hardware-burden", PROCESSOR, PRECISION)
    made = {conversion.name: _targets(conversion) for conversion in (by_today, legacy())}
    headline = made["today"][0]
    fits = [each for name in BENCHMARKS for each in regressions(published(name))]
    pulled = [
        levers.pull(headline, levers.levers(headline, PROCESSOR, PRECISION, arithmetic), quantity)
        for quantity in ("joules", "usd")
    ]
    counts = [sources.counts(load(name)) for name in names()]
    imagenet, simulated = published("imagenet"), _simulated()
    drawn = {
        "scaling": pictures.scaling([_pair(name, "hardware-burden") for name in BENCHMARKS]),
        "operations": pictures.scaling([_pair(*each) for each in OTHERS]),
        "forecasts": pictures.forecasts(made["today"]),
        "exponents": pictures.exponents([each for each in fits if each.law.name == "polynomial"]),
        "trends": pictures.trends(imagenet, trends.growth(2010.0, 2025.2, records=True)),
        **{name: pictures.simulated(found) for name, found in simulated.items()},
    }
    memory = [said for each in made["legacy"] for said in claims.beside(each) if said.basis == "memory"]
    html = template.render(
        "page.html.j2",
        package="ohmgrad.limits",
        pictures=drawn,
        headline=tables.forecast(headline),
        amounts=headline.amounts(headline.mean),
        assumptions=tables.assumptions(headline),
        targets=[tables.targets(each) for each in made.values()],
        claims=tables.claims(claims.judged()),
        implications=tables.claims(memory, "Implications table of the first version, from memory, beside the data"),
        lever_sources=tables.lever_sources(pulled[0]),
        lever_outcomes=[tables.lever_outcomes(each, headline.error) for each in pulled],
        simulated={name: tables.simulated(found) for name, found in simulated.items()},
        regressions=tables.fits(fits),
        details=tables.details(imagenet.title, details(imagenet)),
        data=[tables.data_sources(sources.sources()), tables.table_counts(counts), tables.checks(counts)],
    )
    return Page(html, drawn)


OTHERS = (
    ("imagenet", "operations-per-pass"),
    ("imagenet", "network-operations"),
    ("imagenet-timm", "operations-per-pass"),
)
"""Other measures and tables that the page shows."""


def _pair(name: str, measure: str) -> tuple[Fit, Fit]:
    """Both laws."""
    table = load(name)
    first, second = (fit(table, law, measure) for law in LAWS)
    return first, second


def _targets(conversion: Conversion) -> list[Forecast]:
    """Every published target, by both laws."""
    return [
        forecast(fit(published(name), law), error, conversion)
        for name, benchmark in BENCHMARKS.items()
        for error in benchmark.targets
        for law in LAWS
    ]


def _simulated() -> "dict[str, Simulated]":
    from ohmgrad.limits.simulation import EXAMPLES, simulate

    return {name: simulate(replace(EXAMPLES[name], simulations=number)) for name, number in SIMULATIONS.items()}
