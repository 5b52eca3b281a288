"""Oracle: run folders written by hand from a known law."""

import csv
import json

import numpy as np
import pytest
import yaml

from ohmgrad.errors import InputError
from ohmgrad.limits import fit_runs
from ohmgrad.limits.own import fit_groups

ENERGY = {"crossbar": "chip_energy_joules", "ideal": "digital_energy_joules"}


def write_run(folder, macs, joules, error, epochs=4, rule="activity-difference", write="single-pulse", recipe=None):
    """A folder as `ohmgrad train` leaves it, as far as its scaling goes; `error` is a function of FLOP."""
    folder.mkdir()
    recipe = {"data": {"kind": "braille"}, "hardware": {}, **(recipe or {})}
    recipe |= {"rule": {"kind": rule}, "training": {"epochs": epochs}}
    recipe["hardware"] |= {"write": {"kind": write}}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    ledger = {"counts": {arm: {"macs": macs} for arm in ENERGY}}
    ledger |= {key: {"low": joules / 2, "nominal": joules, "high": joules * 2} for key in ENERGY.values()}
    (folder / "ledger.json").write_text(json.dumps(ledger))
    with (folder / "metrics.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["arm", "seed", "epoch", "metric", "corruption", "level", "value"])
        for arm in ENERGY:
            for epoch in range(1, epochs + 1):
                accuracy = 1 - error(2 * macs * epoch / epochs)
                for seed, off in ((0, 0.01), (1, -0.01)):
                    rows.writerow([arm, seed, epoch, "learning_curve", "flips", 0.1, accuracy + off])
                rows.writerow([arm, 0, epoch, "loss", "train", "", 0.5])
            rows.writerow([arm, 0, epochs, "test_accuracy", "flips", 0.2, 0.1])
    return folder


def by_quantity(fits, arm):
    return {each.quantity: each for each in fits if each.group.arm == arm}


def test_exponent_of_a_known_law_over_runs(tmp_path):
    """error = (FLOP / 1e6)^(-1/5): the exponent is 5, by operations and, joules being a multiple, by joules."""
    runs = [
        write_run(tmp_path / f"run{n}", 1e6 * 4**n, 1e-3 * 4**n, lambda flop: 0.5 * (flop / 1e6) ** -0.2)
        for n in range(4)
    ]
    found = by_quantity(fit_runs(runs), "crossbar")
    for quantity in ("flop", "joules"):
        assert 1 / found[quantity].line.slope == pytest.approx(5)
        assert found[quantity].points_of == "final" and found[quantity].line.n == 4
    line = found["flop"].line
    assert 10 ** -line.at(np.log10(2e6)) == pytest.approx(0.5 * 2**-0.2)
    curve = by_quantity(fit_runs(runs, points_of="curve"), "crossbar")["flop"]
    assert curve.line.n == 16 and 1 / curve.line.slope == pytest.approx(5)


def test_one_run_gives_its_curve_and_the_other_law(tmp_path):
    run = write_run(tmp_path / "run", 1e8, 1e-2, lambda flop: 1 / (2 * np.log10(flop) - 10))
    found = by_quantity(fit_runs([run], "exponential"), "ideal")["joules"]
    assert found.points_of == "curve" and found.line.n == 4
    assert found.line.slope == pytest.approx(2) and found.as_dict()["exponent"] is None


def test_rules_and_ways_of_writing_are_lines_of_their_own(tmp_path):
    runs = [
        write_run(tmp_path / f"{rule}{write}", 1e6, 1e-3, lambda flop: 0.5 * (flop / 1e6) ** -0.1, 4, rule, write)
        for rule in ("activity-difference", "backpropagation")
        for write in ("single-pulse", "write-verify")
    ]
    titles = {each.group.title for each in fit_runs(runs)}
    assert len(titles) == 4 + 2  # on crossbars each its own, on ideal weights by rule
    assert "braille: backpropagation, crossbar, write-verify" in titles


TAOX = {"title": "TaOx cell, 64 x 64", "read_noise_siemens": 5e-7}


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        ({"hardware": {"device": TAOX}}, "TaOx cell #"),
        ({"hardware": {"without": ["adc", "wires"]}}, "without adc, wires"),
        ({"hardware": {"only": ["adc"]}}, "only adc"),
        ({"hardware": {"only": []}}, "only no effects"),
        ({"data": {"kind": "braille", "words": ["ada", "ohm"]}}, "braille of ada, ohm"),
    ],
)
def test_devices_effects_and_words_are_lines_of_their_own(recipe, named, tmp_path):
    def error(flop):
        return 0.5 * (flop / 1e6) ** -0.1

    other = recipe | ({"hardware": {"device": TAOX | {"read_noise_siemens": 0.0}}} if "TaOx" in named else {})
    runs = [
        write_run(tmp_path / f"run{n}", 1e6, 1e-3, error, recipe=each)
        for n, each in enumerate([{"hardware": {}}, recipe, other])
    ]
    titles = [each.group.title for each in fit_runs(runs) if each.group.arm == "crossbar" and each.quantity == "flop"]
    assert len(set(titles)) == len(titles) == (3 if "TaOx" in named else 2)
    assert named in titles[1] and named not in titles[0]


def test_groups_of_too_few_points_are_named(tmp_path):
    def error(flop):
        return 0.5 * (flop / 1e6) ** -0.1

    runs = [
        write_run(tmp_path / "long", 1e6, 1e-3, error),
        write_run(tmp_path / "short", 1e6, 1e-3, error, epochs=2, write="write-verify"),
    ]
    fits, left_out = fit_groups(runs)
    assert {each.group.writes for each in fits if each.group.arm == "crossbar"} == {"single-pulse"}
    assert [(each.group.writes, each.quantity) for each in left_out] == [
        ("write-verify", "flop"),
        ("write-verify", "joules"),
    ]
    assert left_out[0].why.endswith("needed: 3") and left_out[0].why.startswith("2 of 2 points (curve)")


def test_points_without_error_are_left_out_and_counted(tmp_path):
    run = write_run(tmp_path / "run", 1e6, 1e-3, lambda flop: max(0.0, 0.5 - flop / 4.1e6), epochs=6)
    path = run / "metrics.csv"
    path.write_text(path.read_text().replace("learning_curve,flips,0.1,1.01", "learning_curve,flips,0.1,1.0"))
    (run / "metrics.csv").write_text(
        "".join(
            line.rsplit(",", 1)[0] + ",1.0\n" if ",6,learning_curve" in line else line + "\n"
            for line in path.read_text().splitlines()
        )
    )
    found = by_quantity(fit_runs([run]), "ideal")["flop"]
    assert found.left_out == 1 and found.line.n == 5


@pytest.mark.parametrize("name", ["recipe.yaml", "metrics.csv", "ledger.json"])
@pytest.mark.parametrize("damage", ["gone", "{", ""])
def test_damaged_folders(name, damage, tmp_path):
    run = write_run(tmp_path / "run", 1e6, 1e-3, lambda flop: 0.3)
    (run / name).unlink() if damage == "gone" else (run / name).write_text(damage)
    with pytest.raises(InputError, match="missing" if damage == "gone" else "damaged|no group"):
        fit_runs([run])


def test_too_few_points_and_unknown_words(tmp_path):
    run = write_run(tmp_path / "run", 1e6, 1e-3, lambda flop: 0.3, epochs=2)
    with pytest.raises(InputError, match="try `points` curve or add runs"):
        fit_runs([run])
    with pytest.raises(InputError, match="did you mean 'curve'"):
        fit_runs([run], points_of="curves")
    with pytest.raises(InputError, match="did you mean 'polynomial'"):
        fit_runs([run], "polynomal")
