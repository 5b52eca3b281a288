"""Oracle: what was worked out before, to the digit; files damaged by hand; sources and inputs that changed."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ohmgrad import cli
from ohmgrad.cost import kept
from ohmgrad.cost.kept import MOST, NAME
from ohmgrad.recipes import library, priced

MADE = {"joules": [0.1, 1e-300, 3], "chips": None}


class Asked:
    """The same question again and again, and how often it had to be worked out."""

    def __init__(self):
        self.times = 0

    def __call__(self, asked=("braille", None)) -> dict:
        return kept.kept(asked, self._work_out)

    def _work_out(self):
        self.times += 1
        return MADE


@pytest.fixture
def answer(monkeypatch, tmp_path) -> Asked:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Asked()


def file() -> Path:
    return Path(os.environ["XDG_CACHE_HOME"]) / "ohmgrad" / NAME


def test_what_was_worked_out_is_read_back_to_the_digit(answer):
    assert answer() == MADE == answer() and answer.times == 1
    answer(("braille", ["training.batch=8"]))
    assert answer.times == 2


@pytest.mark.parametrize("content", ["", "[]", "{", "\0", "[" * 10_000, "null", "entry: {}", "entry: 1", "entry: text"])
def test_a_damaged_cache_is_as_good_as_none_and_written_anew(content, answer):
    answer()
    (key,) = json.loads(file().read_text())
    kind, _, value = content.partition(": ")
    if kind == "entry":
        content = json.dumps(
            {key: {"{}": {}, "1": 1, "text": {"files": {"no such file": [1, 2]}, "made": MADE}}[value]}
        )
    file().write_text(content)
    assert answer() == MADE == answer() and answer.times == 2


def test_a_cache_that_cannot_be_written_is_none(answer, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert answer() == MADE == answer() and answer.times == 2


def test_changed_sources_answer_anew(answer, monkeypatch, tmp_path):
    answer()
    package = tmp_path / "ohmgrad_elsewhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(kept.ohmgrad, "__file__", str(package / "__init__.py"))
    answer()
    (package / "rule.py").write_text("changed = 1")
    answer()
    answer()
    assert answer.times == 3


def test_the_cache_stays_small_and_forgets_the_oldest(answer):
    for number in range(MOST + 5):
        answer((number,))
    assert len(json.loads(file().read_text())) == MOST and file().stat().st_size < 10**6
    answer((MOST + 4,))
    assert answer.times == MOST + 5
    answer((0,))
    assert answer.times == MOST + 6


def test_a_statement_is_made_anew_where_a_file_that_it_reads_has_changed(answer, monkeypatch, tmp_path, capsys):
    """A recipe of the user's own, and a chip of the user's own: both are read once per statement."""
    made, price = [], priced.price
    monkeypatch.setattr(priced, "price", lambda *args, **others: made.append(1) or price(*args, **others))
    recipe, chip = tmp_path / "own.yaml", tmp_path / "chip.yaml"
    recipe.write_text(library.text("braille"))
    shutil.copy(Path(priced.__file__).parents[1] / "ledger" / "chips" / "taox-64x64.yaml", chip)

    def stated():
        cli.app(["cost", str(recipe), "--chip", str(chip), "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    first = stated()
    assert stated() == first and len(made) == 1
    recipe.write_text(recipe.read_text().replace("epochs:", "epochs:  "))
    assert stated() == first and len(made) == 2
    chip.write_text(chip.read_text() + "\n# changed\n")
    assert stated() == first and len(made) == 3
