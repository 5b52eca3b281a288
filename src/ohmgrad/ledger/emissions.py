"""A statement as a table in CodeCarbon's format, for tools that read its emissions.csv."""

import csv
import io
import platform

from ohmgrad.footprint.power import JOULES_PER_KWH

COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate"),
    *("cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    *(
        "water_consumed",
        "country_name",
        "country_iso_code",
        "region",
        "cloud_provider",
        "cloud_region",
        "os",
        "python_version",
    ),
    *("codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude"),
    *("ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent"),
    *("ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue"),
)
"""CodeCarbon's columns, in order (EmissionsData of release 3.3). Energy is in kWh, emissions in kg, duration in s."""
EXTRA = ("ohmgrad_source", "ohmgrad_bound")
"""Additional columns: modelled or measured, and the bound (low, nominal, high) of the row's figures."""


def emissions_csv(table: dict, recipe: str, timestamp: str, version: str) -> str:
    """The CSV text of a statement: a row per machine and bound, and per measured window.

    Columns that do not apply are empty.

    Args:
        table: The statement (`statement.statement`), with its measurement, if any.
        recipe: Name of the recipe.
        timestamp: Time of the statement.
        version: Version of ohmgrad.
    """
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS + EXTRA, restval="", lineterminator="\n")
    rows.writeheader()
    common = _common(table, recipe, timestamp, version)
    for name in ("chip", "digital", "digital_backprop"):
        for bound in ("low", "nominal", "high") if name in table else ():
            rows.writerow(common | _modelled(table, name, bound))
    for name, window in table.get("measured", {}).get("windows", {}).items():
        rows.writerow(common | _measured(table["footprint"]["site"], name, window))
    return text.getvalue()


def _common(table: dict, recipe: str, timestamp: str, version: str) -> dict:
    site = table["footprint"]["site"]
    provider, colon, region = site["region"].partition(":")
    cloud = {"cloud_provider": provider, "cloud_region": region} if colon else {}
    return cloud | {
        "timestamp": timestamp,
        "project_name": f"ohmgrad {recipe}",
        "experiment_id": table["what"],
        "country_name": site["title"],
        "country_iso_code": site["country_iso_code"],
        "region": site["region"],
        "os": platform.platform(),
        "python_version": platform.python_version(),
        "codecarbon_version": f"none: ohmgrad {version}",
        "on_cloud": "Y" if colon else "N",
    }


def _modelled(table: dict, name: str, bound: str) -> dict:
    upkeep, site = table["footprint"][name], table["footprint"]["site"]
    joules, seconds = table[name]["energy_joules"][bound], table[name]["seconds"][bound]
    utilisation = table[name]["utilisation"] if bound == "nominal" else None
    energy = {"gpu_energy": upkeep["kilowatt_hours"][bound], "gpu_power": joules / seconds if seconds else ""}
    return _row(name, seconds, upkeep["kilowatt_hours"][bound], upkeep["carbon_kilograms"][bound]) | {
        **energy,
        "gpu_count": 1,
        "gpu_model": table[name]["machine"],
        "gpu_utilization_percent": "" if utilisation is None else 100 * utilisation,
        "tracking_mode": "modelled",
        "pue": site["pue"][bound],
        "ohmgrad_source": "modelled",
        "ohmgrad_bound": bound,
    }


def _measured(site: dict, name: str, window: dict) -> dict:
    """A measured window: joules of the counters, carbon at the nominal intensity and overhead."""
    overhead = site["pue"]["nominal"]
    hours = {
        f"{kind}_energy": sum(j for device, j in window["by_device"].items() if device.startswith(prefix))
        * overhead
        / JOULES_PER_KWH
        for kind, prefix in (("gpu", "gpu"), ("cpu", "cpu"), ("ram", "dram"))
    }
    total = sum(hours.values())
    return _row(name, window["seconds"], total, total * site["kg_per_kwh"]["nominal"]) | {
        **hours,
        "tracking_mode": "machine",
        "pue": overhead,
        "ohmgrad_source": "measured",
        "ohmgrad_bound": "nominal",
    }


def _row(name: str, seconds: float, kilowatt_hours: float, kilograms: float) -> dict:
    return {
        "run_id": name,
        "duration": seconds,
        "emissions": kilograms,
        "emissions_rate": kilograms / seconds if seconds else "",
        "energy_consumed": kilowatt_hours,
    }
