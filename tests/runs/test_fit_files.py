"""Oracle: files as laboratories have them, each written here from the same conductances in another dress."""

import json
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import yaml
from test_fit_terminal import run, sweep

from ohmgrad import devices
from ohmgrad.devices.fit import read
from ohmgrad.errors import InputError
from ohmgrad.report.style import RED

HERE = Path(__file__).parent / "measured"
G = np.round(sweep(np.random.default_rng(5)), 4)
"""Conductances in microsiemens: before and after 30 pulses up, then 30 down."""
POLARITY = ["up"] * 31 + ["down"] * 30


def table(path, head, rows, delimiter=","):
    """Writes rows of words and numbers under a head; returns the path."""
    lines = [delimiter.join(map(str, row)) for row in ([head] if head else []) + list(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def readings(measured):
    """Each chain's conductances in microsiemens, and its polarities."""
    return [(1e6 * np.array(chain.g_siemens), chain.polarity) for chain in measured.chains]


def same(measured):
    """Whether these are the readings of G in one chain."""
    ((g, polarity),) = readings(measured)
    return np.allclose(g, G, rtol=1e-9) and polarity == (1,) * 30 + (-1,) * 30


@pytest.mark.parametrize(
    ("delimiter", "comma"),
    [(",", False), (";", False), (";", True), ("\t", False), ("\t", True), (" ", False), ("  ", True)],
)
def test_delimiters_and_decimal_commas(delimiter, comma, tmp_path):
    rows = [
        (n, p, f"{g:.4f}".replace(".", "," if comma else ".")) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))
    ]
    path = table(
        tmp_path / "export.txt", ("# written", "by", "hand\npulse", "polarity", "conductance"), rows, delimiter
    )
    path.write_text(path.read_text().replace(f"# written{delimiter}by{delimiter}", "# written by "))
    assert same(read(path, unit="uS"))


@pytest.mark.parametrize(
    ("head", "factor", "options"),
    [
        ("Conductance (µS)", 1, {}),
        ("G [nS]", 1e3, {}),
        ("g/mS", 1e-3, {}),
        ("G_read", 1, {"unit": "µS"}),
        ("Iread (nA)", 1e3 * 0.2, {"read_volts": 0.2}),
        ("current", -1e-6 * 0.1, {"read_volts": -0.1}),
        ("I", 0.1, {"read_volts": 0.1, "unit": "uA"}),
        ("channel 2 (uA)", 0.1, {"read_volts": 0.1}),
        ("x7", 0.1, {"read_volts": 0.1, "unit": "uA", "columns": ["x7=current"]}),
    ],
)
def test_units_of_conductances_and_currents(head, factor, options, tmp_path):
    rows = [(n, p, float(factor * g)) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))]
    measured = read(table(tmp_path / "m.csv", ("Pulse #", "direction", head), rows), **options)
    assert same(measured)
    assert measured.read_volts == (abs(options["read_volts"]) if "read_volts" in options else None)


@pytest.mark.parametrize(("head", "factor"), [("R (kΩ)", 1e3), ("resistance", 1e6), ("Rread (MOhm)", 1.0)])
def test_resistances(head, factor, tmp_path):
    rows = [(n, p, float(factor / g)) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))]
    assert same(read(table(tmp_path / "m.csv", ("n", "polarity", head), rows)))


def test_currents_with_a_column_of_read_voltages(tmp_path):
    rows = [(p, 1e-6 * g * 0.3, 0.3) for p, g in zip(POLARITY, G, strict=True)]
    measured = read(table(tmp_path / "m.csv", ("polarity", "current", "Vread (V)"), rows))
    assert same(measured) and measured.read_volts == 0.3


def test_the_sign_of_the_pulse_is_its_polarity(tmp_path):
    rows = [(n, 1.2 if p == "up" else -0.4, 100, g) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))]
    measured = read(table(tmp_path / "m.csv", ("Pulse", "Vpulse (V)", "width (ns)", "G (uS)"), rows))
    assert same(measured)
    assert measured.up_pulse == (1.2, pytest.approx(1e-7)) and measured.down_pulse == (-0.4, pytest.approx(1e-7))
    assert "its sign is the polarity" in {str(each.how)[:24] for each in measured.columns}
    path = table(tmp_path / "zero.csv", ("Pulse", "Vpulse (V)", "G (uS)"), [(0, 1.0, 3.0), (1, 0.0, 3.1)])
    with pytest.raises(InputError, match="a pulse of 0 V has no polarity"):
        read(path)


def test_a_column_per_cycle_and_a_file_per_polarity(tmp_path):
    """As CrossSim's example has it: currents, one column per cycle, set and reset apart."""
    cycles = [1e-6 * 0.1 * (G + n) for n in range(3)]
    up = table(tmp_path / "set.csv", ("run1", "run2", "run3"), zip(*(g[:31] for g in cycles), strict=True))
    down = table(tmp_path / "reset.csv", ("run1", "run2", "run3"), zip(*(g[31:] for g in cycles), strict=True))
    measured = read(up, down, read_volts=0.1)
    assert len(measured.devices) == 1 and measured.pulses(1) == 90 and measured.pulses(-1) == 87
    for n, (g, polarity) in enumerate(readings(measured)):
        assert np.allclose(g, (G[:31] if n < 3 else G[31:]) + n % 3) and set(polarity) == {1 if n < 3 else -1}
    renamed = [up.rename(tmp_path / "a.csv"), down.rename(tmp_path / "b.csv")]
    with pytest.raises(InputError, match=r"column per cycle needs its polarity: `columns` a\.csv=up"):
        read(*renamed, read_volts=0.1)
    assert (
        read(*renamed, read_volts=0.1, columns=["a.csv=up", "b.csv=down"]).chains[3].g_siemens
        == measured.chains[3].g_siemens
    )


def test_columns_named_up_and_down_in_any_order(tmp_path):
    """Names are read: a first column LTD is no potentiation."""
    rows = list(zip(range(30), G[31:], G[1:31], strict=True))
    measured = read(table(tmp_path / "m.csv", ("N", "LTD", "LTP"), rows), unit="uS")
    down, up = readings(measured)
    assert np.allclose(down[0], G[31:]) and down[1] == (-1,) * 29
    assert np.allclose(up[0], G[1:31]) and up[1] == (1,) * 29


def test_tidy_files_one_per_polarity_and_one_per_device(tmp_path):
    rows = list(enumerate(G))
    up = table(tmp_path / "LTP.csv", ("n", "g"), rows[:31])
    down = table(tmp_path / "LTD.csv", ("n", "g"), rows[31:])
    (first, ups), (second, downs) = readings(read(up, down, unit="uS"))
    assert np.allclose(np.concatenate([first, second]), G) and ups == (1,) * 30 and downs == (-1,) * 29
    both = [(n, p, g) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))]
    files = [table(tmp_path / f"wafer-{n}.csv", ("pulse", "polarity", "conductance"), both) for n in range(2)]
    assert read(*files, unit="uS").devices == ("wafer-0", "wafer-1")
    assert read(files[0], unit="uS").devices == ("1",)
    told = [(each.file, each.role) for each in read(up, down, unit="uS").columns if each.column == "file"]
    assert told == [("LTP.csv", "up pulses"), ("LTD.csv", "down pulses")]


def test_numbers_without_names_beside_a_count_of_pulses(tmp_path):
    """The column that counts is no cycle."""
    up = table(tmp_path / "set.csv", None, enumerate(G[:31]))
    down = table(tmp_path / "reset.csv", None, enumerate(G[30:]))
    (first, _), (second, _) = readings(read(up, down, unit="uS"))
    assert np.allclose(first, G[:31]) and np.allclose(second, G[30:])


def test_columns_of_different_names_are_no_cycles(tmp_path):
    """Though their unit is the same, and the file says which way."""
    path = table(tmp_path / "set.csv", ("before (uS)", "after (uS)"), pairwise(G))
    with pytest.raises(InputError, match="no column of readings among before"):
        read(path)


def test_a_file_of_one_line_is_too_few(tmp_path):
    with pytest.raises(InputError, match="column"):
        read(table(tmp_path / "m.csv", None, [(5.0,)]), unit="uS")


@pytest.mark.parametrize("head", ["[" * 10**5, "a [" * 40_000, '"[",' * 30_000], ids=["one", "blanks", "commas"])
def test_a_head_of_a_hundred_thousand_signs_is_refused_as_any_other(head, tmp_path):
    """Within seconds; patterns that try every bracket would take hours."""
    (tmp_path / "m.csv").write_text(f"{head}\n1,2\n")
    with pytest.raises(InputError, match=r"column|row 1"):
        read(tmp_path / "m.csv")


def test_a_lookup_table_with_a_cell_beyond_measure_is_no_csv(tmp_path):
    """Python's csv module takes cells of up to 131,072 signs."""
    (tmp_path / "m.csv").write_text("1st row = gbins\n" + "[" * 200_000)
    with pytest.raises(InputError, match="not CSV"):
        read(tmp_path / "m.csv")


def test_names_in_a_comment_above_the_numbers(tmp_path):
    """As NumPy's savetxt writes them."""
    path = tmp_path / "saved.txt"
    np.savetxt(path, np.stack([G[31:], G[1:31]], 1), header="down up")
    assert readings(read(path, unit="uS"))[0][1] == (-1,) * 29


def test_unknown_columns_are_told_and_ignored(tmp_path):
    rows = [(n, p, "ok", g) for n, (p, g) in enumerate(zip(POLARITY, G, strict=True))]
    path = table(tmp_path / "m.csv", ("pulse", "polarity", "remark", "conductance"), rows)
    result = run(path, "--unit", "uS", "--model", "soft-bounds")
    assert result.exit_code == 0, result.exception
    assert "remark: unknown, ignored" in result.stdout
    assert "conductance: conductance after each pulse, in uS" in result.stdout


def test_which_column_is_up(tmp_path):
    """Pulse number and conductance: the number is no curve, and nothing says which way the pulses go."""
    fall = [63.0 * 0.94**n for n in range(41)]
    path = table(tmp_path / "ng.csv", ("N", "G"), enumerate(fall))
    for arguments, says in (
        ([], "which column is up?"),
        (["--columns", "G=up"], "potentiating pulses do not raise"),
        (["--columns", "G=down"], "depressing pulses only"),
    ):
        result = run(path, "--unit", "uS", *arguments)
        assert isinstance(result.exception, InputError) and says in str(result.exception)


def fitted(*arguments, model="soft-bounds"):
    result = run(*arguments, "--model", model, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_an_export_of_a_laboratory():
    """Comment line, semicolons, decimal commas, no polarity; the first of the sweeps that outlier.csv has in uS."""
    found = fitted(HERE / "export.csv", "--read-volts", 0.1)
    assert found["pulses"] == {"up": 64, "down": 64}
    assert found["device"]["read_volts"]["nominal"] == 0.1
    roles = {each["column"]: each["role"] for each in found["columns"]}
    assert roles["Pulse #"] == "number of the pulse" and roles["Iread (A)"] == "current after each pulse"
    currents, conductances = read(HERE / "export.csv", read_volts=0.1), read(HERE / "outlier.csv", unit="uS")
    assert currents.chains[0].polarity == conductances.chains[0].polarity
    assert np.allclose(currents.chains[0].g_siemens, conductances.chains[0].g_siemens, rtol=1e-4)


@pytest.mark.parametrize("model", ["linear-step", "neurosim", "soft-bounds", "exponential-step", "power-step", "table"])
def test_noisy_data_of_a_real_device_make_a_preset(model, tmp_path):
    """Intervals that reached zero: every positive figure's interval is above it now."""
    out = tmp_path / "mine.yaml"
    device = fitted(HERE / "noisy.csv", "--unit", "uS", "--out", out, model=model)["device"]
    assert devices.load(str(out)).title == device["title"]
    for name, figure in device["response"].items():
        if name in ("up", "down", "up_pulses", "down_pulses"):
            assert 0 < figure["low"] < figure["nominal"] < figure["high"]


def test_an_outlier_is_named_and_drawn(tmp_path):
    """One of 258 readings is 480, its neighbours 7."""
    lines = (HERE / "outlier.csv").read_text().splitlines()
    assert lines[234].endswith(",480")
    mended = tmp_path / "mended.csv"
    mended.write_text("\n".join([*lines[:234], lines[234].replace("480", "7.1"), *lines[235:]]))
    found, without = (
        fitted(path, "--unit", "uS", "--plot", tmp_path / f"{path.stem}.svg") for path in (HERE / "outlier.csv", mended)
    )
    assert without["outliers"] == []
    (outlier,) = found["outliers"]
    assert (outlier["row"], outlier["pulse"], outlier["siemens"]) == (235, 104, pytest.approx(480e-6))
    for noise in ("step_noise", "read_noise_siemens"):
        assert found["device"][noise]["nominal"] == pytest.approx(without["device"][noise]["nominal"], rel=0.03)
    crosses = [(tmp_path / f"{name}.svg").read_text().count(RED) for name in ("outlier", "mended")]
    assert crosses[0] > 0 == crosses[1]
    terminal = run(HERE / "outlier.csv", "--unit", "uS", "--model", "soft-bounds").stdout
    assert "left out: outlier.csv, row 235, device D1, cycle 2, pulse 104: reading 480 µS" in terminal


def test_what_a_file_of_steps_was_taken_for():
    """Two columns without names are taken for conductances, and the terminal says so."""
    result = run(HERE / "steps.csv", "--model", "linear-step")
    assert "1: readings after up pulses, the first of two columns without names, in S" in result.stdout
    assert "2: readings after down pulses, the second, in S" in result.stdout


@pytest.mark.parametrize("kind", ["png", "pdf", "svg", "tiff"])
def test_pictures_of_any_kind(kind, tmp_path):
    beginnings = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "tiff": b"II*"}
    path = table(tmp_path / "m.csv", ("polarity", "g"), zip(POLARITY, G, strict=True))
    plot = tmp_path / f"fit.{kind}"
    plot.write_text("old")
    refused = run(path, "--unit", "uS", "--model", "soft-bounds", "--plot", plot)
    assert isinstance(refused.exception, InputError) and "replace it with --force" in str(refused.exception)
    assert plot.read_text() == "old"
    assert run(path, "--unit", "uS", "--model", "soft-bounds", "--plot", plot, "--force").exit_code == 0
    assert plot.read_bytes().startswith(beginnings[kind])
    if kind == "png":
        assert np.ptp(matplotlib.image.imread(plot)) > 0.5


def test_verified_writes_make_a_preset(tmp_path):
    """Targets and where writes landed, deviating by 1 uS; then one column at one target."""
    rng = np.random.default_rng(0)
    target = np.repeat(np.linspace(10, 50, 5), 40)
    landed = target + rng.normal(size=target.size)
    path = table(tmp_path / "verified.csv", ("target", "reading"), zip(target, landed, strict=True))
    out = tmp_path / "mine.yaml"
    result = run(path, "--unit", "uS", "--out", out, "--plot", tmp_path / "fit.svg")
    assert result.exit_code == 0, result.exception
    device = devices.load(str(out))
    assert device.write_error_siemens.low < 1e-6 < device.write_error_siemens.high
    assert device.write_error_siemens.nominal == pytest.approx(1e-6, rel=0.15)
    assert (device.g_min_siemens.nominal, device.g_max_siemens.nominal) == (pytest.approx(10e-6), pytest.approx(50e-6))
    assert yaml.safe_load(out.read_text())["response"]["up"]["basis"] == "assumption"
    one = table(tmp_path / "one.csv", None, ([value] for value in landed[80:120]))
    device = json.loads(run(one, "--unit", "uS", "--target", 30, "--json").stdout)["device"]
    assert device["write_error_siemens"]["nominal"] == pytest.approx(1e-6 * landed[80:120].std(ddof=1), rel=1e-3)


def test_pulses_and_verified_writes_of_one_device(tmp_path):
    pulses = table(tmp_path / "pulses.csv", ("polarity", "G (uS)"), zip(POLARITY, G, strict=True))
    rows = [(8.0, 8 + 0.2 * z) for z in np.random.default_rng(1).normal(size=50)]
    writes = table(tmp_path / "verified.csv", ("target (uS)", "reading (uS)"), rows)
    device = fitted(pulses, writes)["device"]
    assert device["response"]["kind"] == "soft-bounds"
    assert device["write_error_siemens"]["nominal"] == pytest.approx(0.2e-6, rel=0.3)
