"""What lowers a forecast: progress of algorithms and hardware, price, grid, memristor arithmetic, smaller networks."""

import math
from dataclasses import dataclass

import numpy as np

from ohmgrad import footprint
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import NonNegative
from ohmgrad_limits.fit import quantile_fit
from ohmgrad_limits.forecast.conversion import QUANTITIES, Conversion
from ohmgrad_limits.forecast.forecast_target import Forecast

ALGORITHMS = NonNegative(
    low=2 ** (12 / 16),
    nominal=2 ** (12 / 16),
    high=10 ** (1 / 3),
    basis="published",
    source="compute for the same result halves every 16 months (Hernandez & Brown); high: three years are a tenfold "
    "(Thompson et al., arXiv:2007.05558 v1)",
)
"""Factor per year."""
HARDWARE = NonNegative(
    low=1.0,
    nominal=11 ** (1 / 7),
    high=2.0,
    basis="derived",
    source="Moore's 11x over 2012-2019 (Hernandez & Brown), taken as computation per money and per energy; low: it has "
    "ended; high: assumption, a doubling every year",
)
"""Factor per year."""
MONTHS_PER_YEAR = 12
MEMRISTORS, QUANTISED = "memristor arithmetic", "quantisation"
CLEAN_GRID = "SWE"
SMALLER_QUANTILE = 0.1


@dataclass(frozen=True)
class Lever:
    """A change that divides the cost of a target by `gain`, for some quantities; every year if `yearly`."""

    name: str
    gain: NonNegative
    quantities: tuple[str, ...]
    yearly: bool = False


@dataclass(frozen=True)
class Outcome:
    """The cost of a target, and the reach of a budget, under some levers."""

    name: str
    gain: float
    """Factor by which the cost of the target falls, in the budget's quantity, today."""
    yearly_gain: float
    cost: dict[str, float | None]
    """Cost of the target in the budget's quantity: low, nominal, high; None if unbounded."""
    reached: dict[str, float | None]
    """Year in which the cost falls to the budget: low, nominal, high; None if never, or unbounded."""
    error: dict[str, float]
    """Error that the budget buys today: low, nominal, high of the mean line."""


@dataclass(frozen=True)
class Levers:
    """All outcomes of a forecast for one quantity and budget."""

    quantity: str
    budget: float
    from_year: float
    levers: tuple[Lever, ...]
    outcomes: tuple[Outcome, ...]


def fold_per_year(field: str, months: float) -> NonNegative:
    """Factor per year of a quantity that halves, or doubles, in `months`. Raises InputError for months not above 0."""
    if not 0.1 <= months < math.inf:
        raise InputError(f"{field}: {months:g}; allowed: 0.1 or more")
    fold = 2 ** (MONTHS_PER_YEAR / months)
    return NonNegative(
        low=fold, nominal=fold, high=fold, basis="assumption", source=f"{field} = {months:g}, given by the user"
    )


def fold_once(field: str, fold: float, source: str) -> NonNegative:
    """Factor of a lever that acts once. Raises InputError if it is out of range."""
    if not 1e-12 <= fold <= 1e12:
        raise InputError(f"{field}: {fold:g}; allowed: 1e-12 to 1e12")
    return NonNegative(low=fold, nominal=fold, high=fold, basis="assumption", source=source)


EVERYWHERE = tuple(QUANTITIES)
ENERGY = ("joules", "kg_co2e")


def levers(
    forecast: Forecast,
    processor: str,
    precision: str,
    arithmetic: NonNegative,
    algorithms: NonNegative = ALGORITHMS,
    hardware: NonNegative = HARDWARE,
    clean_grid: str = CLEAN_GRID,
) -> tuple[Lever, ...]:
    """The levers that apply to a forecast, yearly ones first.

    Args:
        forecast: The forecast.
        processor: Processor of the forecast's conversion.
        precision: Number format on the processor.
        arithmetic: Factor by which another machine takes less energy for the same training.
        algorithms: Progress of algorithms, as a factor per year.
        hardware: Progress of hardware, as a factor per year.
        clean_grid: Cleaner power grid to move to.
    """
    found = [
        Lever("algorithms", algorithms, EVERYWHERE, yearly=True),
        Lever("hardware", hardware, EVERYWHERE, yearly=True),
        Lever(MEMRISTORS, arithmetic, ENERGY),
        _smaller(forecast),
        _quantised(processor, precision),
        _cheaper(forecast.conversion),
        _cleaner(forecast.conversion, clean_grid),
    ]
    return tuple(lever for lever in found if lever is not None)


def _smaller(forecast: Forecast) -> Lever | None:
    """The best tenth of networks, not the mean, at the median error; None if the error does not fall with FLOP."""
    fit = forecast.fit
    error = float(np.median(fit.points.error))
    best = quantile_fit(fit.points, SMALLER_QUANTILE)
    if best.slope >= 0 or fit.line.slope <= 0:
        return None
    log = fit.line.inverse(float(fit.law.response(error))) - best.log10_flop(error)
    gain = 10 ** max(log, 0.0)
    source = (
        f"computation of the mean line over that of the best {SMALLER_QUANTILE:.0%} of models (quantile regression) "
        f"at an error of {error:.3g}, {best.n} models; low: nothing gained"
    )
    return Lever(
        "smaller networks", NonNegative(low=1.0, nominal=gain, high=gain, basis="derived", source=source), EVERYWHERE
    )


def _quantised(processor: str, precision: str) -> Lever | None:
    """The processor's fastest number format instead of the forecast's."""
    machine = footprint.processor(processor)
    now = machine.flops(precision)
    fastest, best = max(machine.peak_flops.items(), key=lambda item: item[1].nominal)
    if fastest == precision:
        return None
    gain = best.nominal / now.nominal
    source = f"{machine.title}: peak in {fastest} over {precision}, same power; low: too inaccurate"
    return Lever(QUANTISED, NonNegative(low=1.0, nominal=gain, high=gain, basis="derived", source=source), EVERYWHERE)


def _cheaper(conversion: Conversion) -> Lever | None:
    """The lowest rent instead of the nominal one."""
    rent = conversion.figures.get("usd_per_hour")
    if rent is None or rent.low == rent.nominal:
        return None
    gain = rent.nominal / rent.low
    source = f"nominal over lowest rent: {rent.source}"
    return Lever("price", NonNegative(low=1.0, nominal=gain, high=gain, basis="derived", source=source), ("usd",))


def _cleaner(conversion: Conversion, region: str) -> Lever | None:
    """A cleaner grid instead of the forecast's."""
    now, clean = conversion.figures.get("kg_per_kwh"), footprint.grid(region)
    if now is None:
        return None
    bounds = sorted((now.low / clean.kg_per_kwh.high, now.high / clean.kg_per_kwh.low))
    gain = now.nominal / clean.kg_per_kwh.nominal
    source = f"carbon of the forecast's grid over that of {clean.title}: {clean.kg_per_kwh.source}"
    return Lever(
        f"grid of {clean.title}",
        NonNegative(low=bounds[0], nominal=gain, high=bounds[1], basis="derived", source=source),
        ("kg_co2e",),
    )


def pull(
    forecast: Forecast,
    found: tuple[Lever, ...],
    quantity: str = "joules",
    budget: float | None = None,
    from_year: float | None = None,
) -> Levers:
    """Outcomes with no lever, with each alone, with each non-yearly one and both kinds of progress, and with all.

    Args:
        forecast: The forecast.
        found: Levers of the forecast (`levers`).
        quantity: Quantity of the budget, one of QUANTITIES.
        budget: Budget in that quantity; None: the cost of the largest training in the data.
        from_year: Year from which progress counts; None: the last year of the data.

    Raises:
        InputError: The quantity is unknown, the budget is not above 0, or the year is not within 1900 to 3000.
    """
    if quantity not in QUANTITIES:
        raise unknown("quantity", quantity, QUANTITIES)
    scale = forecast.conversion.per_flop()[quantity]
    largest = float(forecast.fit.points.log10_flop.max())
    budget = 10**largest * scale if budget is None else budget
    if not 0 < budget < math.inf:
        raise InputError(f"budget: {budget:g}; allowed: above 0")
    year = _last_year(forecast) if from_year is None else from_year
    if not 1900 <= year <= 3000:
        raise InputError(f"from_year: {year:g}; allowed: 1900 to 3000")
    acting = tuple(lever for lever in found if quantity in lever.quantities)
    progress = tuple(lever for lever in acting if lever.yearly)
    once = [lever for lever in acting if not lever.yearly]
    sets = [("nothing changes", ())]
    sets += [(lever.name, (lever,)) for lever in acting]
    sets += [("progress of both kinds", progress)]
    sets += [(f"progress + {lever.name}", (*progress, lever)) for lever in once]
    sets += [_together(acting)]
    outcomes = tuple(_outcome(forecast, name, pulled, quantity, budget, year) for name, pulled in sets)
    return Levers(quantity, budget, year, found, outcomes)


def _together(acting: tuple[Lever, ...]) -> tuple[str, tuple[Lever, ...]]:
    """All levers at once; another machine's arithmetic replaces the processor's faster number format."""
    if not {MEMRISTORS, QUANTISED} <= {lever.name for lever in acting}:
        return "all of them", acting
    return f"all of them but {QUANTISED}", tuple(lever for lever in acting if lever.name != QUANTISED)


def _last_year(forecast: Forecast) -> float:
    years = forecast.fit.points.year
    if not np.isfinite(years).any():
        raise InputError("from_year: the models of the table have no years; give one")
    return float(np.nanmax(years))


def _outcome(
    forecast: Forecast, name: str, pulled: tuple[Lever, ...], quantity: str, budget: float, year: float
) -> Outcome:
    gain = math.prod((lever.gain.nominal for lever in pulled if not lever.yearly), start=1.0)
    yearly = math.prod((lever.gain.nominal for lever in pulled if lever.yearly), start=1.0)
    shift = math.log10(forecast.conversion.per_flop()[quantity]) - math.log10(gain)
    logs = {"low": forecast.mean.low, "nominal": forecast.log10_flop, "high": forecast.mean.high}
    costs = {bound: None if log is None else log + shift for bound, log in logs.items()}
    low, nominal, high = map(float, forecast.fit.error_at(math.log10(budget) - shift, forecast.level))
    return Outcome(
        name=name,
        gain=gain,
        yearly_gain=yearly,
        cost={bound: None if log is None or log > 308 else 10**log for bound, log in costs.items()},
        reached={bound: _reached(log, budget, yearly, year) for bound, log in costs.items()},
        error={"low": low, "nominal": nominal, "high": high},
    )


def _reached(log_cost: float | None, budget: float, yearly: float, year: float) -> float | None:
    """The year in which a cost that falls by a factor every year reaches the budget."""
    if log_cost is None:
        return None
    missing = log_cost - math.log10(budget)
    if missing <= 0:
        return year
    return year + missing / math.log10(yearly) if yearly > 1 else None
