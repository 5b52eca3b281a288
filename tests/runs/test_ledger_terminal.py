"""Oracle: what the help and the issue of the ledger promise, on the real program; bills recomputed from their lines."""

import csv
import json
import math

import pytest
import yaml

SET = "--set"
BOUNDS = ("low", "nominal", "high")
TOTALS = ("chip_energy_joules", "chip_seconds", "digital_energy_joules", "digital_seconds", "ratio")


def check_statement(table: dict) -> None:
    for key in TOTALS:
        assert tuple(table[key]) == BOUNDS
        assert 0 < table[key]["low"] <= table[key]["nominal"] <= table[key]["high"] < math.inf
    for bound in BOUNDS:
        for machine in ("chip", "digital"):
            parts = [line["joules"][bound] for line in table["lines"] if line["machine"] == machine]
            assert math.fsum(parts) == pytest.approx(table[f"{machine}_energy_joules"][bound])
    for said in ("batch", "utilisation"):
        assert said in table["digital"]["conditions"]


@pytest.mark.parametrize("recipe", ["braille", "mnist-hopfield", "mnist-resistive-xs", "mnist-dfa"])
def test_cost_prices_a_recipe_with_arrays_or_without(recipe, ohmgrad_here):
    done = ohmgrad_here("cost", recipe, "--json")
    assert done.returncode == 0, done.stderr
    check_statement(json.loads(done.stdout))


def test_cost_shows_lines_ratios_carbon_and_a_life(ohmgrad_here):
    done = ohmgrad_here("cost", "braille", "--inferences", 1000, "--region", "DEU")
    for said in (
        "ADC: convert",
        "accumulator: sum",
        "best digital program / chip energy",
        "Germany",
        "1,000 inferences",
        "not measured",
    ):
        assert said in done.stdout


def test_options_and_settings_change_what_they_name(ohmgrad_here):
    def cost(*options) -> dict:
        return json.loads(ohmgrad_here("cost", "braille", "--json", *options).stdout)

    plain = cost()
    assert cost("--gpu", "v100")["digital"]["machine"] == "NVIDIA V100"
    assert cost("--chip", "analog-edge")["chip"]["machine"].startswith("analog neurons")
    assert "fp16" in cost("--precision", "fp16")["digital"]["conditions"]
    more = cost("--samples", 5120)["digital_energy_joules"]["nominal"]
    assert more == pytest.approx(10 * plain["digital_energy_joules"]["nominal"])
    longer = cost(SET, "training.epochs=200")["digital_seconds"]["nominal"]
    assert longer == pytest.approx(2 * plain["digital_seconds"]["nominal"])
    site = cost("--pue", 1, "--usd-per-kwh", 0.5, "--region", "CA-QC")["footprint"]
    hours = site["chip"]["kilowatt_hours"]["nominal"]
    assert hours == pytest.approx(plain["chip_energy_joules"]["nominal"] / 3.6e6)
    assert site["chip"]["electricity_usd"]["nominal"] == pytest.approx(0.5 * hours)
    assert site["site"]["region"] == "CA-QC"


def test_ledger_prices_a_run_as_the_run_did_and_on_other_machines(ohmgrad_here, small_run, tmp_path):
    folder, result = small_run("braille")
    again = json.loads(ohmgrad_here("ledger", folder, "--json").stdout)
    check_statement(again)
    for key in TOTALS:
        assert again[key] == result["ledger"][key]
    assert again["counts"] == result["ledger"]["counts"]
    out = tmp_path / "emissions.csv"
    other = json.loads(
        ohmgrad_here("ledger", folder, "--chip", "isaac-tile", "--gpu", "v100", "--emissions", out, "--json").stdout
    )
    check_statement(other)
    assert other["chip"]["machine"].startswith("ISAAC") and other["digital"]["machine"] == "NVIDIA V100"
    rows = [row for row in csv.DictReader(out.read_text().splitlines()) if row["ohmgrad_bound"] == "nominal"]
    carbon = {row["run_id"]: float(row["emissions"]) for row in rows}
    assert carbon["digital"] / carbon["chip"] == pytest.approx(other["ratio"]["nominal"])


def test_a_run_s_bill_lies_within_the_bounds_that_its_recipe_was_expected_to_have(ohmgrad_here, small_run):
    folder, result = small_run("braille")
    expected = json.loads(ohmgrad_here("cost", folder / "recipe.yaml", "--json").stdout)
    assert expected["digital_energy_joules"] == pytest.approx(result["ledger"]["digital_energy_joules"])
    chip, real = expected["chip_energy_joules"], result["ledger"]["chip_energy_joules"]
    assert chip["low"] <= real["low"] and real["high"] <= chip["high"]
    assert real["nominal"] == pytest.approx(chip["nominal"], rel=0.5)


def test_a_user_s_own_chip_is_a_file(ohmgrad_here, tmp_path):
    printed = ohmgrad_here("chips", "default", "--yaml").stdout
    chip = yaml.safe_load(printed)
    chip["components"] = [{"name": "all", "action": "read", "count": "reads", "joules": "reads * mine"}]
    chip["figures"]["mine"] = {
        "low": 1.0,
        "nominal": 2.0,
        "high": 4.0,
        "basis": "assumption",
        "source": "a guess of ours",
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(chip))
    table = json.loads(ohmgrad_here("cost", "braille", "--chip", tmp_path / "mine.yaml", "--json").stdout)
    (line,) = table["chip"]["lines"]
    assert line["joules"] == {"low": line["count"], "nominal": 2 * line["count"], "high": 4 * line["count"]}
    assert line["source"] == "a guess of ours" and line["basis"] == "assumption"


def test_a_chip_that_may_cost_nothing_has_an_unbounded_ratio_and_valid_json(ohmgrad_here, tmp_path):
    chip = yaml.safe_load(ohmgrad_here("chips", "default", "--yaml").stdout)
    chip["components"] = [{"name": "cells", "action": "read", "count": "reads", "joules": "read_watts * read_seconds"}]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(chip))
    done = ohmgrad_here("cost", "braille", "--chip", tmp_path / "mine.yaml", "--json")
    table = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} in the statement"))
    assert table["ratio"]["high"] is None and table["ratio"]["nominal"] > 0
    assert "unbounded" in ohmgrad_here("cost", "braille", "--chip", tmp_path / "mine.yaml").stdout


def test_chips_lists_and_prints(ohmgrad_here):
    listed = json.loads(ohmgrad_here("chips", "--json").stdout)
    assert {"isaac-tile", "neurram-core", "taox-64x64", "analog-edge", "default"} == set(listed["chips"])
    assert {"v100", "a100-sxm", "h100-sxm", "h200-sxm"} < set(listed["gpus"])
    assert "isaac-tile" in ohmgrad_here("chips").stdout
    shown = ohmgrad_here("chips", "isaac-tile").stdout
    assert "joules = adc_conversions * adc_joules" in shown and "2 mW" in shown
    assert (
        json.loads(ohmgrad_here("chips", "isaac-tile", "--json").stdout)["figures"]["row_joules"]["nominal"]
        == 0.234e-12
    )


def test_scaling_draws_tells_and_prints(ohmgrad_here, tmp_path):
    picture = tmp_path / "scaling.svg"
    done = ohmgrad_here("scaling", "--batch", 1, "--precision", "fp32", "--out", picture, "--json")
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert [point["width"] for point in table["points"]] == [2**power for power in range(6, 15)]
    assert {crossing["mark"] for crossing in table["crossings"]} <= {1e2, 1e3, 1e4, 1e5}
    assert picture.read_text().startswith("<svg")
    told = ohmgrad_here("scaling", "--batch", 1, "--precision", "fp32").stdout
    assert "backpropagation: falls through 100 at a width of" in told and "digital / chip" in told


FAULTS = {
    "unknown recipe": (["cost", "brail"], "did you mean 'braille'"),
    "unknown chip": (["cost", "braille", "--chip", "taox"], "machine in --chip 'taox'; did you mean 'taox-64x64'"),
    "unknown processor": (["cost", "braille", "--gpu", "h100"], "known: a100-sxm, cpu-core, h100-sxm"),
    "unknown precision": (["cost", "braille", "--precision", "fp64"], "allowed: fp32, tf32, fp16, fp8, int8"),
    "precision that the processor lacks": (
        ["cost", "braille", "--gpu", "v100", "--precision", "fp8"],
        "has no 'fp8'; allowed: fp32, fp16",
    ),
    "unknown region": (["cost", "braille", "--region", "GER"], "unknown region 'GER'"),
    "region of two letters": (["cost", "braille", "--region", "DE"], "three letters"),
    "overhead below one": (["cost", "braille", "--pue", "0.9"], "--pue: 0.9 is out of range; allowed: 1 to 10"),
    "price of nothing": (["cost", "braille", "--usd-per-kwh", "0"], "--usd-per-kwh"),
    "no samples": (["cost", "braille", "--samples", "0"], "--samples: 0 is out of range"),
    "inferences below none": (["cost", "braille", "--inferences", "-1"], "--inferences: -1 is out of range"),
    "not a number": (["cost", "braille", "--pue", "nan"], "--pue: nan is out of range"),
    "unknown field": (["cost", "braille", SET, "training.epocs=3"], "did you mean 'epochs'"),
    "bits without a figure": (
        ["cost", "braille", "--chip", "isaac-tile", SET, "hardware.adc.bits=12"],
        "prices converters of 4, 5, 6, 7, 8, 9, 10 bits, not 12",
    ),
    "no run": (["ledger", "nowhere"], "holds no finished run"),
    "no folder for emissions": (["ledger", "nowhere", "--emissions", "gone/x.csv"], "there is no folder gone"),
    "unknown chip to show": (["chips", "isaac"], "did you mean 'isaac-tile'"),
    "no chip to copy": (["chips", "--yaml"], "--yaml needs the NAME of a chip"),
    "picture of another kind": (["scaling", "--out", "x.png"], "must end in .svg"),
    "no batch": (["scaling", "--batch", "0"], "--batch"),
    "array of nothing": (["scaling", "--array", "0"], "--array"),
    "unknown way of writing": (["scaling", "--write", "quill"], "'pulse-trains'"),
    "unknown region in a recipe": (["cost", "braille", SET, "ledger.region=Mars"], "unknown region 'Mars'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_sentence_and_writes_nothing(fault, ohmgrad_here, tmp_path):
    arguments, says = FAULTS[fault]
    result = ohmgrad_here(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert says in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == "" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage", ["{", "{}", '{"counts": {"ideal": {"calls": "many"}}}', '{"counts": {"ideal": {"calls": -1}}}']
)
def test_a_damaged_run_is_refused(damage, ohmgrad_here, small_run, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(small_run("braille")[0], folder)
    (folder / "ledger.json").write_text(damage)
    result = ohmgrad_here("ledger", folder)
    assert result.returncode == 2 and "damaged run" in result.stderr and result.stdout == ""
