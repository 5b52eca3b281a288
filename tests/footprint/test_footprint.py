"""Oracle: published specifications, tables of emissions, and arithmetic by hand."""

import re
import subprocess
import sys

import pytest
import yaml

from ohmgrad import footprint
from ohmgrad.errors import InputError
from ohmgrad.quantity import Quantity


@pytest.mark.parametrize(
    ("name", "precision", "picojoules"),
    [
        ("v100", "fp32", 20.0),
        ("v100", "fp16", 2.5),
        ("a100-sxm", "fp32", 20.5),
        ("a100-sxm", "fp16", 1.28),
        ("h100-sxm", "fp32", 10.5),
        ("h100-sxm", "fp16", 0.71),
        ("h100-sxm", "fp8", 0.35),
        ("h200-sxm", "fp16", 0.71),
    ],
)
def test_power_by_peak_is_the_published_energy_of_an_operation(name, precision, picojoules):
    machine = footprint.processor(name)
    assert 1e12 * machine.watts.nominal / machine.flops(precision).nominal == pytest.approx(picojoules, rel=0.015)


@pytest.mark.parametrize("name", footprint.processor_names())
def test_every_processor_loads_and_every_figure_has_a_source(name):
    machine = footprint.processor(name)
    figures = [value for value in vars(machine).values() if isinstance(value, Quantity)]
    figures += [*machine.peak_flops.values(), *machine.start_seconds.values()]
    assert len(figures) >= 6 and all(len(figure.source) > 10 for figure in figures)


def test_faults_of_processors_are_told():
    with pytest.raises(InputError, match="did you mean 'h100-sxm'"):
        footprint.processor("h100-smx")
    with pytest.raises(InputError, match="has no 'fp8'; allowed: fp32, fp16"):
        footprint.processor("v100").flops("fp8")


@pytest.mark.parametrize(
    ("region", "grams"),
    [
        ("world", 475),
        ("USA", 369.473),
        ("US-CA", 452.541 * 0.45359237),  # the EPA's pounds per megawatt-hour
        ("gcp:us-west1", 94),
        # hydro 86.8 %, gas 2.8, biomass 6.7, wind 2.9, solar 0.6, oil 0.1
        ("CA-BC", 0.868 * 26 + 0.028 * 743 + 0.067 * 230 + 0.029 * 26 + 0.006 * 48 + 0.001 * 816),
    ],
)
def test_grids_say_what_the_tables_say(region, grams):
    grid = footprint.grid(region)
    assert 1000 * grid.kg_per_kwh.nominal == pytest.approx(grams, rel=1e-6)
    assert grid.kg_per_kwh.low < grid.kg_per_kwh.nominal < grid.kg_per_kwh.high


def test_every_region_has_an_intensity_and_names_ignore_case():
    assert len(footprint.regions()) > 300
    assert all(0 <= footprint.grid(region).kg_per_kwh.nominal < 1.5 for region in footprint.regions())
    assert footprint.grid("us-ca") == footprint.grid("US-CA")
    assert footprint.grid().region == "world"


def test_unknown_regions_are_refused_with_what_is_allowed():
    with pytest.raises(InputError, match="did you mean 'DEU'"):
        footprint.grid("DEUX")
    with pytest.raises(InputError, match="three letters"):
        footprint.grid("DE")


def test_a_kilowatt_hour_is_three_point_six_megajoules():
    assert footprint.carbon_kilograms(3.6e6, 0.475, 1.5) == pytest.approx(0.475 * 1.5)


def test_the_footprint_imports_no_jax():
    script = "import sys; from ohmgrad import footprint; footprint.grid('DEU'); sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


FAULTS = {
    "share above one": ("waiting_power", {"high": 1.2}, "waiting_power has a high bound of 1.2; allowed: up to 1"),
    "nothing drawn": ("watts", {"low": 0.0}, "needs 0 < low"),
    "upside down": ("watts", {"low": 1e4}, "needs low <= nominal"),
    "no number": ("watts", {"nominal": "many"}, "watts.nominal"),
    "unknown field": ("colour", {"nominal": 1.0}, "unknown field 'colour'"),
    "half of the making": ("life_hours", None, "go together"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_processor_files_with_a_fault_are_refused_in_one_sentence(fault, tmp_path):
    field, change, says = FAULTS[fault]
    fields = footprint.processor("a100-sxm").model_dump()
    fields[field] = None if change is None else fields.get(field, {}) | change
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(fields))
    with pytest.raises(InputError, match=re.escape(says)) as refused:
        footprint.processor(str(tmp_path / "mine.yaml"), "ledger.gpu")
    assert "ledger.gpu" in str(refused.value) and "\n" not in str(refused.value)


def test_a_processor_of_one_s_own_is_a_file(tmp_path):
    fields = footprint.processor("v100").model_dump() | {"title": "mine"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(fields))
    assert footprint.processor(str(tmp_path / "mine.yaml")).title == "mine"
