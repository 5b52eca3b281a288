"""Tables of the data: sources, counts, checks."""

from collections.abc import Iterable, Sequence

from ohmgrad.report.numbers import number, percent
from ohmgrad_limits.data import DERIVED, Source
from ohmgrad_limits.show.words import Grid


def data_sources(found: Iterable[Source]) -> Grid:
    rows = tuple((each.title, f"{each.rows():,}", each.licence, each.citation) for each in found)
    return Grid("Data in this package", ("data", "rows", "licence", "from"), rows)


def table_counts(found: Sequence[dict]) -> Grid:
    rows = tuple(
        (
            each["title"],
            str(each["models"]),
            str(each["with_computation"]),
            *(str(each[measure]) for measure in DERIVED),
            "–" if each["error_low"] is None else f"{percent(each['error_low'])} – {percent(each['error_high'])}",
            "–" if each["first_year"] is None else f"{each['first_year']} – {each['last_year']}",
        )
        for each in found
    )
    heads = ("benchmark", "models", "any", "per pass", "network", "burden", "error", "years")
    note = (
        "models: with any computation; FLOP per pass; network operations; hardware burden (a multiply-add is two FLOP)"
    )
    return Grid("Models by benchmark", heads, rows, note)


def checks(found: Sequence[dict]) -> Grid:
    rows = tuple(
        (
            each["title"],
            check["measure"],
            f"{check['within']} of {check['compared']}",
            percent(check["tolerance"]),
            worst,
        )
        for each in found
        for check in each["checks"]
        if check["compared"]
        for worst in [
            "; ".join(
                f"{miss['model']}: {number(miss['given_flop'])} given, {number(miss['derived_flop'])} derived"
                for miss in check["mismatches"]
            )
            or "–"
        ]
    )
    return Grid(
        "Derived columns compared with the released ones",
        ("benchmark", "measure", "agree", "within", "mismatches"),
        rows,
    )
