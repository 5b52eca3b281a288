"""The atlas: what rules, networks and ways of writing come to on published devices, from the study `atlas`.

Its results ship with ohmgrad as `atlas.csv`, with `atlas.json` beside it (command, version, date, how much of the
study is done).
"""

import itertools
import json
from functools import cache
from importlib import resources
from io import StringIO
from typing import Any

import pandas as pd
from scipy import stats

from ohmgrad import devices, recipes
from ohmgrad.errors import InputError, unknown
from ohmgrad.recipes import Experiment
from ohmgrad.studies.advice import FIGURES, OPTION, Advisor, figures
from ohmgrad.studies.schema import Settings, alternatives, load

STUDY = "atlas"
COLUMNS = ["device", "scheme", "rule", "network", "task"]
WITH = " with "
"""Between the device and its way of writing in the study's factor `device`."""


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a study over devices in short: one row per device, way of writing, rule, network and task.

    Args:
        table: The table of results; its devices are named "PRESET with SCHEME".

    Returns:
        Mean accuracy of the tuned chips with its 95 % interval over chips (low, high), number of chips, joules and
        seconds of training one chip, joules on the GPU, tuned values, fields at an edge of their space.
    """
    done: Any = table[(table["setting"] == "tuned") & (table["status"] == "done")]
    split = done["device"].str.partition(WITH)
    done = done.assign(device=split[0], scheme=split[2])
    rows = []
    for place, chips in done.groupby(COLUMNS):
        mean, half = chips["accuracy"].mean(), stats.t.ppf(0.975, len(chips) - 1) * chips["accuracy"].sem()
        rows.append(
            dict(zip(COLUMNS, place, strict=True))
            | {"accuracy": mean, "low": max(0.0, mean - half), "high": min(1.0, mean + half), "chips": len(chips)}
            | {name: chips[name].mean() for name in ("joules", "seconds", "gpu_joules")}
            | {name: chips[name].iloc[0] for name in ("chosen", "at_edge")}
        )
    return pd.DataFrame(rows).round(6)


@cache
def shipped() -> pd.DataFrame:
    """The shipped results, as `summary` makes them."""
    text = resources.files("ohmgrad.studies").joinpath("atlas.csv").read_text()
    return pd.read_csv(StringIO(text), keep_default_na=False, na_values=[""])


def about() -> dict[str, Any]:
    """What the shipped results are: cells done and in all, command, version, date."""
    return json.loads(resources.files("ohmgrad.studies").joinpath("atlas.json").read_text())


def chosen(**levels: str | None) -> pd.DataFrame:
    """The shipped results at some levels.

    Args:
        **levels: device, scheme, rule, network or task; None: all.

    Raises:
        InputError: for a level that the atlas does not hold.
    """
    found: Any = shipped()
    for column, level in levels.items():
        if level is None:
            continue
        known = sorted(set(shipped()[column]))
        if level not in known:
            raise unknown(f"{column} of the atlas", level, known)
        found = found[found[column] == level]
    return found


@cache
def advisor() -> Advisor:
    """Advice from the shipped results."""
    names = sorted(set(shipped()["device"]))
    return Advisor(shipped(), {name: figures(devices.load(name).memristor()) for name in names})


def advise(device: str, task: str, number: int = 3) -> dict[str, Any]:
    """Which rule, network and way of writing suit a device, what to expect, and what to improve first.

    Args:
        device: A preset, or the path of a device's YAML file.
        task: A task of the atlas.
        number: Number of choices.

    Returns:
        JSON: device, task, choices (rule, network, scheme, accuracy, low, high, joules), nearest devices, improve
        (figures, by what the expected accuracy of the best choice gains if this figure alone were that of the best
        device of the atlas), score of the method.

    Raises:
        InputError: if there is no such device or task, or no option of the atlas can be built with the device.
    """
    found, own = advisor(), figures(devices.load(device).memristor())
    table: Any = found.choices(own, task)
    fitting = (row for row in table.to_dict("records") if _fits(device, task, row))
    rows = list(itertools.islice(fitting, number))
    if not rows:
        raise InputError(f"no option of the atlas can be built with {device}")
    return {
        "device": device,
        "task": task,
        "choices": rows,
        "nearest": [{"device": name, "distance": distance} for name, distance in found.nearest(own)],
        "improve": _improvements(found, own, task),
        "score": found.score._asdict(),
        "atlas": about(),
    }


def _fits(device: str, task: str, option: dict[str, Any]) -> bool:
    try:
        recipe(device, task, option)
    except InputError:
        return False
    return True


def _improvements(found: Advisor, own: dict[str, float], task: str) -> list[dict[str, Any]]:
    """Gain of the highest expected accuracy for each figure eased alone, largest first."""

    def highest(at: dict[str, float]) -> float:
        return max(found.choices(at, task)["accuracy"])

    rows = []
    for name, value in own.items():
        eased = FIGURES[name].better(value, *(known[name] for known in found.known.values()))
        if eased != value:
            rows.append({"figure": name, "gain": highest(own | {name: eased}) - highest(own)})
    return sorted(rows, key=lambda row: -row["gain"])


def recipe(device: str, task: str, option: dict[str, Any], chips: int = 5) -> Experiment:
    """The recipe of an option of the atlas on a device, with the values tuned on the nearest device that has it.

    Args:
        device: A preset, or the path of a device's YAML file.
        task: A task of the atlas.
        option: rule, network and scheme.
        chips: Number of chips.

    Raises:
        InputError: if it cannot be built with this device.
    """
    study = load(STUDY)
    levels = {name: alternatives(name, factor) for name, factor in study.factors.items()}
    written = next(each for name, each in levels["device"].items() if name.endswith(f"{WITH}{option['scheme']}"))
    fields: Settings = dict(study.settings)
    for name, level in (("task", task), ("network", option["network"]), ("rule", option["rule"])):
        fields |= levels[name][level]
    fields |= {"hardware.write": written["hardware.write"], "hardware.device": {"preset": device}}
    fields |= _tuned(device, task, option) | {"training.seeds": chips}
    return recipes.load(study.recipe, [f"{name}={json.dumps(value)}" for name, value in fields.items()])


def _tuned(device: str, task: str, option: dict[str, Any]) -> Settings:
    """The values tuned for an option on the most similar device that the atlas has it on."""
    rows: Any = chosen(task=task, **{name: option[name] for name in OPTION})
    order = [name for name, _ in advisor().nearest(figures(devices.load(device).memristor()), len(advisor().names))]
    nearest = min(rows.to_dict("records"), key=lambda row: order.index(row["device"]))
    return json.loads(nearest["chosen"])
