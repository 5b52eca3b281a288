"""Pages of studies. Oracles: numbers planted in findings; the parsers of HTML and XML; a table sorted by Python."""

import copy
import json
import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import synthetic_study as made
from rich.console import Console

from ohmgrad.report import study as report
from ohmgrad.report import study_pictures, study_table, study_words
from ohmgrad.report.style import look

VOID = {"meta", "input", "br", "link", "img"}
HOSTILE = """<script>alert("x")</script> & $x_{ 'y' """
SECTIONS = (
    "accuracy", "sweeps", "pareto", "ranks", "profiles", "improvement", "breaks", "tuning", "failures", "undecided",
    "runs", "reading",
)  # fmt: skip


def paged(study, table, findings) -> str:
    """The page with its pictures."""
    return report.page(study, table, findings, report.pictures(study, table, findings))


def flat(pictures: dict) -> dict:
    """Pictures of all sections by file name."""
    return {name: picture for section in pictures.values() for name, picture in section.items()}


class Page(HTMLParser):
    """Checks that every element is closed, and gathers ids, links, cells of tables by the label of their box, text."""

    def __init__(self, text):
        super().__init__()
        self.source, self.open, self.ids, self.links, self.uses, self.label = text, [], [], [], [], None
        self.tables, self.words, self.pictures, self.scripts, self.tags = {}, [], [], 0, []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if given.get("role") == "region":
            self.label = given["aria-label"]
            assert given["tabindex"] == "0"  # the keyboard can scroll it
        if tag == "svg":
            self.pictures.append(given)
        if tag == "tr":
            self.tables.setdefault(self.label, []).append([])
        if tag in ("td", "th"):
            self.tables[self.label][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.uses += [given["xlink:href"]] if "xlink:href" in given else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"script", "style"} & set(self.open[-1:]):
            return
        if {"td", "th"} & set(self.open):
            self.tables[self.label][-1][-1] += data
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def sections(self):
        return [each for each in self.ids if each in SECTIONS]


@pytest.fixture(scope="module")
def frame():
    table = made.table(3)
    failed = (table.rule == "contrastive") & (table.device == "pcm") & (table.task == "digits") & (table.sweep == "")
    table.loc[failed, ["status", "reason", "accuracy"]] = ["failed", "the free phase diverged", math.nan]
    return table


@pytest.fixture(scope="module")
def full(frame):
    """A study with everything, its findings and its page."""
    found, described = made.findings(frame), made.study(frame)
    example = frame[frame.status == "failed"].cell.iloc[0]
    found["failures"] = [{"reason": "the free phase diverged", "cells": 4, "example": example}]
    described |= {"done": described["cells"] - 4 - 3, "failed": 4, "missing": 3}
    return described, found, Page(paged(described, frame, found))


def test_a_full_page_has_every_section_in_order(full):
    _, _, page = full
    assert page.sections == list(SECTIONS)
    assert page.links == [f"#{each}" for each in SECTIONS]
    assert len(page.ids) == len(set(page.ids))
    assert page.uses and {use[1:] for use in page.uses if use.startswith("#")} <= set(page.ids)
    clips = set(re.findall(r"url\(#([^)]*)\)", page.source))
    assert clips and clips <= set(page.ids)


def test_a_page_needs_no_network_and_names_its_pictures(full):
    _, _, page = full
    for tag, given in page.tags:
        assert tag not in ("link", "img", "iframe")
        assert "src" not in given and not str(given.get("xlink:href", "#")).startswith("http")
    assert len(page.pictures) == 4 + 4 + 4  # heat maps and curves of two networks and two tasks, and four more
    assert all(given["role"] == "img" and len(given["aria-label"]) > 20 for given in page.pictures)


def test_the_first_paragraph_answers_the_question(full):
    _, found, page = full
    best = found["ranking"][0]
    assert best["rule"] == "equilibrium-propagation"
    rate = f"{100 * best['iqm']:.2f} [{100 * best['low']:.2f}, {100 * best['high']:.2f}] %"
    assert f"On the network dense, equilibrium-propagation is best: {rate}" in page.text
    assert page.text.index("On the network hopfield") > page.text.index("On the network dense")
    # The first of three beats the second by 1.2 points, and one more on each side, by construction.
    assert "Equilibrium-propagation is better than backpropagation: +1.2 [+0.2, +2.2] points" in page.text
    state = f"{len(found['cells'])} blocks"
    assert state in page.text and "4 failed, 3 not run yet; 7 left out" in page.text


def test_order_of_the_first_two_is_counted_over_the_blocks_they_share():
    def block(network, order, undecided):
        rows = [{"rule": rule, "iqm": 0.9, "low": 0.8, "high": 1.0, "runs": 2} for rule in order]
        return {"where": {"network": network}, "order": rows, "undecided": undecided, "decided": not undecided}

    ranking = [
        {"rule": rule, "network": "n", "iqm": 0.9, "low": 0.8, "high": 1.0, "cells": 5, "runs": 10} for rule in "abc"
    ]
    cells = [
        block("n", "abc", []),
        block("n", "abc", [["b", "c"]]),  # the first two are decided, not the whole order
        block("n", "bac", []),
        block("n", "cab", [["b", "a"]]),
        block("n", "ac", []),  # not shared
        block("other", "abc", []),
    ]
    found = {"compared": "rule", "ranking": ranking, "cells": cells, "effects": []}
    assert study_words.answer(found)[1] == (
        "Of 4 blocks that both share, a is ahead in 2 and b in 1; undecided: 1. "
        "The whole order of all rules is decided in 3 of 5"
    )


@pytest.mark.parametrize(
    ("points", "low", "high", "expected"),
    [
        (2.0, 1.0, 3.0, "ours is better than my backprop: +2.0 [+1.0, +3.0] points, paired over 4 blocks"),
        (0.5, -1.0, 2.0, "ours is not told apart from my backprop: +0.5 [-1.0, +2.0] points, paired over 4 blocks"),
        (-2.0, -3.0, -1.0, "ours is worse than my backprop: -2.0 [-3.0, -1.0] points, paired over 4 blocks"),
        (1.0, None, None, "ours is not told apart from my backprop: +1.0 points, paired over 4 blocks"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_baseline_is_named_whichever_way_round_the_effect_is(points, low, high, expected, turned):
    effect = {"rule": "ours", "than": "my backprop", "points": points, "low": low, "high": high}
    if turned:
        ends = (None, None) if low is None else (-high, -low)
        effect = {"rule": "my backprop", "than": "ours", "points": -points, "low": ends[0], "high": ends[1]}
    effect |= {"cliffs_delta": 0.1, "cohens_d": None, "blocks": 4}
    ranking = [
        {"rule": rule, "network": "n", "iqm": 0.9, "low": 0.8, "high": 1.0, "cells": 5, "runs": 10}
        for rule in ("my backprop", "ours")
    ]
    found = {"compared": "rule", "ranking": ranking, "cells": [], "effects": [effect]}
    assert study_words.answer(found)[-1] == expected


def test_tables_hold_the_numbers_of_the_findings(full):
    described, found, page = full
    ranked = [row[:2] for row in page.tables["ranking"][1:]]
    assert ranked == [[row["network"], row["rule"]] for row in found["ranking"]]
    pairs = {tuple(row[:2]): row[2:] for row in page.tables["pairs"][1:]}
    assert pairs["contrastive", "equilibrium-propagation"] == [
        "0.340 [0.240, 0.440]", "-2.4 [-3.4, -1.4]", "-0.2", "-1", str(len(found["cells"])),
    ]  # fmt: skip
    gains = {row[0]: row[1:] for row in page.tables["gain by tuning"][1:]}
    blocks = str(len(found["cells"]))
    assert gains["backpropagation"] == [blocks, "+2.0 [+1.5, +2.5]", blocks]
    assert gains["contrastive"] == [blocks, "+2.0 [+1.5, +2.5]", "0"]
    example = found["failures"][0]["example"]
    assert page.tables["failures"][1] == ["the free phase diverged", described["reproduce"][example], "4"]
    front = {(row["task"], row["rule"], f"{row['joules']:.3g}") for row in found["pareto"] if row["front"]}
    assert {(row[0], row[1], row[5]) for row in page.tables["Pareto front"][1:]} == front
    open_blocks = sum(not cell["decided"] for cell in found["cells"])
    assert 0 < len(page.tables["undecided blocks"]) - 1 == open_blocks < len(found["cells"])


def test_tuned_values_are_counted_by_field_with_their_space(full):
    _, found, page = full
    rows = {tuple(row[:2]): row[2:] for row in page.tables["tuned values"][1:]}
    cells = len(found["cells"])  # a tuned cell in each block
    times = "0.1 to 10 times the default"
    assert rows["backpropagation", "rule.learning_rates"] == [times, f"[0.2, 0.1] ({cells})", f"0 of {cells}"]
    assert rows["backpropagation", "rule.beta"] == ["0.1 to 1 (log)", f"0.5 ({cells})", f"{cells} of {cells}"]
    assert rows["contrastive", "rule.beta"] == ["", f"0.5 ({cells})", f"0 of {cells}"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.1, 0.2], "0.1 (2); 0.2 (1)"),
        ([0.4, 0.1, 0.3, 0.2], "0.1 to 0.4 (4 values)"),
        ([[1], [2], [3], [4], [2]], "4 values, most often [2] (2)"),
    ],
)
def test_chosen_values_in_words(values, expected):
    assert study_words.chosen(values) == expected


def test_what_breaks_first_is_by_the_order_of_the_sweep():
    def curve(rule, sweep, at, unswept: float | None = 0.9):
        ends = {"iqm": unswept, "low": unswept, "high": unswept}
        return {"sweep": sweep, "rule": rule, "network": "n", "task": "t", "unswept": ends, "breaks_at": at}

    sweeps = [
        curve("a", "bits", 4),
        curve("b", "bits", 6),
        curve("c", "bits", 6.0),
        curve("a", "wear", None),
        curve("b", "wear", None),
        curve("c", "wear", None, unswept=None),  # failed without a sweep: nothing to fall from
    ]
    rows = study_words.breaks({"sweeps": {"bits": [8, 6, 4], "wear": ["low", "high"]}}, {"sweeps": sweeps})
    assert {row["rule"]: tuple(row["at"].values()) for row in rows} == {
        "a": (("4", False), ("holds", False)),
        "b": (("6", True), ("holds", False)),
        "c": (("6", True), None),
    }


def test_the_table_has_a_row_per_cell_and_setting(frame, full):
    described, _, page = full
    heads, *rows = page.tables["all cells"]
    groups = frame.groupby(["cell", "setting"])
    assert len(rows) == groups.ngroups
    assert "unverified (%)" not in heads  # says nothing here
    place = {head: number for number, head in enumerate(heads)}
    by_line = {row[place["how to repeat it"]]: row for row in rows}
    for cell, own in frame.groupby("cell"):
        row = by_line[described["reproduce"][cell]]
        done = own[own.status == "done"]
        assert row[place["runs"]] == str(len(done))
        if len(done):
            means = [f"{100 * each(done.accuracy):.2f}" for each in (lambda x: x.mean(), min, max)]
            assert [row[place[head]] for head in ("right (%)", "lowest", "highest")] == means
        else:
            assert row[place["failed"]] == "3" and row[place["why it failed"]] == "the free phase diverged"


def test_columns_in_which_all_rows_agree_are_named_once(frame):
    small = frame[(frame.network == "dense") & (frame.setting == "tuned")]
    found = study_table.summarised(study_table.rows(small), made.study(small), made.findings(small))
    assert found["same"] == {"network": "dense", "setting": "tuned"}
    assert not {"network", "setting"} & set(found["heads"])


def test_sections_without_content_are_left_out():
    frame = made.table(2, devices=("ideal",), sweeps={}, settings=("default",)).drop(columns=["sweep", "level"])
    found = made.findings(frame.assign(sweep="", level=math.nan), {})
    found |= {"friedman": {"reason": "it needs three rules"}, "improvement": [], "effects": []}
    found["profiles"] = {"thresholds": [], "rules": {}}
    found["cells"] = [cell | {"undecided": [], "decided": True} for cell in found["cells"]]
    page = Page(paged(made.study(frame, {}, tuning=False), frame, found))
    assert page.sections == ["accuracy", "runs", "reading"]
    assert "Mean ranks are not shown: it needs three rules." in page.text
    assert "Nothing was tuned" in page.text


def test_a_study_without_results_has_a_page_and_a_screen(frame):
    nothing = {"compared": "rule", "levels": [], "setting": "default", "blocks": 0, "runs": 0, "failed": 0}
    nothing |= {
        name: [] for name in ("ranking", "improvement", "effects", "cells", "sweeps", "pareto", "tuning", "failures")
    }
    nothing |= {"profiles": {"thresholds": [], "rules": {}}, "friedman": {"reason": "it needs blocks"}}
    described = made.study(frame.iloc[:0], {}, tuning=False) | {"missing": 40, "cells": 40}
    page = Page(paged(described, frame.iloc[:0], nothing))
    assert page.sections == ["reading"]
    assert "No result yet." in page.text and "40 cells of 3 chips each: 0 done, 40 not run yet" in page.text
    assert "No result yet" in printed(described, nothing)


@pytest.fixture(scope="module")
def hostile(frame):
    """The study with names that HTML, XML, Matplotlib or rich would read as their own."""
    names = {"contrastive": HOSTILE, "backpropagation": "_[bold]backprop[/bold]", "dense": HOSTILE, "pcm": "$<b>$"}
    table = frame.replace(names)
    table["sweep"] = table["sweep"].replace("ADC bits", HOSTILE)
    table.loc[table.status == "failed", "reason"] = HOSTILE
    sweeps = {"read noise": made.SWEEPS["read noise"], HOSTILE: made.SWEEPS["ADC bits"]}
    found = made.findings(table, sweeps)
    found["failures"] = [{"reason": HOSTILE, "cells": 2, "example": "unknown"}]
    return made.study(table, sweeps) | {"title": HOSTILE}, table, found


def test_names_are_escaped(hostile):
    described, table, found = hostile
    text = paged(described, table, found)
    page = Page(text)
    assert text.count("<script>") == 1 and "<b>$" not in text
    assert [row[0] for row in page.tables["failures"][1:]] == [HOSTILE]
    assert HOSTILE in {row[0] for row in page.tables["all cells"]}
    assert page.tables["what breaks first"][0][-1] == HOSTILE


def test_pictures_are_svg_with_a_name(hostile):
    described, table, found = hostile
    pictures = flat(report.pictures(described, table, found))
    assert len(pictures) == 12
    for name, text in pictures.items():
        assert re.fullmatch(r"[a-z0-9-]+\.svg", name)
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("role") == "img" and root.get("aria-label")
    assert any(HOSTILE in (ElementTree.fromstring(text).get("aria-label") or "") for text in pictures.values())


def test_pages_and_pictures_repeat_and_change_nothing(frame, full):
    described, found, page = full
    before = copy.deepcopy((described, found))
    assert paged(described, frame, found) == page.source
    assert (described, found) == before
    json.dumps(found, allow_nan=False)


def test_failed_cells_are_marked_in_the_heat_map_and_others_left_blank(frame, full):
    described, found, _ = full
    records = study_table.rows(frame)
    (cell,) = (
        each for each in found["cells"]
        if each["where"] == {"network": "dense", "task": "digits", "device": "pcm"}
    )  # fmt: skip
    failed = study_pictures._failed(records, found)
    shares = study_pictures._shares(found | {"levels": [*found["levels"], "never run"]}, [cell], failed)[:, 0]
    first = next(row for row in cell["order"] if row["rule"] == "equilibrium-propagation")
    assert shares[0] == pytest.approx(100 * first["iqm"])
    assert shares[2] == -math.inf and math.isnan(shares[3])
    assert described["failed"] == 4


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], []),
        (["ab"], [(0, 1)]),
        (["ab", "bc"], [(0, 1), (1, 2)]),  # a and c differ
        (["ab", "bc", "ac"], [(0, 2)]),
        (["ba", "cd", "db", "cb"], [(0, 1), (1, 3)]),
    ],
)
def test_bars_of_the_critical_difference_join_the_longest_runs(pairs, expected):
    assert study_pictures._alike(list("abcd"), [list(pair) for pair in pairs]) == expected


def test_twelve_rules_look_different_and_keep_their_look():
    looks = [tuple(look(number).values()) for number in range(24)]
    assert len(set(looks)) == 24
    assert len({(colour, dashes) for colour, dashes, _ in looks[:12]}) == 12  # without markers too
    found = {"levels": made.rules(12)}
    assert study_pictures.looks(found)["rule-12"] == look(11)


def test_a_page_of_ten_thousand_rows_stays_small():
    devices = tuple(f"device-{number}" for number in range(60))
    made_devices, made.DEVICES = made.DEVICES, devices
    try:
        frame = made.table(12, devices=devices, tasks=("digits", "mnist1d", "braille"), seeds=1)
    finally:
        made.DEVICES = made_devices
    assert frame.cell.nunique() == len(frame) > 9_000
    text = paged(made.study(frame), frame, made.findings(frame))
    assert len(text.encode()) < 8e6
    assert len(Page(text).tables["all cells"]) == len(frame) + 1


def printed(described, found):
    console = Console(width=160, file=None, record=True, quiet=False)
    with console.capture() as caught:
        report.show(console, described, found)
    return caught.get()


def test_the_terminal_shows_ranking_breaks_failures_and_what_is_undecided(full):
    described, found, _ = full
    text = printed(described, found)
    for row in found["ranking"]:
        interval = f"{100 * row['iqm']:.2f} [{100 * row['low']:.2f}, {100 * row['high']:.2f}] %"
        assert re.search(rf"{row['rule']} +{re.escape(interval)} +{row['cells']} +{row['runs']}", text)
    first = next(each for each in found["sweeps"] if each["sweep"] == "read noise")
    assert re.search(rf"{first['rule']} +{first['network']} +{first['task']} +{first['breaks_at'] or 'holds'}", text)
    assert "failed in 4 cells: the free phase diverged" in text
    undecided = sum(not cell["decided"] for cell in found["cells"])
    assert f"the best is undecided in {undecided} of {len(found['cells'])} blocks" in text


def test_the_terminal_prints_names_as_they_are(hostile):
    described, _, found = hostile
    text = printed(described, found)
    assert HOSTILE.strip() in text and "_[bold]backprop[/bold]" in text
