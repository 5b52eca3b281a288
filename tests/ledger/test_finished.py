"""Oracle: what a run's files must hold to be priced, each damage made by hand; every refusal is one sentence."""

import json
from pathlib import Path

import pytest

from ohmgrad import recipes
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.recipes import priced

COUNTED = Counts(*(1.0 for _ in Counts._fields))._asdict()
NOTHING = {"status": "not measured", "counters": [], "sentence": "nothing"}
WINDOW = {"joules": 9.0, "seconds": 3.0, "by_device": {"gpu0": 9.0}}
MEASURED = {"status": "measured", "counters": ["GPU 0"], "windows": {"ideal": WINDOW}, "sentence": "9 J"}


def run(folder: Path, counted: dict = COUNTED, measured: object = NOTHING, **files: str) -> Path:
    whole = {
        "ledger": json.dumps({"counts": {"ideal": counted}, "measured": measured}),
        "summary": json.dumps({"title": "a run"}),
        "environment": json.dumps({"ohmgrad": "1"}),
    }
    for name, text in (whole | files).items():
        (folder / f"{name}.json").write_text(text)
    (folder / "recipe.yaml").write_text(recipes.text("braille"))
    return folder


@pytest.mark.parametrize("measured", [NOTHING, MEASURED, None])
def test_a_whole_run_is_read_as_it_was_written(measured, tmp_path):
    found = priced.finished(run(tmp_path, measured=measured))
    assert found.counts["ideal"] == Counts(**COUNTED) and found.measured == measured and found.version == "1"


MISSING = {name: count for name, count in COUNTED.items() if name != "macs"}
DAMAGES = {
    "a count of 10^400": ({"counted": COUNTED | {"macs": 10**400}}, "counts.ideal.macs"),
    "a count of 1e308": ({"counted": COUNTED | {"macs": 1e308}}, "counts.ideal.macs"),
    "a count that is true": (
        {"counted": COUNTED | {"macs": True}},
        "counts.ideal.macs: input should be a valid number",
    ),
    "a count below 0": ({"counted": COUNTED | {"macs": -1}}, "counts.ideal.macs"),
    "a missing count": ({"counted": MISSING}, "counts.ideal: macs is missing"),
    "a count of nothing": ({"counted": COUNTED | {"foo": 1.0}}, "counts.ideal: foo is no count"),
    "measured in a word": ({"measured": "x"}, "measured: should be a mapping"),
    "measured by others": ({"measured": {"a": float("nan")}}, "measured.status: field required"),
    "measured as a list": ({"measured": [1]}, "measured: should be a mapping"),
    "measured without a number": (
        {"measured": MEASURED | {"windows": {"ideal": WINDOW | {"joules": float("nan")}}}},
        "measured.windows.ideal.joules",
    ),
    "a list": ({"ledger": "[]"}, "ledger.json: should be a mapping of fields"),
    "a deep list": ({"ledger": "[" * 100_000}, "ledger.json is not JSON .nested too deeply"),
    "an empty summary": ({"summary": ""}, "summary.json is not JSON"),
    "a summary of nothing": ({"summary": "{}"}, "summary.json: title: field required"),
    "no version": ({"environment": "{}"}, "environment.json: ohmgrad: field required"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_refused_in_one_sentence_that_names_the_field(damage, tmp_path):
    change, says = DAMAGES[damage]
    with pytest.raises(InputError, match=f"damaged run: .*{says}") as refused:
        priced.finished(run(tmp_path, **change))
    assert "\n" not in str(refused.value)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (run(tmp_path) / "ledger.json").unlink()
    (tmp_path / "ledger.json").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        priced.finished(tmp_path)
