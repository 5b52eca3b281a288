"""A seeded study by the contract, with its table and findings, of any size. Its numbers are made, not computed."""

import itertools
import json

import numpy as np
from pandas import DataFrame

RULES = ("equilibrium-propagation", "backpropagation", "contrastive", "predictive-coding", "feedback-alignment")
NETWORKS, TASKS, DEVICES = ("dense", "hopfield"), ("digits", "mnist1d"), ("ideal", "taox-1t1r", "pcm")
SWEEPS = {"read noise": [0.01, 0.02, 0.05, 0.1], "ADC bits": [8, 6, 4, 2]}
LOSS = 4.0
"""Points that a step of a sweep costs the best rule."""

TUNED = {"rule.learning_rates": [0.2, 0.1], "rule.beta": 0.5}


def rules(count):
    """Names of rules; the first are the field's."""
    return [*RULES, *(f"rule-{number}" for number in range(len(RULES) + 1, count + 1))][:count]


def rate(rule, network, device, step):
    """Share of right answers of a rule by its place, from the best."""
    return (
        0.95
        - 0.012 * rule
        - 0.03 * NETWORKS.index(network)
        - 0.02 * DEVICES.index(device)
        - 0.01 * LOSS * step * (1 + 0.3 * rule)
    )


def blocks(networks, tasks, devices, sweeps):
    """Every block, the unswept ones first: its levels, and how many steps into a sweep it is."""
    crossed = list(itertools.product(networks, tasks, devices))
    for network, task, device in crossed:
        yield {"network": network, "task": task, "device": device, "sweep": "", "level": float("nan")}, 0
    for network, task in itertools.product(networks, tasks):
        for name, levels in sweeps.items():
            for step, level in enumerate(levels, 1):
                yield {"network": network, "task": task, "device": devices[-1], "sweep": name, "level": level}, step


def rows(where, step, names, seeds, settings, random):
    """The rows of one block."""
    for (place, rule), setting in itertools.product(enumerate(names), settings):
        cell = f"{random.integers(16**12):012x}"
        joules = float("nan") if where["device"] == "ideal" else 1e-3 * (1 + place) * random.uniform(0.5, 2)
        for seed in range(seeds):
            accuracy = rate(place, where["network"], where["device"], step) + random.normal(0, 0.01)
            yield where | {
                "cell": cell, "rule": rule, "setting": setting, "seed": seed, "status": "done", "reason": "",
                "chosen": json.dumps(TUNED) if setting == "tuned" else "{}",
                "at_edge": "rule.beta" if setting == "tuned" and place == 1 else "",
                "accuracy": accuracy - (0.02 if setting == "default" else 0), "validation": accuracy, "loss": 0.1,
                "residual": 1e-6, "unsettled": 0.01 * place, "joules": joules, "seconds": 0.5, "gpu_joules": 10.0,
                "gpu_seconds": 0.1, "pulses_per_device": 900.0, "unverified": float("nan"),
            }  # fmt: skip


def table(
    count=5, networks=NETWORKS, tasks=TASKS, devices=DEVICES, sweeps=SWEEPS, seeds=3, settings=("tuned", "default")
):
    """The tidy table."""
    random = np.random.default_rng(0)
    made = (
        rows(where, step, rules(count), seeds, settings, random)
        for where, step in blocks(networks, tasks, devices, sweeps)
    )
    return DataFrame(list(itertools.chain.from_iterable(made)))


def estimate(values, half=0.01):
    """A middle with an interval."""
    if not len(values):
        return {"iqm": None, "low": None, "high": None, "runs": 0}
    middle = float(np.mean(values))
    return {"iqm": middle, "low": middle - half, "high": middle + half, "runs": len(values)}


def findings(frame, sweeps=SWEEPS):
    """Findings of a table; intervals are one point wide on each side."""
    setting = "tuned" if (frame.setting == "tuned").any() else "default"
    used = frame[(frame.setting == setting) & (frame.status == "done")]
    names = list(dict.fromkeys(frame.rule))
    cells = list(_cells(used))
    pairs = [(a, b) for a in names for b in names if a != b]
    gap = {pair: names.index(pair[1]) - names.index(pair[0]) for pair in pairs}
    thresholds = [round(0.3 + 0.01 * each, 2) for each in range(70)]
    return {
        "compared": "rule", "levels": names, "setting": setting, "blocks": len(cells), "runs": len(used), "failed": 0,
        "ranking": _ranking(used, names),
        "improvement": [
            {"rule": a, "than": b, "probability": p, "low": p - 0.1, "high": p + 0.1, "blocks": len(cells)}
            for (a, b), d in gap.items() for p in [float(np.clip(0.5 + 0.08 * d, 0.1, 0.9))]
        ],
        "profiles": {
            "thresholds": thresholds, "rules": {name: _profile(used[used.rule == name], thresholds) for name in names}
        },
        "friedman": {
            "rules": names, "blocks": len(cells), "statistic": 31.5, "p": 2.5e-6, "critical_difference": 1.2,
            "mean_ranks": {name: 1 + 0.97 * place for place, name in enumerate(names)},
            "not_different": [[a, b] for (a, b), d in gap.items() if d == 1],
        },
        "effects": [
            {"rule": a, "than": b, "points": 1.2 * d, "low": 1.2 * d - 1, "high": 1.2 * d + 1, "cliffs_delta": 0.1 * d,
             "cohens_d": 0.5 * d, "blocks": len(cells)}
            for (a, b), d in gap.items() if d > 0
        ],
        "cells": cells,
        "sweeps": list(_sweeps(used, sweeps)),
        "pareto": list(_pareto(used)),
        "tuning": [
            {"rule": name, "cells": len(cells), "gain_points": 2.0, "low": 1.5, "high": 2.5,
             "at_edge": len(cells) if place == 1 else 0}
            for place, name in enumerate(names) if setting == "tuned"
        ],
        "failures": [],
    }  # fmt: skip


def _ranking(used, names):
    for_network = []
    for network in dict.fromkeys(used.network):
        own = [(name, used[(used.network == network) & (used.rule == name)]) for name in names]
        for_network += [
            {"rule": name, "network": network, "cells": rows.cell.nunique()} | estimate(rows.accuracy)
            for name, rows in own
            if len(rows)
        ]
    return for_network


def _cells(used):
    columns = ["network", "task", "device", "sweep", "level"]
    for values, block in used.groupby(columns, dropna=False, sort=False):
        where = {
            column: value
            for column, value in zip(columns, values, strict=True)
            if values[3] or column not in columns[3:]
        }
        order = [{"rule": rule} | estimate(own.accuracy) for rule, own in block.groupby("rule")]
        order.sort(key=lambda row: -row["iqm"])
        undecided = [[a["rule"], b["rule"]] for a, b in itertools.combinations(order, 2) if a["iqm"] - b["iqm"] < 0.012]
        yield {
            "where": where,
            "order": order,
            "decided": [order[0]["rule"], order[1]["rule"]] not in undecided,
            "undecided": undecided,
        }


def _sweeps(used, sweeps):
    for (network, task, rule), own in used.groupby(["network", "task", "rule"], sort=False):
        base = estimate(own[(own.sweep == "") & (own.device == own.device.iloc[-1])].accuracy)
        for name, levels in sweeps.items():
            points = [
                {"level": level} | estimate(own[(own.sweep == name) & (own.level == level)].accuracy)
                for level in levels
            ]
            broken = [point["level"] for point in points if base["iqm"] and point["iqm"] < base["iqm"] - 0.05]
            yield {
                "sweep": name, "rule": rule, "network": network, "task": task, "points": points, "unswept": base,
                "breaks_at": broken[0] if broken else None, "drop": 0.05,
            }  # fmt: skip


def _pareto(used):
    points = []
    for (cell, rule, network, task, device), own in used.groupby(
        ["cell", "rule", "network", "task", "device"], sort=False
    ):
        joules = own.joules.mean()
        points.append({
            "rule": rule, "network": network, "task": task, "device": device, "cell": cell,
            "error": float(1 - own.accuracy.mean()), "joules": None if joules != joules else float(joules),
        })  # fmt: skip
    lowest: dict[str, float] = {}
    for point in sorted(points, key=lambda point: point["joules"] or np.inf):
        best = lowest.get(point["task"], np.inf)
        lowest[point["task"]] = min(best, point["error"])
        yield point | {"front": point["joules"] is not None and point["error"] < best}


def _profile(own, thresholds):
    share = [float((own.accuracy > each).mean()) for each in thresholds]
    return {
        "share": share,
        "low": [max(each - 0.05, 0) for each in share],
        "high": [min(each + 0.05, 1) for each in share],
    }


def study(frame, sweeps=SWEEPS, tuning=True):
    """The description of the study of a table."""
    cells = list(dict.fromkeys(frame.cell))
    return {
        "title": "Which rule holds up?", "factors": ["rule", "network", "task", "device"], "sweeps": dict(sweeps),
        "tuning": {"trials": 20, "seeds": 2, "halving": 3, "spaces": {
            "every": {"rule.learning_rates": "0.1 to 10 times the default"},
            "backpropagation": {"rule.beta": "0.1 to 1 (log)"},
        }} if tuning else None,
        "seeds": 3, "cells": len(cells), "dropped": 7, "failed": 0, "done": len(cells), "missing": 0,
        "version": "0.1.0", "date": "2026-03-01",
        "reproduce": {cell: f"ohmgrad train cells/{cell}.yaml --set training.seed=0" for cell in cells},
    }  # fmt: skip
