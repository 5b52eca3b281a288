"""Oracle: a run of the program itself, its costs and errors multiplied by hand so that its exponent is known."""

import csv
import json
import shutil

import pytest

from ohmgrad_limits.fit import fit_runs


def larger(run, folder, fold):
    """A copy that took `fold` times as much and errs fold^(-1/4) as often."""
    shutil.copytree(run, folder)
    ledger = json.loads((folder / "ledger.json").read_text())
    for counts in ledger["counts"].values():
        counts["macs"] *= fold
    for name, bounds in ledger.items():
        if name.endswith("energy_joules"):
            ledger[name] = {bound: fold * value for bound, value in bounds.items()}
    (folder / "ledger.json").write_text(json.dumps(ledger))
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    with (folder / "metrics.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        for row in rows:
            if row["metric"] == "learning_curve":
                row["value"] = str(1 - (1 - float(row["value"])) * fold**-0.25)
            table.writerow(row)
    return folder


def test_exponents_of_runs(small_run, ohmgrad_here, tmp_path):
    run, summary = small_run("braille")
    runs = [larger(run, tmp_path / f"{fold}", fold) for fold in (1, 10, 100)]
    shown = json.loads(ohmgrad_here("limits", "fit", *runs, "--json").stdout)
    fits = {(each["arm"], each["quantity"]): each for each in shown["fits"]}
    assert set(fits) == {(arm, by) for arm in ("crossbar", "ideal", "backprop") for by in ("flop", "joules")}
    for each in fits.values():
        assert each["exponent"] == pytest.approx(4) and (each["n"], each["points"]) == (3, "final")
    assert fits["crossbar", "joules"]["writes"] == "single-pulse"
    assert fits["backprop", "flop"]["title"] == "braille: backpropagation"
    assert "own runs" in ohmgrad_here("limits", "fit", *runs).stdout.lower()
    point = next(fit for fit in fit_runs(runs)[0] if fit.group.arm == "crossbar").points[0]
    assert point.flop == pytest.approx(2 * summary["ledger"]["counts"]["crossbar"]["macs"])
    assert point.joules["nominal"] == pytest.approx(summary["ledger"]["chip_energy_joules"]["nominal"])
