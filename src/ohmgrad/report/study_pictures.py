"""Pictures of a study as SVG text, drawn from its findings."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import escape
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ohmgrad.report.study_words import level, place, varying
from ohmgrad.report.style import BLUE, DARK, GREY, banded, look, styled, subplots, svg

_WIDEST = 16
"""Blocks side by side in a heat map; more are below each other."""
_MOST_TEXTS = 800
"""Cells of all heat maps above which they hold no numbers."""
_PANELS = 3
_MANY_POINTS = 1000
"""Points of a Pareto picture above which they are drawn as pixels."""


def _plain(text: Any, width: int = 26) -> str:
    """A level as a label: wrapped, never as a formula, and never hidden as Matplotlib hides what begins with _."""
    lines = textwrap.fill(level(text), width).replace("$", r"\$")
    return f" {lines}" if lines.startswith("_") else lines


def _done(figure: Figure, name: str, words: str) -> dict[str, str]:
    """The figure as SVG text by file name; it says what it shows, and its ids are its own on a page of many."""
    text = re.sub(r'<g id="[^"]*">', "<g>", svg(figure))
    own = "-".join(name.removesuffix(".svg").split("-")[:2])
    text = re.sub(r'( id="|href="#|url\(#)', rf"\1{own}-", text)
    return {name: text.replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)}


def _file(kind: str, number: int, *names: Any) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", "-".join(level(name) for name in names).lower()).strip("-")
    return f"{kind}-{number}-{words}".rstrip("-") + ".svg"


def _panels(count: int, most: int = _PANELS) -> tuple[Figure, list[Axes]]:
    columns = min(count, most)
    rows = -(-count // columns)
    figure, axes = subplots(rows, columns, (max(5.0, 10.4 * columns / most), 3.6 * rows + 0.5), layout="constrained")
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:count])


def _legend(figure: Figure, axes: Iterable[Axes]) -> None:
    """One legend of all panels, below them."""
    handles = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4, fontsize=9)


def looks(findings: dict) -> dict[Any, dict[str, Any]]:
    """The look of each rule, the same in every picture."""
    return {rule: look(number) for number, rule in enumerate(findings["levels"])}


@styled(grid=False)
def heat_maps(study: dict, records: list[dict], findings: dict) -> dict[str, str]:
    """Accuracy of every rule in every block, a picture for each network and task.

    Args:
        study: The study; its sweeps order the columns.
        records: The rows of the table; what failed there is marked.
        findings: Its findings.

    Returns:
        SVG text by file name.
    """
    cells, names = findings["cells"], varying(findings["cells"])
    groups: dict[tuple, list[dict]] = {}
    for cell in cells:
        groups.setdefault((cell["where"].get("network"), cell["where"].get("task")), []).append(cell)
    rates = [row["iqm"] for cell in cells for row in cell["order"]]
    scale = Normalize(100 * min(rates, default=0), 100 * max(rates, default=1))
    numbered = len(rates) <= _MOST_TEXTS
    failed = _failed(records, findings)
    drawn = {}
    for number, ((network, task), group) in enumerate(groups.items(), 1):
        group = sorted(group, key=lambda cell: _in_sweep(study, cell["where"]))
        shares = _shares(findings, group, failed)
        columns = [name for name in names if name not in ("network", "task")]
        labels = [place(cell["where"], columns) or level(cell["where"].get("device")) for cell in group]
        title = ", ".join(filter(None, (level(network), level(task))))
        figure = _heat(findings["levels"], labels, shares, scale, numbered)
        figure.suptitle(_plain(title, 90), fontsize=10)
        words = f"Heat map of right answers, {title}: {len(findings['levels'])} rows by {len(labels)} columns"
        drawn |= _done(figure, _file("accuracy", number, network, task), words)
    return drawn


def _in_sweep(study: dict, where: dict) -> tuple[int, int]:
    """Place of a block among the sweeps and their levels; what is not swept comes first."""
    sweeps = list(study["sweeps"])
    name = level(where.get("sweep"))
    if name not in sweeps:
        return -1, 0
    levels = [level(each) for each in study["sweeps"][name]]
    return sweeps.index(name), levels.index(level(where["level"]))


def _failed(records: list[dict], findings: dict) -> set[tuple]:
    """Rule and block of every row that failed."""
    columns = _columns(findings)
    return {
        (str(record[findings["compared"]]), *(level(record.get(column)) for column in columns))
        for record in records
        if record["status"] == "failed"
    }


def _columns(findings: dict) -> list[str]:
    """The columns that make up a block."""
    return list(dict.fromkeys(column for cell in findings["cells"] for column in cell["where"]))


def _shares(findings: dict, group: list[dict], failed: set[tuple]) -> np.ndarray:
    """Percent of right answers, of shape (rules, blocks): NaN where a rule was not run, -inf where it failed."""
    rules, columns = findings["levels"], _columns(findings)
    shares = np.full((len(rules), len(group)), np.nan)
    for column, cell in enumerate(group):
        found = {row["rule"]: 100 * row["iqm"] for row in cell["order"]}
        block = tuple(level(cell["where"].get(name)) for name in columns)
        for row, rule in enumerate(rules):
            missing = -np.inf if (rule, *block) in failed else np.nan
            shares[row, column] = found.get(rule, missing)
    return shares


def _heat(rules: list, labels: list[str], shares: np.ndarray, scale: Normalize, numbered: bool) -> Figure:
    """Heat map with at most `_WIDEST` columns side by side."""
    starts = range(0, len(labels), _WIDEST)
    width = min(_WIDEST, len(labels))
    height = len(starts) * (0.34 * len(rules) + 1.3) + 0.4
    figure, axes = subplots(len(starts), 1, (max(4.0, 2.6 + 0.52 * width), height), layout="constrained")
    for axis, start in zip(axes[:, 0], starts, strict=True):
        part = slice(start, start + _WIDEST)
        part_labels = [_plain(label, 18) for label in labels[part]]
        _map(axis, [_plain(rule) for rule in rules], part_labels, shares[:, part], scale)
        axis.set_xlim(-0.5, width - 0.5)
        for (row, column), share in np.ndenumerate(shares[:, part]):
            if np.isneginf(share):
                axis.text(column, row, "×", ha="center", va="center", color=DARK)
            elif numbered and np.isfinite(share):
                colour = "white" if scale(share) < 0.5 else "black"
                axis.text(column, row, f"{share:.1f}", ha="center", va="center", fontsize=8, color=colour)
    mapped = ScalarMappable(scale, "cividis")
    figure.colorbar(mapped, ax=axes, label="right answers (%)", shrink=0.9, pad=0.02)
    return figure


def _map(axis: Axes, rows: Sequence[str], columns: Sequence[str], shares: np.ndarray, scale: Normalize) -> None:
    shown = np.ma.masked_invalid(shares)
    axis.imshow(shown, norm=scale, cmap="cividis", aspect="auto", interpolation="none")
    axis.set_yticks(range(len(rows)), rows)
    axis.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


@styled()
def sweeps(study: dict, findings: dict) -> dict[str, str]:
    """Accuracy over each swept limit, a picture for each network and task with a panel for each sweep.

    Args:
        study: The study; its sweeps order the panels and their levels.
        findings: Its findings.

    Returns:
        SVG text by file name.
    """
    groups: dict[tuple, dict[str, list[dict]]] = {}
    for curve in findings["sweeps"]:
        groups.setdefault((curve["network"], curve["task"]), {}).setdefault(curve["sweep"], []).append(curve)
    drawn = {}
    for number, ((network, task), by_sweep) in enumerate(groups.items(), 1):
        names = [name for name in study["sweeps"] if name in by_sweep]
        figure, axes = _panels(len(names))
        for axis, name in zip(axes, names, strict=True):
            _curves(axis, name, study["sweeps"][name], by_sweep[name], looks(findings))
        for axis in axes[::_PANELS]:
            axis.set_ylabel("right answers (%)")
        title = ", ".join(filter(None, (level(network), level(task))))
        figure.suptitle(_plain(title, 90), fontsize=10)
        _legend(figure, axes)
        words = f"Right answers over each swept limit, {title}: {', '.join(names)}"
        drawn |= _done(figure, _file("sweeps", number, network, task), words)
    return drawn


def _curves(axis: Axes, name: str, levels: list, curves: list[dict], styles: dict) -> None:
    """A panel: levels in order, evenly spaced, after the unswept cell."""
    places = {level(each): number for number, each in enumerate(levels, 1)}
    for curve in curves:
        points = [(0, curve["unswept"])] if curve["unswept"]["iqm"] is not None else []
        points += [(places[level(point["level"])], point) for point in curve["points"]]
        x = [place for place, _ in points]
        middle = _percent(point["iqm"] for _, point in points)
        low, high = (_percent(point[bound] for _, point in points) for bound in ("low", "high"))
        style = styles[curve["rule"]]
        how = {key: style[key] for key in ("ls", "marker")}
        banded(axis, x, middle, low, high, style["color"], ms=4, lw=1.3, label=_plain(curve["rule"]), **how)
    labels = ["unswept", *(_plain(each, 12) for each in levels)]
    axis.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_title(_plain(name, 34), fontsize=10)


def _percent(shares: Iterable[Any]) -> np.ndarray:
    return 100 * np.array([np.nan if share is None else share for share in shares])


@styled()
def pareto(findings: dict) -> dict[str, str]:
    """Error against joules of a training, a panel for each task; what has no joules is left out.

    Args:
        findings: The findings.

    Returns:
        SVG text by file name; empty where nothing has joules.
    """
    tasks: dict[Any, list[dict]] = {}
    for point in findings["pareto"]:
        if point["joules"]:
            tasks.setdefault(point["task"], []).append(point)
    if not tasks:
        return {}
    figure, axes = _panels(len(tasks), 2)
    for axis, (task, points) in zip(axes, tasks.items(), strict=True):
        _tradeoff(axis, points, looks(findings))
        axis.set_title(_plain(task, 50), fontsize=10)
    _legend(figure, axes)
    best = sum(point["front"] for points in tasks.values() for point in points)
    words = f"Error against joules of a training, {', '.join(map(level, tasks))}: {best} points on the Pareto front"
    return _done(figure, "pareto.svg", words)


def _tradeoff(axis: Axes, points: list[dict], styles: dict) -> None:
    """Points of one task: pale, those on the front dark with a line through them."""
    for rule, style in styles.items():
        own = [point for point in points if point["rule"] == rule]
        for front, alpha in ((False, 0.35), (True, 1.0)):
            some = [point for point in own if point["front"] == front]
            x, y = [point["joules"] for point in some], [100 * point["error"] for point in some]
            how = style | {"ls": "", "ms": 7 if front else 5, "alpha": alpha, "rasterized": len(points) > _MANY_POINTS}
            axis.plot(x, y, mec=DARK if front else style["color"], **how)
        if own:
            axis.plot([], [], ls="", marker=style["marker"], color=style["color"], label=_plain(rule))
    front = sorted((point["joules"], 100 * point["error"]) for point in points if point["front"])
    axis.step(*zip(*front, strict=True), where="post", color=GREY, lw=1, zorder=0)
    axis.set_xscale("log")
    axis.set_xlabel("joules of a training")
    axis.set_ylabel("wrong answers (%)")


@styled(grid=False)
def ranks(findings: dict) -> dict[str, str]:
    """Critical-difference diagram (Demšar 2006): mean ranks, and bars over what is not told apart.

    Args:
        findings: The findings.

    Returns:
        SVG text by file name; empty where the test could not be made.
    """
    friedman = findings["friedman"]
    if "reason" in friedman:
        return {}
    means = friedman["mean_ranks"]
    names = sorted(friedman["rules"], key=lambda rule: means[rule])
    groups = _alike(names, friedman["not_different"])
    half = -(-len(names) // 2)
    figure, [[axis]] = subplots(1, 1, (9, 1.6 + 0.3 * half + 0.2 * len(groups)))
    edges = 1 - 0.04 * len(names), len(names) + 0.04 * len(names)
    for number, name in enumerate(names):
        left = number < half
        y = -0.6 * (len(groups) + 1) - (number if left else len(names) - 1 - number)
        axis.plot([means[name], means[name], edges[not left]], [0, y, y], color=DARK, lw=1)
        text = f" {means[name]:.2f} {_plain(name, 40)} " if not left else f" {_plain(name, 40)} {means[name]:.2f} "
        axis.text(edges[not left], y, text, ha="right" if left else "left", va="center")
    for number, (first, last) in enumerate(groups, 1):
        ends = means[names[first]] - 0.03, means[names[last]] + 0.03
        axis.plot(ends, [-0.6 * number] * 2, color=BLUE, lw=4, solid_capstyle="round")
    _ruler(axis, len(names), friedman["critical_difference"])
    words = (
        f"Critical-difference diagram, best mean rank first: {', '.join(f'{level(n)} {means[n]:.2f}' for n in names)}"
    )
    return _done(figure, "ranks.svg", words)


def _ruler(axis: Axes, most: int, critical: float) -> None:
    """Axis of mean ranks, with the critical difference above it."""
    axis.plot([1, most], [0, 0], color=DARK, lw=1)
    for rank in range(1, most + 1):
        axis.plot([rank, rank], [0, 0.2], color=DARK, lw=1)
        axis.text(rank, 0.3, str(rank), ha="center", va="bottom", fontsize=9)
    axis.plot([1, 1 + critical], [1.6, 1.6], color=DARK, lw=1.5, marker="|")
    axis.text(1, 1.8, f"critical difference {critical:.2f}", va="bottom", fontsize=9)
    axis.axis("off")


def _alike(names: list, not_different: list) -> list[tuple[int, int]]:
    """First and last place of each longest run of rules, by mean rank, no two of which are told apart."""
    pairs = {frozenset(pair) for pair in not_different}
    runs: list[tuple[int, int]] = []
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and all(
            frozenset((names[each], names[last + 1])) in pairs for each in range(first, last + 1)
        ):
            last += 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


@styled()
def profiles(findings: dict) -> dict[str, str]:
    """Performance profiles: share of runs above each accuracy, with 95 % bands.

    Args:
        findings: The findings.

    Returns:
        SVG text by file name.
    """
    curves, x = findings["profiles"]["rules"], 100 * np.array(findings["profiles"]["thresholds"])
    if not curves:
        return {}
    figure, [[axis]] = subplots(1, 1, (8.5, 4.4), layout="constrained")
    for rule, curve in curves.items():
        middle, low, high = (_percent(curve[part]) for part in ("share", "low", "high"))
        style = looks(findings)[rule]
        how = {key: style[key] for key in ("ls", "marker")} | {"markevery": 0.12, "ms": 5, "lw": 1.3}
        banded(axis, x, middle, low, high, style["color"], label=_plain(rule), **how)
    axis.set_xlabel("right answers (%)")
    axis.set_ylabel("runs with more than that (%)")
    _legend(figure, [axis])
    words = f"Performance profiles: share of runs above each accuracy, {', '.join(map(level, curves))}"
    return _done(figure, "profiles.svg", words)


@styled(grid=False)
def improvement(findings: dict) -> dict[str, str]:
    """Probability of improvement: each rule (row) over each other one (column); bold where decided.

    Args:
        findings: The findings.

    Returns:
        SVG text by file name.
    """
    found = {(each["rule"], each["than"]): each for each in findings["improvement"]}
    rules = [rule for rule in findings["levels"] if any(rule in pair for pair in found)]
    if not rules:
        return {}
    chances = np.array([[found.get((row, column), _NONE)["probability"] for column in rules] for row in rules])
    size = (3.0 + 0.62 * len(rules), 1.6 + 0.42 * len(rules))
    figure, [[axis]] = subplots(1, 1, size, layout="constrained")
    labels = [_plain(rule) for rule in rules]
    _map(axis, labels, labels, chances, Normalize(0, 1))
    axis.images[0].set_cmap(colormaps["PuOr"])
    for row, column in ((row, column) for row, column in np.ndindex(chances.shape) if row != column):
        each = found.get((rules[row], rules[column]), _NONE)
        if np.isfinite(each["probability"]):
            how = _shown(each)
            axis.text(column, row, f"{each['probability']:.2f}", ha="center", va="center", fontsize=8, **how)
    axis.set_ylabel("this one")
    axis.set_xlabel("is better than that one")
    figure.colorbar(axis.images[0], ax=axis, label="probability", shrink=0.9)
    return _done(figure, "improvement.svg", f"Probability that one of {len(rules)} is better than another")


_NONE: dict[str, Any] = {"probability": np.nan}


def _shown(each: dict) -> dict[str, str]:
    """Weight and colour of the text of a probability: bold where its interval leaves out one half."""
    bounds = [0.5 if each[bound] is None else each[bound] for bound in ("low", "high")]
    decided = bounds[0] > 0.5 or bounds[1] < 0.5
    far = abs(each["probability"] - 0.5) > 0.35
    return {"weight": "bold" if decided else "normal", "color": "white" if far else "black"}


def drawn(study: dict, records: list[dict], findings: dict) -> dict[str, dict[str, str]]:
    """All pictures of a study: by section, SVG text by file name.

    Args:
        study: The study.
        records: The rows of its table.
        findings: Its findings.
    """
    return {
        "accuracy": heat_maps(study, records, findings),
        "sweeps": sweeps(study, findings),
        "pareto": pareto(findings),
        "ranks": ranks(findings),
        "profiles": profiles(findings),
        "improvement": improvement(findings),
    }
