"""Oracle: what `devices fit` promises of files, good and bad: one sentence with row and column, or a preset."""

import json
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad import devices
from ohmgrad.cli.devices import devices_app
from ohmgrad.devices.fit import read
from ohmgrad.errors import InputError


def run(*arguments):
    return CliRunner().invoke(devices_app, ["fit", *map(str, arguments)])


HEAD = "pulse,polarity,conductance"


def sweep(rng, pulses=30):
    """Conductances, in microsiemens, of soft bounds, before and after so many pulses up and down."""
    x = [0.0]
    for n in range(2 * pulses):
        step = 0.08 * (1 - x[-1]) if n < pulses else -0.08 * x[-1]
        x.append(x[-1] + step * (1 + 0.2 * rng.normal()))
    return 1 + 9 * np.abs(np.array(x) + 0.005 * rng.normal(size=len(x)))


def tidy(rng, head=HEAD, extra="", cycles=2):
    lines = [head + (",cycle" if cycles > 1 else "")]
    for cycle in range(cycles):
        for n, g in enumerate(sweep(rng)):
            polarity = "up" if n <= 30 else "down"
            lines.append(f"{n},{polarity},{g:.5f}{extra}" + (f",{cycle}" if cycles > 1 else ""))
    return "\n".join(lines) + "\n"


GOOD = tidy(np.random.default_rng(0), cycles=1)
LINES = GOOD.splitlines()


def changed(row, text):
    """The good file with one row (a line, from 1) put otherwise."""
    return "\n".join([*LINES[: row - 1], text, *LINES[row:]])


FAULTS = {
    "empty": ("", ["is empty"]),
    "no header": ("1,2,3\n4,5,6\n", ["row 1", "pulse, polarity, conductance"]),
    "column missing": (changed(1, "pulse,polarity,temperature"), ["row 1", "column conductance is missing"]),
    "head too long": (changed(1, "pulse,polarity,conductance,cycle"), ["row 2", "3 columns", "names 4"]),
    "column twice": (GOOD.replace("polarity", "Pulse #"), ["row 1", "column pulse", "twice", "--columns NAME=ignore"]),
    "not a number": (changed(7, "5,up,high"), ["row 7", "column conductance", "'high'"]),
    "not finite": (changed(7, "5,up,nan"), ["row 7", "column conductance", "finite"]),
    "infinite": (changed(7, "5,up,inf"), ["row 7", "column conductance", "finite"]),
    "negative": (changed(9, "7,up,-1"), ["row 9", "column conductance", "negative"]),
    "unknown polarity": (
        changed(4, "2,sideways,1"),
        ["row 4", "column polarity", "'sideways'", "allowed: +1, -1, up/down"],
    ),
    "pulse left out": (changed(8, "7,up,3"), ["row 8", "column pulse", "7 follows 5"]),
    "pulse of a half": (changed(8, "5.5,up,3"), ["row 8", "column pulse", "whole number"]),
    "cells missing": (changed(12, "10,up"), ["row 12", "2 columns"]),
    "currents": (GOOD.replace("conductance", "current"), ["at which voltage", "--read-volts 0.1"]),
    "resistance of 0": (changed(7, "5,up,0").replace("conductance", "resistance"), ["row 7", "above 0"]),
    "which way": (GOOD.replace("polarity", "wafer"), ["row 1", "which column is up?", "set/reset", "LTP/LTD"]),
    "unit of another quantity": (
        changed(1, "pulse,polarity,conductance (uA)"),
        ["column conductance (uA)", "in uA; allowed: S"],
    ),
    "numbers without names": ("\n".join(f"{n},{n + 1}" for n in range(20)), ["which column is up?", "2=up"]),
    "blank cell": (changed(7, "5,up,"), ["row 7", "column conductance", "'' is not a number"]),
    "too few": ("\n".join(LINES[:6]), ["4 potentiating pulses", "at least 10"]),
    "depression only": ("\n".join([LINES[0], *LINES[33:]]), ["depressing pulses only"]),
    "upside down": (GOOD.replace("up", "x").replace("down", "up").replace("x", "down"), ["do not raise"]),
    "two columns, word": ("1,5\n2,4\n3,x\n", ["row 3", "column 2 (down)", "'x'"]),
    "two columns, gap": ("1,5\n,4\n3,3\n", ["row 3", "column 1 (up)", "after an empty one"]),
    "quote left open": (HEAD + '\n0,up,"1\n', ["row", "not CSV"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_malformed_files(fault, tmp_path):
    text, says = FAULTS[fault]
    path, out = tmp_path / "measured.csv", tmp_path / "mine.yaml"
    path.write_text(text)
    result = run(path, "--out", out, *(["--unit", "uS"] if fault == "upside down" else []))
    assert isinstance(result.exception, InputError)
    sentence = str(result.exception)
    assert "measured.csv" in sentence and "\n" not in sentence
    for part in says:
        assert part in sentence, sentence
    assert not out.exists() and result.stdout == ""


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_bytes(GOOD.encode().replace(b"3,up", b"3,\xff\xfe"))
    with pytest.raises(InputError, match="not UTF-8 text in row 5"):
        read(path)


def test_pulses_of_two_voltages(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_text("pulse,polarity,conductance,voltage\n0,up,1,1.0\n1,up,2,1.0\n2,up,3,1.2\n")
    with pytest.raises(InputError, match=r"row 4, column voltage: 1\.2 after 1\.0"):
        read(path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--unit", "pS"], "unknown unit 'pS'; allowed: S, mS, uS, nS"),
        (["--unit", "V"], "unknown unit 'V'"),
        (["--unit", "uA"], "holds conductance; allowed: a unit of S"),
        (["--model", "soft-bound", "--unit", "uS"], "did you mean 'soft-bounds'"),
        (["--read-volts", "0"], "--read-volts: 0; allowed"),
        (["--columns", "steps"], "'steps'; allowed: NAME=ROLE"),
        (["--columns", "pulse=potential"], "'pulse=potential'; allowed: NAME=ROLE"),
        (["--columns", "conductanc=up"], "did you mean 'conductance'"),
        (["--out", "mine.txt"], "must end in .yaml"),
        (["--out", "nowhere/mine.yaml"], "there is no folder"),
        (["--plot", "fit.docx"], "must end in .avif or .eps or .gif"),
    ],
)
def test_faults_in_options(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "measured.csv").write_text(GOOD)
    result = run("measured.csv", *arguments)
    assert isinstance(result.exception, InputError) and says in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["measured.csv"]


def test_conductances_in_another_unit_than_said(tmp_path):
    (tmp_path / "measured.csv").write_text(GOOD)
    result = run(tmp_path / "measured.csv", "--out", tmp_path / "mine.yaml")
    assert isinstance(result.exception, InputError)
    assert "allowed: up to 1. In another unit? --unit uS" in str(result.exception)
    assert not (tmp_path / "mine.yaml").exists()


def test_a_file_that_exists_stays(tmp_path):
    (tmp_path / "measured.csv").write_text(GOOD)
    (tmp_path / "mine.yaml").write_text("precious")
    result = run(tmp_path / "measured.csv", "--out", tmp_path / "mine.yaml")
    assert isinstance(result.exception, InputError) and "exists" in str(result.exception)
    assert (tmp_path / "mine.yaml").read_text() == "precious"


def test_json_preset_and_picture(tmp_path):
    path, out, plot = (tmp_path / name for name in ("measured.csv", "mine.yaml", "fit.svg"))
    path.write_text(tidy(np.random.default_rng(1)))
    result = run(path, "--unit", "uS", "--model", "soft-bounds", "--out", out, "--plot", plot, "--json")
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert found["model"] == "soft-bounds" and found["pulses"] == {"up": 60, "down": 60}
    assert found["candidates"][0]["kind"] == "soft-bounds"
    device: Any = devices.load(str(out))
    for bound in ("low", "nominal", "high"):
        assert found["device"]["response"]["up"][bound] == getattr(device.response.up, bound)
    assert device.response.up.low < 0.08 < device.response.up.high
    assert device.g_max_siemens.nominal == pytest.approx(10e-6, rel=0.05)
    assert "measured.csv: 1 device, 2 cycles, 120 pulses; soft-bounds" in device.response.up.source
    assert "<svg" in plot.read_text()


def test_terminal_shows_the_table_of_candidates(tmp_path):
    (tmp_path / "measured.csv").write_text(GOOD)
    result = run(tmp_path / "measured.csv", "--unit", "uS", "--model", "soft-bounds")
    assert result.exit_code == 0, result.exception
    for word in ("BIC", "AIC", "soft-bounds", "g_max_siemens", "response.up"):
        assert word in result.stdout


def test_two_columns_say_the_same_as_tidy_rows(tmp_path):
    g = sweep(np.random.default_rng(2))
    (tmp_path / "two.csv").write_text("\ufeff" + "".join(f"{a},{b}\n" for a, b in zip(g[1:31], g[31:], strict=True)))
    rows = [f"{n},up,{v},1" for n, v in enumerate(g[1:31], 1)] + [f"{n},down,{v},2" for n, v in enumerate(g[31:], 1)]
    (tmp_path / "tidy.csv").write_text("\n".join([HEAD + ",cycle", *rows]))
    two, one = read(tmp_path / "two.csv", unit="uS"), read(tmp_path / "tidy.csv", unit="uS")
    assert [c.g_siemens for c in two.chains] == [c.g_siemens for c in one.chains]
    assert [c.polarity for c in two.chains] == [c.polarity for c in one.chains]
    assert two.chains[0].g_siemens[0] == pytest.approx(1e-6 * g[1])


def lookup(path, steps_of, sign):
    """A table as CrossSim writes it, of Gaussian steps with a relative deviation of 0.5."""
    from scipy.stats import norm

    g, shares = np.linspace(2e-6, 9e-6, 41), np.linspace(0, 1, 101)
    steps = sign * steps_of(g)[None] * (1 + sign * 0.5 * norm.ppf(np.clip(shares, 0.005, 0.995))[:, None])
    head = "1st Row = Gbins, 2nd Row = CDF Points, 3rd row onward =  dG matrix (rows= CDF, columns = Gbins) \n"
    lines = [",".join(map(repr, map(float, row))) for row in (g, shares)]
    path.write_text(head + "\n".join(lines) + "\n\n" + "\n".join(",".join(f"{s:.18e}" for s in row) for row in steps))


def test_lookup_tables(tmp_path):
    paths = tmp_path / "dG_increasing.txt", tmp_path / "dG_decreasing.txt"
    lookup(paths[0], lambda g: 0.05 * (11e-6 - g), 1)
    lookup(paths[1], lambda g: 0.04 * (g - 1e-6), -1)
    result = run(*paths, "--model", "soft-bounds", "--json")
    assert result.exit_code == 0, result.exception
    device = json.loads(result.stdout)["device"]
    assert device["response"]["up"]["nominal"] == pytest.approx(0.05, rel=0.1)
    assert device["response"]["down"]["nominal"] == pytest.approx(0.04, rel=0.1)
    assert device["step_noise"]["nominal"] == pytest.approx(0.5, rel=0.1)
    assert "does not say how many" in device["response"]["up"]["source"]
    assert "single pulses cannot separate" in device["read_noise_siemens"]["source"]
    with pytest.raises(InputError, match="second table of the same polarity"):
        paths[1].write_text(paths[0].read_text())
        read(*paths)
    paths[0].write_text(paths[0].read_text().replace("e-07", "e-0x", 1))
    with pytest.raises(InputError, match="row 5, column 1"):
        read(paths[0])
