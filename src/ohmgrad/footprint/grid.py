"""Carbon intensity of electricity by region, from the tables of CodeCarbon (MIT, `codecarbon/LICENSE`)."""

import csv
import json
from functools import cache
from importlib.resources import files
from typing import Literal

from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import NonNegative, Strict

_FOLDER = files("ohmgrad.footprint").joinpath("codecarbon")
_POUND = 0.45359237  # kg, by definition
_TABLES = "CodeCarbon's tables (mlco2/codecarbon @b05965e)"
_SPREAD = 0.3
"""Relative deviation of an hour or a year from the mean of the table's year: an assumption."""
_SOURCES = {
    "naturalGas": "natural_gas",
    "nuclear": "nuclear",
    "petroleum": "petroleum",
    "biomass": "biomass",
    "coal": "coal",
    "solar": "solar",
    "wind": "wind",
    "hydro": "hydroelectricity",
}
_BIOMASS_GRAMS = 230.0  # CodeCarbon's table has none; believed to be the median of IPCC AR5, WG III, annex III
WORLD = "world"


class Grid(Strict):
    """Carbon intensity of the electricity of one region.

    Attributes:
        region: Code of the region, as `grid` takes it.
        title: Name of the region.
        kind: What kind of region it is; "given": none, the intensity was given.
        year: Year of the data; None where the table does not say.
        kg_per_kwh: Kilograms of CO2e per kilowatt-hour.
        country_iso_code: ISO code of three letters; empty for the world.
    """

    region: str
    title: str
    kind: Literal["world", "country", "US state", "Canadian province", "cloud region", "given"]
    year: int | None
    kg_per_kwh: NonNegative
    country_iso_code: str


def grid(region: str = WORLD) -> Grid:
    """Look up the grid of a region.

    Args:
        region: A country (ISO code of three letters, such as DEU), a US state (US-CA), a Canadian province (CA-QC), a
            cloud region (gcp:europe-west1), or world.

    Raises:
        InputError: where the region is not known; suggests the most similar one.
    """
    by_code = {name.lower(): each for name, each in _grids().items()}
    if region.lower() in by_code:
        return by_code[region.lower()]
    if len(region) == 2 and region.isalpha():
        raise InputError(f"region '{region}': countries have ISO codes of three letters, such as USA, DEU, CHN")
    error = unknown("region", region, _grids())
    raise InputError(
        f"{str(error).partition('known:')[0].strip()} allowed: world, a country's ISO code such as DEU, "
        "US-CA, CA-QC, gcp:europe-west1"
    )


def given_grid(kg_per_kwh: NonNegative) -> Grid:
    """A grid of a given carbon intensity, without a region."""
    return Grid(region="", title="given", kind="given", year=None, kg_per_kwh=kg_per_kwh, country_iso_code="")


def regions() -> list[str]:
    """Codes of all regions that `grid` takes."""
    return list(_grids())


@cache
def _grids() -> dict[str, Grid]:
    grids = [_world(), *_countries(), *_states(), *_provinces(), *_clouds()]
    return {grid.region: grid for grid in grids}


def _table(name: str) -> dict:
    return json.loads(_FOLDER.joinpath(name).read_text(encoding="utf-8"))


def _around(grams: float, source: str) -> NonNegative:
    """Grams per kWh as a figure in kilograms, with the assumed bounds."""
    kilograms = grams / 1000
    bounds = f"bounds: {_SPREAD:.0%} either way, assumption for hours and years beside the mean"
    return NonNegative(
        low=(1 - _SPREAD) * kilograms,
        nominal=kilograms,
        high=(1 + _SPREAD) * kilograms,
        basis="published",
        source=f"{source}; {bounds}",
    )


def _world() -> Grid:
    table = _table("carbon_intensity_per_source.json")
    source = f"world average, IEA, Global Energy and CO2 Status Report 2019, in {_TABLES}"
    figure = _around(float(table["world_average"]), source)
    return Grid(region=WORLD, title="world", kind="world", year=2019, kg_per_kwh=figure, country_iso_code="")


def _countries() -> list[Grid]:
    grids = []
    for code, row in sorted(_table("global_energy_mix.json").items()):
        if row.get("carbon_intensity"):
            figure = _around(float(row["carbon_intensity"]), f"mean of {row['year']}, Our World in Data, in {_TABLES}")
            grids.append(
                Grid(
                    region=code,
                    title=row["country_name"],
                    kind="country",
                    year=row["year"],
                    kg_per_kwh=figure,
                    country_iso_code=code,
                )
            )
    return grids


def _states() -> list[Grid]:
    """US states; the table has pounds per megawatt-hour, as the EPA publishes them."""
    grids = []
    for name, row in sorted(_table("usa_emissions.json").items()):
        if isinstance(row["emissions"], float):
            figure = _around(row["emissions"] * _POUND, f"US EPA eGRID, in pounds per MWh in {_TABLES}")
            region = f"US-{row['regionCode']}"
            grids.append(
                Grid(
                    region=region,
                    title=name.title(),
                    kind="US state",
                    year=None,
                    kg_per_kwh=figure,
                    country_iso_code="USA",
                )
            )
    return grids


_PROVINCES = {
    "alberta": "AB",
    "british columbia": "BC",
    "manitoba": "MB",
    "new brunswick": "NB",
    "newfoundland and labrador": "NL",
    "northwest territories": "NT",
    "nova scotia": "NS",
    "nunavut": "NU",
    "ontario": "ON",
    "prince edward island": "PE",
    "quebec": "QC",
    "saskatchewan": "SK",
    "yukon": "YT",
}


def _provinces() -> list[Grid]:
    """Canadian provinces: the mix of their sources, times the intensity of each."""
    grams = {**_table("carbon_intensity_per_source.json"), "biomass": _BIOMASS_GRAMS}
    grids = []
    for name, mix in sorted(_table("canada_energy_mix.json").items()):
        total = sum(share * grams[_SOURCES[source]] for source, share in mix.items() if source in _SOURCES)
        figure = _around(
            total / 100,
            f"mix of sources by their intensity, both in {_TABLES}; biomass {_BIOMASS_GRAMS:g} g, from memory",
        )
        derived = figure.model_copy(update={"basis": "derived"})
        grids.append(
            Grid(
                region=f"CA-{_PROVINCES[name]}",
                title=name.title(),
                kind="Canadian province",
                year=None,
                kg_per_kwh=derived,
                country_iso_code="CAN",
            )
        )
    return grids


def _clouds() -> list[Grid]:
    rows = csv.DictReader(_FOLDER.joinpath("impact.csv").read_text(encoding="utf-8-sig").splitlines())
    return [
        Grid(
            region=f"{row['provider']}:{row['region']}",
            title=f"{row['providerName']}, {row['city']}",
            kind="cloud region",
            year=None,
            kg_per_kwh=_around(float(row["impact"]), f"{row['source']}, in {_TABLES}"),
            country_iso_code=row["countryIsoCode"],
        )
        for row in rows
    ]
