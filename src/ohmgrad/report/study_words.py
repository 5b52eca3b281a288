"""Names and sentences about a study, the same in the terminal and on its page."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ohmgrad.report.numbers import capitalized, number, percentage, share

BASELINE = "backprop"
"""What the name of a rule that the others are measured by contains."""


def level(value: Any) -> str:
    """A level of a factor or sweep as text; empty for none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.12g}"
    return str(value)


def place(where: Mapping[str, Any], varying: Iterable[str]) -> str:
    """A block in a few words: its levels of the columns that vary, and its swept limit.

    Args:
        where: The block's level of each column.
        varying: The columns to name.
    """
    parts = [level(where.get(column)) for column in varying if column not in ("sweep", "level")]
    if swept := level(where.get("sweep")):
        parts.append(f"{swept} {level(where.get('level'))}")
    return ", ".join(part for part in parts if part)


def varying(cells: Iterable[dict]) -> list[str]:
    """The columns in which the blocks of the findings' cells differ, in order."""
    seen: dict[str, set[str]] = {}
    for cell in cells:
        for column, value in cell["where"].items():
            seen.setdefault(column, set()).add(level(value))
    return [column for column, values in seen.items() if len(values) > 1]


def rated(entry: Mapping[str, Any]) -> str:
    """An interquartile mean of accuracies with its interval, in percent; without one where there is none."""
    if entry["low"] is None or entry["high"] is None:
        return f"{100 * entry['iqm']:.2f} %"
    return percentage({"mean": entry["iqm"]} | {bound: entry[bound] for bound in ("low", "high")})


def chance(entry: Mapping[str, Any]) -> str:
    """A probability of improvement with its interval."""
    if entry["low"] is None or entry["high"] is None:
        return f"{entry['probability']:.2f}"
    return share({"mean": entry["probability"]} | {bound: entry[bound] for bound in ("low", "high")})


def gained(entry: Mapping[str, Any], key: str = "points") -> str:
    """A difference in percentage points with its interval: +1.3 [-0.2, +2.8].

    Args:
        entry: An effect of the findings, or the gain by tuning.
        key: Key of the difference.
    """
    if entry[key] is None:
        return "–"
    if entry["low"] is None or entry["high"] is None:
        return f"{entry[key]:+.1f}"
    return f"{entry[key]:+.1f} [{entry['low']:+.1f}, {entry['high']:+.1f}]"


def optional(value: float | None) -> str:
    """A number; a dash where there is none."""
    return "–" if value is None else number(value)


def many(count: int, what: str) -> str:
    """A number of things: 1 cell, 1,200 cells."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def state(study: dict) -> str:
    """How much of a study is done, in one sentence."""
    parts = [f"{study['done']:,} done"]
    if study["failed"]:
        parts.append(f"{study['failed']:,} failed")
    if study["missing"]:
        parts.append(f"{study['missing']:,} not run yet")
    text = f"{many(study['cells'], 'cell')} of {many(study['seeds'], 'chip')} each: {', '.join(parts)}"
    return text + (f"; {study['dropped']:,} left out by the study's conditions" if study["dropped"] else "")


def answer(findings: dict) -> list[str]:
    """What the study found, in plain sentences: the best of each network, how sure that is, and the baseline."""
    if not findings["ranking"]:
        return ["No result yet"]
    sentences = []
    for network in dict.fromkeys(row["network"] for row in findings["ranking"]):
        sentences += _best(findings, network)
    sentences += _baseline(findings)
    return sentences


def _best(findings: dict, network: str) -> list[str]:
    """The best of a network, beside the second best."""
    first, *others = [row for row in findings["ranking"] if row["network"] == network]
    of = f"interquartile mean of {many(first['runs'], 'run')} in {many(first['cells'], 'cell')}"
    on = f"on the network {network}, " if network else ""
    text = f"{on}{level(first['rule'])} is best: {rated(first)} right answers ({of})"
    if not others:
        return [f"{text}; nothing else has results there"]
    second = others[0]
    text += f", ahead of {level(second['rule'])} with {rated(second)}"
    blocks = [cell for cell in findings["cells"] if not network or cell["where"].get("network") == network]
    return [text, *_order(blocks, first["rule"], second["rule"], findings["compared"])]


def _order(blocks: list[dict], first: Any, second: Any, compared: str) -> list[str]:
    """In how many blocks the order of the first two, and of all, is decided."""
    leads = Counter(_ahead(block, first, second) for block in blocks)
    shared = sum(leads[who] for who in (first, second, None))
    if not shared:
        return [f"{level(first)} and {level(second)} share no block, so their order is not decided"]
    counts = f"{level(first)} is ahead in {leads[first]:,} and {level(second)} in {leads[second]:,}"
    decided = sum(not block["undecided"] for block in blocks)
    of_all = f"the whole order of all {compared}s is decided in {decided:,} of {len(blocks):,}"
    return [f"Of {many(shared, 'block')} that both share, {counts}; undecided: {leads[None]:,}. {capitalized(of_all)}"]


def _ahead(block: dict, first: Any, second: Any) -> Any:
    """Which of the two is ahead in a block; None where undecided, "" where one is not in it."""
    places = [row["rule"] for row in block["order"]]
    if first not in places or second not in places:
        return ""
    if {first, second} in (set(pair) for pair in block["undecided"]):
        return None
    return min(first, second, key=places.index)


def _baseline(findings: dict) -> list[str]:
    """By how much the best beats the baseline, or falls behind it; empty without a baseline among the levels."""
    order = list(dict.fromkeys(row["rule"] for row in findings["ranking"]))
    baseline = next((rule for rule in order if BASELINE in level(rule).lower()), None)
    other = next((rule for rule in order if BASELINE not in level(rule).lower()), None)
    effect = effects(findings).get((other, baseline))
    if effect is None:
        return []
    verdict = "not told apart from"
    if effect["low"] is not None and effect["low"] > 0:
        verdict = "better than"
    elif effect["high"] is not None and effect["high"] < 0:
        verdict = "worse than"
    over = f"paired over {many(effect['blocks'], 'block')}"
    return [f"{level(other)} is {verdict} {level(baseline)}: {gained(effect)} points, {over}"]


def effects(findings: dict) -> dict[tuple, dict]:
    """The effects of the findings by their two rules, both ways round."""
    found = {}
    for effect in findings["effects"]:
        found[effect["rule"], effect["than"]] = effect
        turned = {key: None if effect[key] is None else -effect[key] for key in ("points", "cliffs_delta", "cohens_d")}
        bounds = {"low": effect["high"], "high": effect["low"]}
        bounds = {bound: None if value is None else -value for bound, value in bounds.items()}
        found.setdefault((effect["than"], effect["rule"]), effect | turned | bounds)
    return found


def undecided(findings: dict) -> list[dict]:
    """The cells of the findings in which the best is undecided."""
    return [cell for cell in findings["cells"] if not cell["decided"] and len(cell["order"]) > 1]


def order(cell: dict) -> str:
    """The order in a block, best first, with > between neighbours whose order is decided and ≈ between the others."""
    alike = [set(pair) for pair in cell["undecided"]]
    text = ""
    for row, following in zip(cell["order"], [*cell["order"][1:], None], strict=True):
        text += f"{level(row['rule'])} {rated(row)}"
        if following is not None:
            text += " ≈ " if {row["rule"], following["rule"]} in alike else " > "
    return text


class Break(NamedTuple):
    """Where a rule breaks in a sweep.

    Attributes:
        text: The level, or that it holds to the end.
        first: Whether no other rule breaks earlier there.
    """

    text: str
    first: bool


def breaks(study: dict, findings: dict) -> list[dict]:
    """What breaks first: a row per rule, network and task, each with a `Break` per sweep (None: not known)."""
    found = {
        (sweep["network"], sweep["task"], sweep["rule"], sweep["sweep"]): sweep["breaks_at"]
        for sweep in findings["sweeps"]
        if sweep["unswept"]["iqm"] is not None
    }
    steps = {key: _step(study["sweeps"][key[3]], at) for key, at in found.items()}
    earliest: dict[tuple, int | float] = {}
    for (network, task, _, sweep), step in steps.items():
        earliest[network, task, sweep] = min(step, earliest.get((network, task, sweep), math.inf))
    rows = []
    for network, task, rule in dict.fromkeys(key[:3] for key in found):
        at: dict[str, Break | None] = dict.fromkeys(study["sweeps"])
        for sweep in study["sweeps"]:
            key = (network, task, rule, sweep)
            if key in found:
                text = "holds" if found[key] is None else level(found[key])
                at[sweep] = Break(text, steps[key] == earliest[network, task, sweep] < math.inf)
        rows.append({"rule": rule, "network": network, "task": task, "at": at})
    return rows


def _step(levels: list, at: Any) -> int | float:
    """How far into a sweep a level lies; infinite for none."""
    return math.inf if at is None else [level(each) for each in levels].index(level(at))


def chosen(values: list) -> str:
    """Tuned values of a field over cells: each with its number of cells, or their range where they are many."""
    counted = Counter(json.dumps(value) for value in values).most_common()
    if len(counted) <= _FEW:
        return "; ".join(f"{text} ({count:,})" for text, count in counted)
    if all(isinstance(value, int | float) for value in values):
        return f"{min(values):.4g} to {max(values):.4g} ({len(counted):,} values)"
    return f"{len(counted):,} values, most often {counted[0][0]} ({counted[0][1]:,})"


_FEW = 3


def protocol(tuning: dict) -> str:
    """How values were tuned, in one sentence."""
    text = f"{many(tuning['trials'], 'trial')} for every cell, each on {many(tuning['seeds'], 'chip')}"
    text += "; the first trial is the default, and the best answers to validation samples decide"
    if tuning["halving"]:
        ratio = tuning["halving"]
        text += f"; trials begin short, and one in {ratio} goes on, {ratio} times as long"
    return text
