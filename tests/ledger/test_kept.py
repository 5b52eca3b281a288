"""Oracle: what was traced before, to the digit; files damaged by hand; sources that changed."""

import json
import os
from pathlib import Path

import pytest

from ohmgrad import recipes
from ohmgrad.cost import kept
from ohmgrad.cost.kept import MOST, NAME, Costs
from ohmgrad.recipes import costs as recipe_costs
from ohmgrad.recipes.costs import costs

BRAILLE = recipes.load("braille", ["network.hidden=[9]", "hardware.array_pairs=9"])


@pytest.fixture
def traced(monkeypatch, tmp_path) -> list:
    """An empty cache, and every trace that was made since."""
    made, trace = [], recipe_costs._traced
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(recipe_costs, "_traced", lambda *asked: made.append(asked) or trace(*asked))
    return made


def file() -> Path:
    return Path(os.environ["XDG_CACHE_HOME"]) / "ohmgrad" / NAME


def test_what_was_traced_is_read_back_to_the_digit(traced):
    first, again = costs(BRAILLE), costs(BRAILLE)
    assert first == again and isinstance(again, Costs) and len(traced) == 1


def test_what_a_batch_does_not_depend_on_is_not_traced_anew(traced):
    costs(BRAILLE)
    same = ["title=x", "training.epochs=3", "training.seeds=1", "ledger.chip=isaac-tile", "evaluation.every=1"]
    small = ["network.hidden=[9]", "hardware.array_pairs=9"]
    costs(recipes.load("braille", [*small, *same]))
    assert len(traced) == 1
    for other in ("training.batch=32", "rule.free.sweeps=7", "hardware.rows=32", "hardware.device.g_max_siemens=1e-4"):
        before = len(traced)
        costs(recipes.load("braille", [*small, other]))
        assert len(traced) == before + 1, other


@pytest.mark.parametrize("content", ["", "[]", "{", "\0", "[" * 10_000, "null", "entry: {}", "entry: 1", "entry: text"])
def test_a_damaged_cache_is_as_good_as_none_and_written_anew(content, traced):
    right = costs(BRAILLE)
    (key,) = json.loads(file().read_text())
    kind, _, value = content.partition(": ")
    if kind == "entry":
        whole = json.loads(file().read_text())[key]
        whole[0][0][0] = {"{}": {}, "1": 1, "text": ["read", "x", 1, 1, 1.0, False]}[value]
        content = json.dumps({key: whole})
    file().write_text(content)
    assert costs(BRAILLE) == right == costs(BRAILLE) and len(traced) == 2


def test_a_cache_that_cannot_be_written_is_none(traced, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert costs(BRAILLE) == costs(BRAILLE) and len(traced) == 2


def test_changed_sources_answer_anew(traced, monkeypatch, tmp_path):
    costs(BRAILLE)
    package = tmp_path / "ohmgrad_elsewhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(kept.ohmgrad, "__file__", str(package / "__init__.py"))
    costs(BRAILLE)
    (package / "rule.py").write_text("changed = 1")
    costs(BRAILLE)
    costs(BRAILLE)
    assert len(traced) == 3


def test_the_cache_stays_small(traced):
    found = costs(BRAILLE)
    for number in range(MOST + 5):
        kept.kept(["another", number], lambda: found)
    entries = json.loads(file().read_text())
    assert len(entries) == MOST and file().stat().st_size < 10**6
    assert costs(BRAILLE) == found and len(traced) == 2
