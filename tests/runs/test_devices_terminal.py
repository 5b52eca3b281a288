"""Oracle: what `ohmgrad devices --help` promises, on the real program; the simulated curve against a mean by hand."""

import json
import subprocess
import sys
import xml.etree.ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from ohmgrad import devices

ROOT = Path(__file__).parents[2]


def test_list_names_every_preset_with_its_range(ohmgrad_here):
    rows = {row["name"]: row for row in json.loads(ohmgrad_here("devices", "list", "--json").stdout)["devices"]}
    assert list(rows) == devices.names()
    epiram = rows["neurosim-epiram"]
    assert epiram["on_off_ratio"] == pytest.approx(50.2) and epiram["response"] == "neurosim"
    assert epiram["g_max_siemens"] == pytest.approx(1 / 81e3)
    assert rows["taox-1t1r"]["on_off_ratio"] is None  # it reaches down to 0
    lines = ohmgrad_here("devices", "list").stdout.splitlines()
    (line,) = (line for line in lines if line.startswith("neurosim-epiram "))
    assert "0.246 – 12.35" in line and "50.2" in line and "EpiRAM" in line


def test_show_prints_nominal_bounds_basis_and_source(ohmgrad_here):
    text = ohmgrad_here("devices", "show", "taox-1t1r").stdout
    assert "g_max_siemens  150 µS  published\n    He et al. 2026" in text
    assert "response.up  0.02667  (0.0067 to 0.1)  assumption\n    Not published" in text
    assert "read_volts  0.2 V" in text and "10.1038/s41467-026-69958-0" in text
    shown = json.loads(ohmgrad_here("devices", "show", "taox-1t1r", "--json").stdout)
    assert shown["write_error_siemens"]["nominal"] == 3.894e-6
    assert shown["write_error_siemens"]["basis"] == "published"
    assert shown["response"]["kind"] == "linear-step"
    assert "flicker" not in shown  # the file says nothing of it


def test_show_reads_ones_own_file(ohmgrad_here, tmp_path):
    step = {"low": 0.1, "nominal": 0.25, "high": 0.5, "basis": "assumption", "source": "[guess]"}
    response = {"kind": "linear-step", "up": step, "down": 0.25}
    mine = {"title": "Mine", "citation": "my bench", "g_min_siemens": 0.0, "g_max_siemens": 8e-6, "read_volts": 0.1}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**mine, "response": response}))
    text = ohmgrad_here("devices", "show", "mine.yaml", cwd=tmp_path).stdout
    assert "g_max_siemens  8 µS  published" in text and "0.25  (0.1 to 0.5)  assumption\n    [guess]" in text


def test_plot_draws_a_preset_as_svg_here(ohmgrad_here, tmp_path):
    done = ohmgrad_here("devices", "plot", "pcm-inference", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"device": "pcm-inference", "picture": "pcm-inference.svg"}
    (path,) = tmp_path.iterdir()
    drawing = xml.etree.ElementTree.fromstring(path.read_text())
    axes = [group for group in drawing.iter("{http://www.w3.org/2000/svg}g") if "axes_" in group.get("id", "")]
    assert len(axes) == 3  # pulses, errors, aging


def test_plot_draws_ones_own_file_where_asked(ohmgrad_here, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "mine.yaml").write_text((ROOT / "src/ohmgrad/devices/presets/neurosim-epiram.yaml").read_text())
    done = ohmgrad_here("devices", "plot", "mine.yaml", "--out", "deep/x.PNG", cwd=tmp_path)
    assert done.stdout == "deep/x.PNG\n", done.stderr
    (path,) = (tmp_path / "deep").iterdir()
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and path.stat().st_size > 10_000


def test_export_writes_crosssims_tables_once(ohmgrad_here, tmp_path):
    """Two files in a folder of their own; a second time they are replaced only where asked."""
    written = ohmgrad_here("devices", "export", "taox-1t1r", "--crosssim", "--json", cwd=tmp_path)
    files = [tmp_path / name for name in json.loads(written.stdout)["files"]]
    assert [path.name for path in files] == ["dG_increasing.txt", "dG_decreasing.txt"]
    assert all(path.read_text().startswith("1st Row = Gbins") for path in files)
    files[0].write_text("mine")
    again = ohmgrad_here("devices", "export", "taox-1t1r", "--crosssim", cwd=tmp_path)
    assert again.returncode == 2 and "exists; name another folder, or replace it with --force" in again.stderr
    assert files[0].read_text() == "mine"


def test_simulated_devices_rise_and_fall_as_the_mean_says():
    from ohmgrad.devices.response import LinearStep
    from ohmgrad.report.device import pulses, simulate

    device = replace(devices.preset("aihwkit-gokmen-vlasov"), response=LinearStep(0.008, 0.03))
    assert pulses(device, up=True) == 123 and pulses(device, up=False) == 33  # 0.98 / 0.008 and 0.98 / 0.03
    curve = simulate(device)
    assert curve.down is not None and curve.down.shape == (34, 400)
    x = (curve.up - device.g_min_siemens) / device.range_siemens
    # From its own lowest conductance each device rises by its own steps, which vary by 0.3 from device to device;
    # the pulses' own scatter of 0.3 leaves 0.3 / sqrt(25) of 25 pulses.
    climbed = (x[25] - x[0]) / 0.2
    assert np.median(climbed) == pytest.approx(1, abs=0.05)
    assert np.std(climbed) == pytest.approx(np.hypot(0.3, 0.06), rel=0.12)
    steps = np.diff(x[:26], axis=0) / 0.008
    assert np.median(np.std(steps, axis=0)) == pytest.approx(0.3, rel=0.12)
    fallen = (curve.down[0] - curve.down[10]) / device.range_siemens / 0.3
    assert np.median(fallen) == pytest.approx(1, abs=0.05)


FAULTS = {
    "unknown": (["show", "neurosim-epirm"], "did you mean 'neurosim-epiram'"),
    "unknown to plot": (["plot", "[/x]"], "unknown device preset '[/x]'"),
    "file that is not there": (["show", "mine.yaml"], "device preset: mine.yaml cannot be read"),
    "kind of picture": (["plot", "taox-1t1r", "--out", "x.jpeg"], ".svg or .png or .pdf"),
    "no simulator": (["export", "taox-1t1r"], "no simulator named; allowed: --crosssim"),
    "one-sided": (["export", "pcm-inference", "--crosssim"], "CrossSim's tables need both polarities"),
    "folder that is not there": (["plot", "taox-1t1r", "--out", "none/x.svg"], "there is no folder none"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_one_sentence(fault, ohmgrad_here, tmp_path):
    arguments, says = FAULTS[fault]
    done = ohmgrad_here("devices", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == "", done.stdout
    assert says in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_own_file_with_a_fault(ohmgrad_here, tmp_path):
    (tmp_path / "mine.yaml").write_text("title: x\ncitation: y\ng_min_siemen: 0.0\n")
    done = ohmgrad_here("devices", "plot", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "device preset mine.yaml" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_help_teaches_and_loads_no_jax(ohmgrad_here):
    assert "ohmgrad devices show" in ohmgrad_here("devices", "--help").stdout
    for command in ("list", "show", "plot", "fit", "export"):
        text = ohmgrad_here("devices", command, "--help").stdout
        assert "Example" in text and "--json" in text
    script = "import sys; from ohmgrad import cli, devices; devices.names(); sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
