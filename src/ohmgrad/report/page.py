"""One self-contained page from a run folder."""

from pathlib import Path

import jinja2
import numpy as np

from ohmgrad import files, pages
from ohmgrad.errors import InputError
from ohmgrad.report import words

_NEEDED = ("summary.json", "examples.json", "environment.json", "metrics.csv", "weights.safetensors", "recipe.yaml")


def write(folder: Path) -> Path:
    """Draw report.html of a finished run; returns its path.

    Raises InputError where the folder holds no finished run.
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
    from ohmgrad.report import pictures

    what = f"{folder} holds a damaged run"
    summary, examples, environment = (files.read_json(folder / name, what) for name in _NEEDED[:3])
    metrics = files.read_rows(folder / "metrics.csv", what)
    tensors = files.read_tensors(folder / "weights.safetensors", what)
    maps = [tensors[name][0] for name in sorted(tensors) if name.endswith("/conductances")]
    curves = {name: _by_arm(metrics, name) for name in ("learning_curve", "loss")}
    if not all(curves.values()) or not examples or not environment:
        raise ValueError("a file of it is empty")
    words_shown = "headline_flips" in summary
    what = f"{'validation' if 'validation_accuracy' in summary else 'test'} {'words' if words_shown else 'images'}"
    return _template().render(
        summary=summary,
        ledger=summary["ledger"],
        examples=examples,
        environment=environment,
        recipe=files.read(folder / "recipe.yaml", what, files.RECORD_BYTES),
        bills=words.BILLS,
        arms={arm: name for arm, name in words.ARMS.items() if arm in summary["test_accuracy"]},
        pairs=sum(tiles.shape[0] * tiles.shape[1] for tiles in maps),
        accuracy=pictures.accuracy_by_corruption(summary) if words_shown else pictures.confusion(summary),
        learning=pictures.learning_curves(curves, what),
        maps=pictures.conductances(maps) if maps else None,
        energy_picture=pictures.energy(summary["ledger"]),
    )


def _by_arm(rows: list[dict[str, str]], metric: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Arm -> (epochs, values of shape (epochs, chips)) of one metric."""
    table: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row["metric"] == metric:
            table.setdefault(row["arm"], {}).setdefault(int(row["epoch"]), []).append(float(row["value"]))
    return {arm: (np.array(list(epochs)), np.array(list(epochs.values()))) for arm, epochs in table.items()}


def _template() -> jinja2.Template:
    environment = pages.environment("report")
    from ohmgrad.report.pictures import png

    environment.filters |= {"png": png} | {"energy": words.energy, "seconds": words.times, "ratio": words.ratio}
    environment.filters |= {"nominal": words.nominal, "capitalize_first": words.capitalized}
    environment.globals |= {
        "lowest": words.lowest,
        "best_alone": words.best_alone,
        "equal_accuracy": words.equal_accuracy,
    }
    environment.globals |= {"span": words.span, "si": words.si, "money": words.money, "settling": words.settling}
    environment.globals |= {"origin": words.origin, "arrays": words.arrays, "failures": words.failures}
    environment.globals |= {"differences": words.differences}
    return environment.get_template("page.html.j2")
