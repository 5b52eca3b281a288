"""The table of a study for its page: one row per cell and setting, and what was tuned."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from pandas import DataFrame

from ohmgrad.report.study_words import chosen, level

_PLACES = ("network", "task", "device")
_MEASURES = {
    "unsettled": ("unsettled (%)", 100.0),
    "joules": ("joules", 1.0),
    "seconds": ("seconds", 1.0),
    "gpu_joules": ("GPU joules", 1.0),
    "gpu_seconds": ("GPU seconds", 1.0),
    "pulses_per_device": ("pulses per device", 1.0),
    "unverified": ("unverified (%)", 100.0),
}
"""Mean measures: column of the table, its head, and the factor on its values."""

_WORDS = ("chosen values", "at an edge", "why it failed", "how to repeat it")
"""Heads of the last columns."""


def rows(table: DataFrame) -> list[dict]:
    """The table's rows as dicts."""
    return table.to_dict("records")  # pyright: ignore[reportReturnType]


def summarised(records: list[dict], study: dict, findings: dict) -> dict:
    """One row per cell and setting, without columns that say nothing.

    Args:
        records: The rows of the table.
        study: The study.
        findings: Its findings.

    Returns:
        "heads"; "words" and "measured" (how many columns come before the measures, and before the words after them);
        "rows" (lists of texts, as long as the heads); "same" (level of each column left out because all rows agree).
    """
    named = dict.fromkeys((findings["compared"], *_PLACES, *study["factors"], "sweep", "level", "setting"))
    names = [name for name in named if records and name in records[0]]
    distinct = {name: {level(record[name]) for record in records} for name in names}
    same = {name: min(distinct[name]) for name in names[1:] if len(distinct[name]) == 1}
    kept = [name for name in names if name not in same]
    groups: dict[tuple, list[dict]] = {}
    for record in records:
        groups.setdefault((record["cell"], record["setting"]), []).append(record)
    made = [
        {name: level(group[0][name]) for name in kept} | _measures(group, study["reproduce"].get(cell, ""))
        for (cell, _), group in groups.items()
    ]
    heads = [head for head in made[0] if head in kept or any(row[head] for row in made)] if made else []
    shown = {name: text for name, text in same.items() if text}
    return {
        "heads": heads,
        "words": len(kept),
        "measured": sum(head not in _WORDS for head in heads),
        "rows": [[row[head] for head in heads] for row in made],
        "same": shown,
    }


def _measures(group: list[dict], reproduce: str) -> dict[str, str]:
    """The measures of a cell and setting, by their heads; empty texts where there is nothing to say."""
    accuracy = 100 * _numbers(group, "accuracy")
    done = sum(record["status"] == "done" for record in group)
    texts = {"runs": str(done), "failed": str(len(group) - done) if done < len(group) else ""}
    for head, value in (("right (%)", np.mean), ("lowest", np.min), ("highest", np.max)):
        texts[head] = f"{value(accuracy):.2f}" if accuracy.size else ""
    for name, (head, scale) in _MEASURES.items():
        values = _numbers(group, name)
        texts[head] = f"{scale * values.mean():.3g}" if values.size else ""
    settings = json.loads(level(group[0]["chosen"]) or "{}")
    values = "; ".join(f"{field} {json.dumps(value)}" for field, value in settings.items())
    reasons = "; ".join(dict.fromkeys(filter(None, (level(record["reason"]) for record in group))))
    return texts | dict(zip(_WORDS, (values, level(group[0]["at_edge"]), reasons, reproduce), strict=True))


def _numbers(group: Iterable[dict], name: str) -> np.ndarray:
    values = np.array([record.get(name, np.nan) for record in group], float)
    return values[np.isfinite(values)]


def tuned(records: list[dict], study: dict, compared: str) -> list[list[str]]:
    """Rows of what was tuned: rule, field, its space, chosen values, and how many lie at an edge of the space."""
    cells = {record["cell"]: record for record in records if record["setting"] == "tuned"}
    found: dict[tuple[str, str], list[tuple[Any, bool]]] = {}
    for record in cells.values():
        edges = [edge.strip() for edge in level(record["at_edge"]).split(",")]
        for field, value in json.loads(level(record["chosen"]) or "{}").items():
            found.setdefault((str(record[compared]), field), []).append((value, field in edges))
    made = []
    for (rule, field), values in found.items():
        space = study["tuning"]["spaces"].get(rule, {}).get(field)
        space = space or study["tuning"]["spaces"].get("every", {}).get(field, "")
        edge = f"{sum(at for _, at in values):,} of {len(values):,}"
        made.append([rule, field, space, chosen([value for value, _ in values]), edge])
    return made
