"""The atlas and the advice drawn from it, in sentences and tables for the terminal."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from rich.console import Console

from ohmgrad.report.numbers import energy, percent
from ohmgrad.report.tables import plain

_MOST = 12
"""Most rows of a ranking."""


def state(about: dict[str, Any]) -> str:
    """How much of the atlas there is, in one sentence."""
    whole = "all" if about["cells"] == about["of"] else f"so far {about['cells']:,}"
    return f"atlas: {whole} of {about['of']:,} cells, {about['chips']} chips each, {about['date']} ({about['command']})"


def answer(found: pd.DataFrame) -> list[str]:
    """The best option for each network and task of a part of the atlas, in sentences.

    Options whose intervals overlap with that of the best are said to be not told apart from it.

    Args:
        found: Rows of the atlas.
    """
    sentences = []
    rows: Any = found.sort_values("accuracy", ascending=False)
    for (network, task), group in rows.groupby(["network", "task"], sort=False):
        first, *others = group.to_dict("records")
        other = next((row for row in others if row["rule"] != first["rule"]), None)
        behind = f"; the next rule is {other['rule']} with {_rated(other)}" if other else ""
        alike = sum(row["high"] >= first["low"] for row in others)
        sentences.append(
            f"{network}, {task}: {first['rule']} is best, {_rated(first)} right answers on {first['device']} written "
            f"with {first['scheme']}{behind}; {alike} of {len(others)} other options are not told apart from the best"
        )
    return sentences


def _rated(row: dict[str, Any]) -> str:
    mean, low, high = (f"{100 * row[name]:.1f}" for name in ("accuracy", "low", "high"))
    return f"{mean} [{low}, {high}] %"


def show(console: Console, found: pd.DataFrame, about: dict[str, Any]) -> None:
    """Print a part of the atlas: the best in sentences, then a ranking.

    Args:
        console: The terminal.
        found: Rows of the atlas.
        about: What the atlas is.
    """
    for sentence in answer(found):
        console.print(sentence, highlight=False, markup=False)
    rows: Any = found.sort_values("accuracy", ascending=False)
    _ranked(console, rows.head(_MOST).to_dict("records"))
    if len(rows) > _MOST:
        plain(console, f"{len(rows) - _MOST:,} more in JSON")
    plain(console, state(about))


def _ranked(console: Console, rows: Iterable[dict[str, Any]]) -> None:
    """A line for each option; those of the atlas name their device."""
    for place, row in enumerate(rows, 1):
        device = f"{row['device']}, " if "device" in row else ""
        option = f"{row['rule']} on {row['network']}, {device}{row['scheme']}, {row['task']}"
        plain(console, f"  {place:2}. {_rated(row)} right, {energy(row['joules'])}: {option}")


def show_advice(console: Console, advice: dict[str, Any]) -> None:
    """Print advice for a device.

    Args:
        console: The terminal.
        advice: The advice, as `studies.atlas.advise` gives it.
    """
    plain(console, f"for {advice['device']}, expected [95 % of devices left out], and joules of training one chip:")
    _ranked(console, [each | {"task": advice["task"]} for each in advice["choices"]])
    near = ", ".join(f"{each['device']} ({each['distance']:.1f})" for each in advice["nearest"])
    plain(console, f"most similar devices (distance in standard deviations): {near}")
    gains = [each for each in advice["improve"] if each["gain"] > 0.001]
    if gains:
        words = ", ".join(f"{each['figure']} ({100 * each['gain']:+.1f} points)" for each in gains[:3])
        plain(console, f"improve first, if it alone became as good as the best of the atlas: {words}")
    else:
        plain(console, "improve first: no figure alone would gain a tenth of a point")
    score = advice["score"]
    plain(
        console,
        f"the method, each of {score['devices']} devices left out: its first choice is within 2 points of the best in "
        f"{percent(score['near_best'])} of cases, {100 * score['mean_loss']:.1f} points below it in the mean",
    )
    for check in advice.get("check", []):
        plain(console, f"trained: {check['rule']}, {check['network']}, {check['scheme']}: {_rated(check)}")
    plain(console, state(advice["atlas"]))
