"""A statement in CodeCarbon's columns, for tools that read its emissions.csv."""

import csv
import io
import platform

COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate"),
    *("cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    *("country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os", "python_version"),
    *("codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude"),
    *("ram_total_size", "tracking_mode", "on_cloud", "pue"),
)
"""CodeCarbon's own, in its order (emissions.csv of release 2). Energy is in kWh, emissions in kg, duration in s."""
EXTRA = ("ohmgrad_source", "ohmgrad_bound")
"""Whether a row is modelled or measured, and the bound of the figures that it adds up."""


def emissions_csv(table: dict, recipe: str, timestamp: str, version: str) -> str:
    """One row for each machine of a statement and each bound; columns that mean nothing here are empty."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS + EXTRA, restval="", lineterminator="\n")
    rows.writeheader()
    site = table["footprint"]["site"]
    for name in ("chip", "gpu", "gpu_backprop"):
        if name not in table:
            continue
        for bound in ("low", "nominal", "high"):
            upkeep, seconds = table["footprint"][name], table[name]["seconds"][bound]
            kilowatt_hours, kilograms = upkeep["kilowatt_hours"][bound], upkeep["carbon_kilograms"][bound]
            watts = table[name]["energy_joules"][bound] / seconds if seconds else ""
            rows.writerow(
                {
                    "timestamp": timestamp,
                    "project_name": f"ohmgrad {recipe}",
                    "run_id": name,
                    "experiment_id": table["what"],
                    "duration": seconds,
                    "emissions": kilograms,
                    "emissions_rate": kilograms / seconds if seconds else "",
                    "gpu_power": watts,
                    "gpu_energy": kilowatt_hours,
                    "energy_consumed": kilowatt_hours,
                    "country_name": site["title"],
                    "country_iso_code": site["country_iso_code"],
                    "region": site["region"],
                    "os": platform.platform(),
                    "python_version": platform.python_version(),
                    "codecarbon_version": f"none: ohmgrad {version}",
                    "gpu_count": 1,
                    "gpu_model": table[name]["machine"],
                    "tracking_mode": "modelled",
                    "on_cloud": "Y" if ":" in site["region"] else "N",
                    "pue": site["pue"][bound],
                    "ohmgrad_source": "modelled",
                    "ohmgrad_bound": bound,
                }
            )
    return text.getvalue()
