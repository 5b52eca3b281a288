"""One self-contained page from a run folder."""

import csv
import json
from pathlib import Path

import jinja2
import numpy as np
from safetensors.numpy import load_file

from ohmgrad import files
from ohmgrad.errors import InputError
from ohmgrad.report import words


def write(folder: Path) -> Path:
    """Draw report.html of a finished run; returns its path.

    Raises InputError where the folder holds no finished run.
    """
    try:
        summary, examples, environment = (
            json.loads((folder / name).read_text()) for name in ("summary.json", "examples.json", "environment.json")
        )
        metrics = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
        recipe = (folder / "recipe.yaml").read_text()
        tensors = load_file(folder / "weights.safetensors")
    except OSError as error:
        raise InputError(f"{folder} holds no finished run ({Path(str(error.filename)).name} is missing)") from None
    except ValueError as error:
        raise InputError(f"{folder} holds a damaged run ({error})") from None

    from ohmgrad.report import pictures

    flips = summary["headline_flips"]
    maps = [tensors[name][0] for name in sorted(tensors) if name.endswith("/conductances")]
    page = _template().render(
        summary=summary,
        ledger=summary["ledger"],
        examples=examples,
        environment=environment,
        recipe=recipe,
        arms=words.ARMS,
        accuracy=pictures.accuracy_by_corruption(summary),
        learning=pictures.learning_curves({name: _by_arm(metrics, name) for name in ("learning_curve", "loss")}, flips),
        maps=pictures.conductances(maps),
        energy_picture=pictures.energy(summary["ledger"]),
    )
    files.write(folder / "report.html", page)
    return folder / "report.html"


def _by_arm(rows: list[dict[str, str]], metric: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Arm -> (epochs, values of shape (epochs, chips)) of one metric."""
    table: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row["metric"] == metric:
            table.setdefault(row["arm"], {}).setdefault(int(row["epoch"]), []).append(float(row["value"]))
    return {arm: (np.array(list(epochs)), np.array(list(epochs.values()))) for arm, epochs in table.items()}


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ohmgrad", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"energy": words.energy, "seconds": words.times, "ratio": words.ratio}
    environment.globals |= {"span": words.span, "si": words.si, "settling": words.settling}
    return environment.get_template("page.html.j2")
