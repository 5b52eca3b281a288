"""The result of a study: tables for the terminal, and a self-contained page with its pictures."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pandas import DataFrame
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report import study_pictures, study_table, study_words, template
from ohmgrad.report.numbers import capitalized
from ohmgrad.report.study_words import chance, gained, level, optional, rated
from ohmgrad.report.tables import line, plain, table

_MOST_ROWS = 300
"""Rows of a list on the page; the rest is in the study's files."""
_MOST_LINES = 12
"""Undecided cells and failures in the terminal."""


Pictures = dict[str, dict[str, str]]
"""SVG text by section of the page and file name."""


def pictures(study: dict, table: DataFrame, findings: dict) -> Pictures:
    """Pictures of a study.

    Args:
        study: The study: title, factors, sweeps, tuning, numbers of cells, and how to repeat each.
        table: One row per cell, setting and seed.
        findings: The findings (`studies.findings`).

    Returns:
        The pictures by section.
    """
    return study_pictures.drawn(study, study_table.rows(table), findings)


def page(study: dict, table: DataFrame, findings: dict, drawn: Pictures) -> str:
    """A study as one HTML page, pictures and table included.

    Args:
        study: The study: title, factors, sweeps, tuning, numbers of cells, and how to repeat each.
        table: One row per cell, setting and seed.
        findings: The findings (`studies.findings`).
        drawn: Its `pictures`.
    """
    records = study_table.rows(table)
    return template.render(
        "study.html.j2",
        study=study,
        findings=findings,
        answer=study_words.answer(findings),
        state=study_words.state(study),
        protocol=study_words.protocol(study["tuning"]) if study["tuning"] else None,
        pictures=drawn,
        runs=study_table.summarised(records, study, findings),
        most=_MOST_ROWS,
        **_grids(study, records, findings),
    )


def _grids(study: dict, records: list[dict], findings: dict) -> dict[str, Any]:
    """The tables of the page: heads, number of leading columns that hold words, and rows of text."""
    compared = findings["compared"]
    columns = study_words.varying(findings["cells"])
    return {
        "ranking": _ranking_rows(findings),
        "pairs": _pair_rows(findings),
        "front": _front_rows(findings),
        "breaks": study_words.breaks(study, findings),
        "tuned": study_table.tuned(records, study, compared) if study["tuning"] else [],
        "gains": [
            [level(gain["rule"]), f"{gain['cells']:,}", gained(gain, "gain_points"), f"{gain['at_edge']:,}"]
            for gain in findings["tuning"]
        ],
        "failures": [
            [fail["reason"], study["reproduce"].get(fail["example"], fail["example"]), f"{fail['cells']:,}"]
            for fail in findings["failures"]
        ],
        "undecided": [
            [study_words.place(cell["where"], columns), study_words.order(cell)]
            for cell in study_words.undecided(findings)
        ],
    }


def _ranking_rows(findings: dict) -> list[list[str]]:
    return [
        [level(row["network"]), level(row["rule"]), rated(row), f"{row['cells']:,}", f"{row['runs']:,}"]
        for row in findings["ranking"]
    ]


def _pair_rows(findings: dict) -> list[list[str]]:
    """Every ordered pair: difference, probability of improvement, effect sizes, shared blocks."""
    effects = study_words.effects(findings)
    rows = []
    for each in findings["improvement"]:
        effect = effects.get((each["rule"], each["than"]))
        sizes = ["–", "–", "–"]
        if effect:
            sizes = [gained(effect), optional(effect["cliffs_delta"]), optional(effect["cohens_d"])]
        rows.append([level(each["rule"]), level(each["than"]), chance(each), *sizes, f"{each['blocks']:,}"])
    return rows


def _front_rows(findings: dict) -> list[list[str]]:
    """The Pareto front of each task, from the cheapest."""
    front = [point for point in findings["pareto"] if point["front"] and point["joules"]]
    return [
        [
            *(level(point[key]) for key in ("task", "rule", "network", "device")),
            f"{100 * point['error']:.2f}",
            f"{point['joules']:.3g}",
        ]
        for point in sorted(front, key=lambda point: (level(point["task"]), point["joules"]))
    ]


def show(console: Console, study: dict, findings: dict) -> None:
    """Print the answer of a study, its ranking, what breaks first, failures and undecided cells.

    Args:
        console: The terminal.
        study: The study.
        findings: Its findings.
    """
    line(console, f"\n[bold]{escape(study['title'])}[/bold]")
    for sentence in (*study_words.answer(findings), study_words.state(study)):
        console.print(capitalized(sentence), highlight=False, markup=False)
    for network, rows in groupby(_ranking_rows(findings), key=lambda row: row[0]):
        console.print(_ranking(network, rows, findings["compared"]))
    if findings["sweeps"]:
        console.print(_breaks(study, findings))
    for failure in findings["failures"][:_MOST_LINES]:
        plain(console, f"failed in {study_words.many(failure['cells'], 'cell')}: {failure['reason']}")
    _undecided(console, findings)


def _ranking(network: str, rows: Iterable[list[str]], compared: str) -> Table:
    title = f"right answers on {escape(network)}: interquartile mean, 95 % interval"
    shown = table(title, escape(compared), "right answers", "cells", "runs", words=(escape(compared),))
    for _, *texts in rows:
        shown.add_row(*map(escape, texts))
    return shown


def _breaks(study: dict, findings: dict) -> Table:
    """What breaks first; the first of each column in bold."""
    heads = [escape(name) for name in (findings["compared"], "network", "task")]
    sweeps = [escape(name) for name in study["sweeps"]]
    drop = 100 * findings["sweeps"][0]["drop"]
    shown = table(f"the first level that costs {drop:g} points; bold: breaks first", *heads, *sweeps, words=heads)
    for row in study_words.breaks(study, findings):
        texts = [
            "–" if at is None else f"[bold]{escape(at.text)}[/bold]" if at.first else escape(at.text)
            for at in row["at"].values()
        ]
        shown.add_row(*(escape(level(row[name])) for name in ("rule", "network", "task")), *texts)
    return shown


def _undecided(console: Console, findings: dict) -> None:
    """Where the order is undecided, the first of them one by one."""
    cells, columns = findings["cells"], study_words.varying(findings["cells"])
    undecided = study_words.undecided(findings)
    if undecided:
        plain(console, f"the best is undecided in {len(undecided):,} of {study_words.many(len(cells), 'block')}:")
    for cell in undecided[:_MOST_LINES]:
        plain(console, f"  {study_words.place(cell['where'], columns) or 'all'}: {study_words.order(cell)}")
    if len(undecided) > _MOST_LINES:
        plain(console, f"  and {len(undecided) - _MOST_LINES:,} more (the page names them)")
