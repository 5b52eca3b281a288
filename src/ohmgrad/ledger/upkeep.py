"""From joules and seconds of a machine to kilowatt-hours at the meter, carbon and money."""

from typing import NamedTuple

from ohmgrad.footprint import PUE, Grid, Processor, usd_per_kwh
from ohmgrad.footprint.power import JOULES_PER_KWH
from ohmgrad.ledger.bill import Bill
from ohmgrad.quantity import NonNegative, Range


class Site(NamedTuple):
    """The site of a machine: its grid, the overhead of the building (PUE), the price of electricity per kWh."""

    grid: Grid
    pue: NonNegative = PUE
    usd_per_kwh: NonNegative = usd_per_kwh

    def as_dict(self) -> dict:
        """The site as plain values, for JSON."""
        figures = {"kg_per_kwh": self.grid.kg_per_kwh, "pue": self.pue, "usd_per_kwh": self.usd_per_kwh}
        described = {name: figure.model_dump() for name, figure in figures.items()}
        place = {name: getattr(self.grid, name) for name in ("region", "title", "country_iso_code", "year")}
        return place | described


class Upkeep(NamedTuple):
    """Electricity, carbon and money of one bill, modelled from its joules and seconds.

    Attributes:
        kilowatt_hours: Energy at the meter, overhead included.
        carbon_kilograms: CO2e of that energy.
        electricity_usd: Price of that energy.
        rent_usd: Rent of the machine for the time; None where it cannot be rented.
        embodied_kilograms: Share, by time, of the CO2e of manufacturing the machine; None where no source is known.
    """

    kilowatt_hours: Range
    carbon_kilograms: Range
    electricity_usd: Range
    rent_usd: Range | None = None
    embodied_kilograms: Range | None = None

    def as_dict(self) -> dict:
        """The upkeep as plain values, for JSON."""
        return {name: None if value is None else value._asdict() for name, value in self._asdict().items()}


def upkeep(bill: Bill, site: Site, machine: Processor | None = None) -> Upkeep:
    """Electricity, carbon and money of a bill at a site.

    Args:
        bill: The bill.
        site: Where the machine is.
        machine: The processor that the bill is of; None for a chip, which has no rent.
    """
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
