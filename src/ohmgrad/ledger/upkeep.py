"""What joules and seconds mean outside of the machine: kilowatt-hours at the meter, carbon, money."""

from typing import NamedTuple

from ohmgrad.footprint import PUE, Grid, Processor, usd_per_kwh
from ohmgrad.footprint.power import JOULES_PER_KWH
from ohmgrad.ledger.bill import Bill
from ohmgrad.quantity import NonNegative, Range


class Site(NamedTuple):
    """Where machines stand: the grid, the overhead of the building, the price of electricity."""

    grid: Grid
    pue: NonNegative = PUE
    usd_per_kwh: NonNegative = usd_per_kwh

    def as_dict(self) -> dict:
        """For JSON."""
        figures = {"kg_per_kwh": self.grid.kg_per_kwh, "pue": self.pue, "usd_per_kwh": self.usd_per_kwh}
        described = {name: figure.model_dump() for name, figure in figures.items()}
        place = {name: getattr(self.grid, name) for name in ("region", "title", "country_iso_code", "year")}
        return place | described


class Upkeep(NamedTuple):
    """Of one bill: all of it modelled from its joules and seconds."""

    kilowatt_hours: Range
    """At the meter, overhead included."""
    carbon_kilograms: Range
    electricity_usd: Range
    rent_usd: Range | None = None
    """Of the machine for the time, where it can be rented."""
    embodied_kilograms: Range | None = None
    """The share of what making the machine emitted, by time; none where no source is known."""

    def as_dict(self) -> dict:
        """For JSON."""
        return {name: None if value is None else value._asdict() for name, value in self._asdict().items()}


def upkeep(bill: Bill, site: Site, machine: Processor | None = None) -> Upkeep:
    """What a bill means at a site. `machine` is the processor that the bill is of; a chip has no rent."""
    hours_at_meter = bill.joules * (1 / JOULES_PER_KWH) * Range.of(site.pue)
    rent = embodied = None
    if machine is not None:
        hours = bill.seconds * (1 / 3600)
        rent = hours * Range.of(machine.usd_per_hour)
        if machine.embodied_kilograms is not None and machine.life_hours is not None:
            embodied = (
                hours * Range.of(machine.embodied_kilograms) * Range(1.0, 1.0, 1.0).over(Range.of(machine.life_hours))
            )
    return Upkeep(
        hours_at_meter,
        hours_at_meter * Range.of(site.grid.kg_per_kwh),
        hours_at_meter * Range.of(site.usd_per_kwh),
        rent,
        embodied,
    )
