"""Conversion of FLOP to money, energy, carbon and hardware time, by the published constants or by today's figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ohmgrad import footprint
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import NonNegative
from ohmgrad_limits.data import utilisation

QUANTITIES = {"usd": "USD", "kg_co2e": "kg CO2e", "joules": "J", "hardware_years": "processor-years"}
SECONDS_PER_YEAR = 365.25 * 86_400
JOULES_PER_KWH = 3.6e6
KG_PER_LB = 0.45359237
Values = dict[str, float]


@dataclass(frozen=True)
class Conversion:
    """Named figures, and a formula for every quantity per FLOP."""

    name: str
    title: str
    figures: dict[str, NonNegative]
    units: dict[str, str]
    formula: Callable[[Values], Values]

    def per_flop(self, changed: Mapping[str, float] | None = None) -> Values:
        """The quantities per FLOP, at nominal figures except the given ones."""
        return self.formula({name: figure.nominal for name, figure in self.figures.items()} | dict(changed or {}))

    def bounds(self, name: str) -> dict[str, tuple[float, float]]:
        """Each quantity at a figure's low and high, relative to its value at the nominal."""
        nominal = self.per_flop()
        ends = [self.per_flop({name: bound}) for bound in (self.figures[name].low, self.figures[name].high)]
        return {quantity: (ends[0][quantity] / each, ends[1][quantity] / each) for quantity, each in nominal.items()}


LEGACY_UNITS = {
    "flop_per_usd": "FLOP/USD",
    "flop_per_lb_co2e": "FLOP/lb",
    "lb_co2e_per_kwh": "lb/kWh",
    "peak_flops": "FLOP/s",
}


def legacy() -> Conversion:
    """The constants of the published forecasts (V100s at a pre-emptible price)."""
    paper = "Thompson et al., arXiv:2007.05558"
    figures = {
        "flop_per_usd": _exact(
            68_740_540_540_540_600.0, "published", f"{paper}: 14,130 GFLOP/s (V100, FP32) for 3600 s / 0.74 USD an hour"
        ),
        "flop_per_lb_co2e": _exact(
            349_756_347_991_684_000.0,
            "published",
            f"{paper}; 0.14544 lb CO2e per V100-hour, its derivation is unresolved",
        ),
        "lb_co2e_per_kwh": _exact(
            0.954, "published", "EPA 2018, as used by Strubell et al. 2019; joules follow from CO2e"
        ),
        "peak_flops": _exact(14.13e12, "published", f"{paper}: V100, FP32"),
    }
    return Conversion(
        "legacy", "the published constants: V100, FP32, pre-emptible price of 2019", figures, LEGACY_UNITS, _legacy
    )


def _exact(value: float, basis, source: str) -> NonNegative:
    return NonNegative(low=value, nominal=value, high=value, basis=basis, source=source)


def _legacy(v: Values) -> Values:
    kilograms = KG_PER_LB / v["flop_per_lb_co2e"]
    return {
        "usd": 1 / v["flop_per_usd"],
        "kg_co2e": kilograms,
        "joules": JOULES_PER_KWH / v["flop_per_lb_co2e"] / v["lb_co2e_per_kwh"],
        "hardware_years": 1 / v["peak_flops"] / SECONDS_PER_YEAR,
    }


UNITS = {
    "peak_flops": "FLOP/s",
    "utilisation": "of peak",
    "watts": "W",
    "pue": "W/W",
    "kg_per_kwh": "kg CO2e/kWh",
    "usd_per_hour": "USD/h",
}


def today(
    measure: str,
    processor: str = "h100-sxm",
    precision: str = "fp16",
    region: str = "world",
    given: Mapping[str, float] | None = None,
) -> Conversion:
    """Conversion by a present-day processor, its rent, the overhead of a data centre, and a power grid.

    A hardware burden is counted at peak, so its utilisation is 1 by definition. Operations use the utilisation of real
    trainings.

    Args:
        measure: Measure of the FLOP, one of MEASURES.
        processor: Name of a processor (`ohmgrad.footprint`), or path of a YAML file.
        precision: Number format whose peak is used.
        region: Power grid.
        given: Figures that replace the defaults, with the names and units of UNITS.

    Raises:
        InputError: A name is unknown, or a value is out of range.
    """
    machine, grid = footprint.processor(processor), footprint.grid(region)
    counted = measure in ("hardware-burden", "consolidated")
    at_peak = _exact(1.0, "derived", "a hardware burden is counted at the processors' peak")
    figures: dict[str, NonNegative] = {
        "peak_flops": machine.flops(precision),
        "utilisation": at_peak if counted else utilisation(),
        "watts": machine.watts,
        "pue": footprint.PUE,
        "kg_per_kwh": grid.kg_per_kwh,
        "usd_per_hour": machine.usd_per_hour,
    }
    for name, value in (given or {}).items():
        figures[name] = _given(name, value)
    title = f"{machine.title}, {precision}, rented by the hour; electricity of {grid.title}"
    return Conversion("today", title, figures, UNITS, _today)


def _given(name: str, value: float) -> NonNegative:
    if name not in UNITS:
        raise unknown("figure", name, UNITS)
    if not 1e-12 <= value <= 1e12:
        raise InputError(f"{name}: {value:g}; allowed: above 0 (1e-12 to 1e12)")
    if name == "pue" and value < 1:
        raise InputError(f"pue: {value:g}; allowed: 1 or more")
    if name == "utilisation" and value > 1:
        raise InputError(f"utilisation: {value:g}; allowed: up to 1")
    return _exact(value, "assumption", "given by the user")


def _today(v: Values) -> Values:
    seconds = 1 / (v["peak_flops"] * v["utilisation"])
    joules = seconds * v["watts"] * v["pue"]
    return {
        "usd": seconds / 3600 * v["usd_per_hour"],
        "kg_co2e": joules / JOULES_PER_KWH * v["kg_per_kwh"],
        "joules": joules,
        "hardware_years": seconds / SECONDS_PER_YEAR,
    }
