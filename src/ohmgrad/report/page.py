"""The self-contained report page of a run."""

from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from ohmgrad import files
from ohmgrad.errors import InputError
from ohmgrad.report import template, words

_NEEDED = ("summary.json", "examples.json", "environment.json", "metrics.csv", "weights.safetensors", "recipe.yaml")


def write(folder: Path) -> Path:
    """Write report.html into the folder of a finished run.

    Returns:
        The path of the page.

    Raises:
        InputError: where the folder holds no finished run, or a damaged one.
    """
    for name in _NEEDED:
        if not files.exists(folder / name):
            raise InputError(f"{folder} holds no finished run ({name} is missing)")
    try:
        page = _render(folder)
    except (ValueError, LookupError, TypeError, AttributeError, jinja2.UndefinedError) as error:
        raise InputError(f"{folder} holds a damaged run ({error})") from None
    files.write(folder / "report.html", page)
    files.sweep(folder)
    return folder / "report.html"


def _render(folder: Path) -> str:
    what = f"{folder} holds a damaged run"
    summary, examples, environment = (files.read_json(folder / name, what) for name in _NEEDED[:3])
    metrics = files.read_rows(folder / "metrics.csv", what)
    tensors = files.read_tensors(folder / "weights.safetensors", what)
    tiles = [tensors[name][0] for name in sorted(tensors) if name.endswith("/conductances")]
    curves = {name: _by_arm(metrics, name) for name in ("learning_curve", "loss")}
    if not all(curves.values()) or not isinstance(examples, list) or not environment:
        raise ValueError("a file of it is empty")
    return template.render(
        "page.html.j2",
        words=words,
        summary=summary,
        ledger=summary["ledger"],
        examples=examples,
        environment=environment,
        recipe=files.read(folder / "recipe.yaml", what, files.RECORD_BYTES),
        bills=words.BILLS,
        arms={arm: name for arm, name in words.ARMS.items() if arm in summary["test_accuracy"]},
        pairs=sum(layer.shape[0] * layer.shape[1] for layer in tiles),
        **_pictures(summary, curves, tiles),
    )


def _pictures(summary: dict, curves: dict, tiles: list[np.ndarray]) -> dict[str, Any]:
    """The pictures, by their names in the template, and the function that encodes images as PNG."""
    from ohmgrad.report import pictures

    samples = words.samples(summary)
    accuracy = {"words": pictures.accuracy_by_corruption, "images": pictures.confusion}.get(samples)
    what = f"{'validation' if 'validation_accuracy' in summary else 'test'} {samples}"
    return {
        "png": pictures.png,
        "accuracy": accuracy(summary) if accuracy else None,
        "learning": pictures.learning_curves(curves, what),
        "maps": pictures.conductances(tiles) if tiles else None,
        "energy_picture": pictures.energy(summary["ledger"]),
    }


def _by_arm(rows: list[dict[str, str]], metric: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Epochs and values, of shape (epochs, chips), of one metric, by arm."""
    table: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row["metric"] == metric:
            table.setdefault(row["arm"], {}).setdefault(int(row["epoch"]), []).append(float(row["value"]))
    return {arm: (np.array(list(epochs)), np.array(list(epochs.values()))) for arm, epochs in table.items()}
