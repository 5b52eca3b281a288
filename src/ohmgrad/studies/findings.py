"""From the table of a study, one row per cell, setting and seed, to what it shows, for JSON.

A *block* is a combination of the levels of all columns but the compared one. Rules are compared within blocks only.
"""

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ohmgrad.errors import InputError
from ohmgrad.studies import statistics
from ohmgrad.studies.statistics import Blocks

__all__ = ["DROP", "findings"]
DROP = 0.05
"""Loss of accuracy at which a rule counts as broken by a limit."""
_NAMES = ("rule", "network", "task", "device")
_NEEDED = (*_NAMES, "cell", "setting", "seed", "status", "reason", "at_edge", "accuracy", "joules")
_SWEPT = ("sweep", "level")
_POINTS = 100
_Key = TypeVar("_Key", bound=Hashable)


def findings(
    table: pd.DataFrame, factors: Sequence[str], sweeps: Mapping[str, Sequence], compared: str = "rule"
) -> dict[str, Any]:
    """What a study shows: ranking, improvement, profiles, test, effects, cells, sweeps, energy, tuning, failures.

    Tuned rows are used if there are any, else those of default values. Ranking and profiles are over the blocks that
    all rules have, if there are any, else over each rule's own. Intervals are None where no block has two runs. Pairs
    are compared one by one, without a correction for their number. The key "rule" holds the level of the compared
    column, as text; "failed" counts cells.

    Args:
        table: One row per cell, setting and seed.
        factors: Columns that vary.
        sweeps: Levels in order, by name of the sweep.
        compared: Column whose levels are compared.

    Returns:
        The findings, in plain Python without NaN.

    Raises:
        InputError: a column is missing, or the factors do not tell two rows of one seed apart.
    """
    missing = sorted({*_NEEDED, *factors, compared, *(_SWEPT if sweeps else ())} - set(table.columns))
    if missing:
        raise InputError(f"`table` has no column {', '.join(missing)}; its columns: {', '.join(map(str, table))}")
    records = [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    rows = [_row(record, factors, compared) for record in records if _is_done(record, compared)]
    setting = "tuned" if any(row.setting == "tuned" for row in rows) else "default"
    used = [row for row in rows if row.setting == setting]
    runs = _Runs.of_rows(used)
    default = _Runs.of_rows([row for row in rows if row.setting == "default"])
    failed = [record for record in records if record["status"] == "failed"]
    found = {
        "compared": compared,
        "levels": list(dict.fromkeys(_text(record[compared]) for record in records if _text(record[compared]))),
        "setting": setting,
        "blocks": len(runs.blocks),
        "runs": len(used),
        "failed": len({record["cell"] for record in failed}),
        "ranking": _ranking(used, compared),
        "improvement": _improvement(runs),
        "profiles": _profiles(runs),
        "friedman": _friedman(runs),
        "effects": _effects(runs),
        "cells": _cells(runs, _where(used, factors, compared)),
        "sweeps": [each for name, levels in sweeps.items() for each in _sweep(used, name, levels)],
        "pareto": _pareto(used),
        "tuning": _tuning(runs, default, used) if setting == "tuned" else [],
        "failures": _failures(failed),
    }
    return _plain(found)


def _plain(value: Any) -> Any:
    """A value in plain Python; None for a number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def _text(level: Any) -> str:
    return "" if level is None else str(level)


def _number_or_text(level: Any) -> Any:
    """A level as it compares equal however a file has kept it: a number if it reads as one, else text."""
    try:
        number = float(_text(level))
    except ValueError:
        return _text(level)
    if not math.isfinite(number):
        return _text(level)
    return int(number) if number.is_integer() else number


class _Row(NamedTuple):
    """A run that has an accuracy."""

    level: str
    """Level of the compared column."""
    unswept: tuple
    """The block without its sweep."""
    sweep: tuple[str, Any]
    """Name of the sweep and its level."""
    names: dict[str, str]
    cell: str
    setting: str
    seed: int
    accuracy: float
    joules: float | None
    at_edge: bool

    @property
    def block(self) -> tuple:
        return self.unswept, self.sweep


def _is_done(record: dict[str, Any], compared: str) -> bool:
    return record["status"] == "done" and record["accuracy"] is not None and _text(record[compared]) != ""


def _row(record: dict[str, Any], factors: Sequence[str], compared: str) -> _Row:
    return _Row(
        level=_text(record[compared]),
        unswept=tuple(_number_or_text(record[name]) for name in _own(factors, compared)),
        sweep=(_text(record.get("sweep")), _number_or_text(record.get("level"))),
        names={name: _text(record[name]) for name in _NAMES},
        cell=_text(record["cell"]),
        setting=record["setting"],
        seed=record["seed"],
        accuracy=float(record["accuracy"]),
        joules=record["joules"],
        at_edge=_text(record["at_edge"]) != "",
    )


def _own(factors: Sequence[str], compared: str) -> list[str]:
    """The factors that make up a block."""
    return [name for name in dict.fromkeys(factors) if name not in (compared, *_SWEPT)]


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], _Key]) -> dict[_Key, list[_Row]]:
    groups: dict[_Key, list[_Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _where(rows: Sequence[_Row], factors: Sequence[str], compared: str) -> dict[tuple, dict[str, Any]]:
    """The levels that make up each block, and the names that all its rows share, in all blocks."""
    blocks, own = _grouped(rows, lambda row: row.block), _own(factors, compared)
    shared = [
        name
        for name in _NAMES
        if name not in (*own, compared) and all(len({row.names[name] for row in each}) == 1 for each in blocks.values())
    ]
    where = {}
    for block, each in blocks.items():
        unswept, sweep = block
        levels = {name: each[0].names[name] for name in shared} | dict(zip(own, unswept, strict=True))
        where[block] = levels | (dict(zip(_SWEPT, sweep, strict=True)) if sweep[0] else {})
    return where


@dataclass(frozen=True)
class _Runs:
    """Accuracies by block and level of the compared column, then by seed."""

    accuracies: dict[tuple[tuple, str], dict[int, float]]

    @classmethod
    def of_rows(cls, rows: Iterable[_Row]) -> "_Runs":
        accuracies: dict[tuple[tuple, str], dict[int, float]] = {}
        for row in rows:
            seeds = accuracies.setdefault((row.block, row.level), {})
            if row.seed in seeds:
                raise InputError(f"`factors` do not tell cell {row.cell} from another; allowed: all columns that vary")
            seeds[row.seed] = row.accuracy
        return cls(accuracies)

    @cached_property
    def levels(self) -> list[str]:
        return list(dict.fromkeys(level for _, level in self.accuracies))

    @cached_property
    def blocks(self) -> dict[tuple, list[str]]:
        """The levels that have runs in each block."""
        found: dict[tuple, list[str]] = {}
        for block, level in self.accuracies:
            found.setdefault(block, []).append(level)
        return found

    def shared(self, levels: Iterable[str]) -> list[tuple]:
        """The blocks in which all these levels have runs."""
        return [block for block, found in self.blocks.items() if set(levels) <= set(found)]

    def fair(self) -> dict[str, list[tuple]]:
        """The blocks of each level over which all are compared: those shared by all; its own where there are none."""
        shared = self.shared(self.levels)
        return {level: shared or self.shared([level]) for level in self.levels}

    def of(self, level: str, blocks: Iterable[tuple]) -> Blocks:
        """The accuracies of a level in some blocks."""
        return [np.array(list(self.accuracies[block, level].values())) for block in blocks]

    def differences(self, level: str, other: str, blocks: Iterable[tuple]) -> dict[tuple, np.ndarray]:
        """Differences of runs of the same seed, for the blocks that have such runs."""
        return _paired({block: (self.accuracies[block, level], self.accuracies[block, other]) for block in blocks})


def _paired(pairs: Mapping[tuple, tuple[dict[int, float], dict[int, float]]]) -> dict[tuple, np.ndarray]:
    found = {
        block: np.array([one[seed] - other[seed] for seed in one if seed in other])
        for block, (one, other) in pairs.items()
    }
    return {block: each for block, each in found.items() if len(each)}


def _interval(found: statistics.Interval, name: str, scale: int = 1) -> dict[str, Any]:
    return {name: scale * found.value, "low": scale * found.low, "high": scale * found.high}


def _iqm(scores: Blocks) -> dict[str, Any]:
    """Interquartile mean with its interval, and the number of runs; None where there are none."""
    if not scores:
        return {"iqm": None, "low": None, "high": None, "runs": 0}
    found = statistics.stratified_bootstrap(statistics.interquartile_mean, scores)
    return _interval(found, "iqm") | {"runs": sum(map(len, scores))}


def _best_first(entries: Iterable[dict[str, Any]], measure: str) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: -entry[measure])


def _ranking(rows: Iterable[_Row], compared: str) -> list[dict[str, Any]]:
    ranking = []
    networks = _grouped(rows, lambda row: "" if compared == "network" else row.names["network"])
    for network, here in networks.items():
        runs = _Runs.of_rows(here)
        found = [
            {"rule": level, "network": network, **_iqm(runs.of(level, blocks)), "cells": len(blocks)}
            for level, blocks in runs.fair().items()
        ]
        ranking += _best_first(found, "iqm")
    return ranking


def _improvement(runs: _Runs) -> list[dict[str, Any]]:
    found = []
    for level, other in itertools.combinations(runs.levels, 2):
        if blocks := runs.shared([level, other]):
            value, low, high = statistics.stratified_bootstrap(
                statistics.probability_of_improvement, runs.of(level, blocks), runs.of(other, blocks)
            )
            there = {"probability": value, "low": low, "high": high, "blocks": len(blocks)}
            back = {"probability": 1 - value, "low": 1 - high, "high": 1 - low, "blocks": len(blocks)}
            found += [{"rule": level, "than": other, **there}, {"rule": other, "than": level, **back}]
    return found


def _profiles(runs: _Runs) -> dict[str, Any]:
    """Profiles at 101 thresholds, from below the lowest accuracy to the highest."""
    if not runs.levels:
        return {"thresholds": [], "rules": {}}
    accuracies = [accuracy for found in runs.accuracies.values() for accuracy in found.values()]
    lowest, highest = math.floor(_POINTS * min(accuracies)) - 1, math.ceil(_POINTS * max(accuracies))
    thresholds = np.linspace(max(lowest, 0), max(highest, 1), 101) / _POINTS
    profile = partial(statistics.performance_profile, thresholds=thresholds)
    rules = {}
    for level, blocks in runs.fair().items():
        found = statistics.stratified_bootstrap(profile, runs.of(level, blocks))
        rules[level] = _interval(found, "share") | {"blocks": len(blocks)}
    return {"thresholds": thresholds, "rules": rules}


def _friedman(runs: _Runs) -> dict[str, Any]:
    levels, blocks = runs.levels, runs.shared(runs.levels)
    scores = [[float(statistics.interquartile_mean(runs.of(level, [block]))) for level in levels] for block in blocks]
    try:
        found = statistics.friedman(np.array(scores).reshape(len(blocks), len(levels)))
    except InputError as error:
        return {"reason": str(error).replace("`", "")}
    return {
        "rules": levels,
        "blocks": len(blocks),
        "statistic": found.statistic,
        "p": found.p,
        "mean_ranks": dict(zip(levels, found.mean_ranks, strict=True)),
        "critical_difference": found.critical_difference,
        "not_different": [[levels[one], levels[other]] for one, other in found.not_different],
    }


def _effects(runs: _Runs) -> list[dict[str, Any]]:
    """Each pair of rules once, the better one first."""
    found = [effect for pair in itertools.combinations(runs.levels, 2) for effect in _effect(runs, *pair)]
    return _best_first(found, "points")


def _effect(runs: _Runs, level: str, other: str) -> list[dict[str, Any]]:
    """The effect of one pair; none where no block has runs of both with the same seed."""
    differences = runs.differences(level, other, runs.shared([level, other]))
    if not differences:
        return []
    paired = statistics.paired_difference(list(differences.values()))
    if paired.value < 0:
        return _effect(runs, other, level)
    scores = runs.of(level, differences), runs.of(other, differences)
    sizes = {"cliffs_delta": statistics.cliffs_delta(*scores), "cohens_d": statistics.cohens_d(*scores)}
    interval = _interval(paired, "points", _POINTS)
    return [{"rule": level, "than": other, **interval, **sizes, "blocks": len(differences)}]


def _cells(runs: _Runs, where: Mapping[tuple, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every block; it is decided if the interval of the difference of first and second rule lies above zero."""
    cells = []
    for block, levels in runs.blocks.items():
        order = _best_first(({"rule": level, **_iqm(runs.of(level, [block]))} for level in levels), "iqm")
        ranked = [entry["rule"] for entry in order]
        undecided = [list(pair) for pair in itertools.combinations(ranked, 2) if not _better(runs, *pair, block)]
        decided = len(ranked) > 1 and ranked[:2] not in undecided
        cells.append({"where": where[block], "order": order, "decided": decided, "undecided": undecided})
    return cells


def _better(runs: _Runs, level: str, other: str, block: tuple) -> bool:
    differences = runs.differences(level, other, [block])
    return bool(differences) and bool(statistics.paired_difference(list(differences.values())).low > 0)


def _sweep(rows: Iterable[_Row], name: str, levels: Sequence) -> list[dict[str, Any]]:
    """The accuracy of each rule over the levels of a sweep, and that of the cells that were swept."""
    found = []
    for (rule, network, task), here in _grouped(rows, _rule_network_task).items():
        at = _grouped((row for row in here if row.sweep[0] == name), lambda row: row.sweep[1])
        if at:
            points = [{"level": level, **_iqm(_by_block(at.get(_number_or_text(level), ())))} for level in levels]
            swept = {row.unswept for each in at.values() for row in each}
            unswept = _iqm(_by_block([row for row in here if not row.sweep[0] and row.unswept in swept]))
            unswept.pop("runs")
            where = {"sweep": name, "rule": rule, "network": network, "task": task}
            broken = statistics.breaks_at(
                levels, [_or_nan(each["iqm"]) for each in points], _or_nan(unswept["iqm"]), DROP
            )
            found.append({**where, "points": points, "unswept": unswept, "breaks_at": broken, "drop": DROP})
    return found


def _rule_network_task(row: _Row) -> tuple[str, str, str]:
    return row.level, row.names["network"], row.names["task"]


def _or_nan(score: Any) -> float:
    return math.nan if score is None else float(score)


def _by_block(rows: Iterable[_Row]) -> Blocks:
    return [np.array([row.accuracy for row in each]) for each in _grouped(rows, lambda row: row.block).values()]


def _pareto(rows: Iterable[_Row]) -> list[dict[str, Any]]:
    """Error and energy of each cell that has an energy, and whether it is on the front of its task."""
    found = []
    priced = [row for row in rows if row.joules is not None]
    for of_task in _grouped(priced, lambda row: row.names["task"]).values():
        cells = list(_grouped(of_task, lambda row: (row.block, row.level)).values())
        error = np.array([1 - statistics.interquartile_mean(_by_block(cell)) for cell in cells])
        joules = np.array([np.mean([row.joules for row in cell if row.joules is not None]) for cell in cells])
        front = statistics.pareto_front(error, joules)
        for (row, *_), *values in zip(cells, error, joules, front, strict=True):
            names = row.names | {"rule": row.level, "cell": row.cell}
            found.append(names | dict(zip(("error", "joules", "front"), values, strict=True)))
    return found


def _tuning(tuned: _Runs, default: _Runs, rows: Iterable[_Row]) -> list[dict[str, Any]]:
    """What tuning gained over default values, paired by cell and seed, and how many cells chose an edge."""
    found = []
    for level, of_level in _grouped(rows, lambda row: row.level).items():
        keys = [(row.block, level) for row in of_level]
        both = {key: (tuned.accuracies[key], default.accuracies[key]) for key in keys if key in default.accuracies}
        differences = list(_paired(both).values())
        gain = statistics.paired_difference(differences) if differences else statistics.Interval(*[math.nan] * 3)
        at_edge = len({row.cell for row in of_level if row.at_edge})
        interval = _interval(gain, "gain_points", _POINTS)
        found.append({"rule": level, "cells": len(differences), **interval, "at_edge": at_edge})
    return found


def _failures(failed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons of failed runs, that of most cells first."""
    cells: dict[str, dict[str, None]] = {}
    for record in failed:
        cells.setdefault(_text(record["reason"]), {})[record["cell"]] = None
    found = [{"reason": reason, "cells": len(each), "example": next(iter(each))} for reason, each in cells.items()]
    return _best_first(found, "cells")
