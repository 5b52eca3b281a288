"""Oracle: closed forms, exhaustive search over corners, and that a statement's parts agree with each other."""

import csv
import itertools
import json
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmgrad import footprint, ledger, recipes, records
from ohmgrad.ledger.emissions import emissions_csv
from ohmgrad.ledger.upkeep import Site, upkeep
from ohmgrad.quantity import NonNegative, Range
from ohmgrad.recipes import Experiment, priced
from small_recipes import RECIPES, hardware

BRAILLE = recipes.load("braille")


def exactly(value: float) -> NonNegative:
    return NonNegative(low=value, nominal=value, high=value, basis="assumption", source="test")


def line(name: str, joules: Range) -> ledger.Line:
    return ledger.Line(name, "act", 1.0, joules, Range(1.0, 2.0, 3.0), "test", "assumption")


ranges = st.tuples(*[st.floats(0.01, 100)] * 3).map(lambda t: Range(*sorted(t)))


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.tuples(ranges, ranges), min_size=1, max_size=6))
def test_bounds_of_a_ratio_on_one_chip_are_those_of_all_corners(lines):
    """Every line stands at the same end in both bills: try both ends of every one."""
    bills = [
        ledger.Bill("chip", "", tuple(line(str(number), pair[of]) for number, pair in enumerate(lines)))
        for of in (0, 1)
    ]
    corners = [
        sum(getattr(a, end) for (a, _), end in zip(lines, ends, strict=True))
        / sum(getattr(b, end) for (_, b), end in zip(lines, ends, strict=True))
        for ends in itertools.product(("low", "high"), repeat=len(lines))
    ]
    found = ledger.ratio_on_one_chip(*bills)
    assert found.low == pytest.approx(min(*corners, found.nominal), rel=1e-9)
    assert found.high == pytest.approx(max(*corners, found.nominal), rel=1e-9)


def test_a_bill_over_itself_is_one_however_uncertain():
    bill = ledger.Bill("chip", "", (line("a", Range(1.0, 10.0, 100.0)), line("b", Range(0.1, 1.0, 9.0))))
    assert ledger.ratio_on_one_chip(bill, bill) == (1.0, 1.0, 1.0)


def test_a_kilowatt_hour_costs_what_the_site_says():
    site = Site(footprint.grid("DEU"), exactly(1.5), exactly(0.2))
    bill = ledger.Bill("machine", "", (line("a", Range(*(3.6e6,) * 3)),))
    costs = upkeep(bill, site, footprint.processor("a100-sxm"))
    assert costs.kilowatt_hours == pytest.approx((1.5,) * 3)
    assert costs.carbon_kilograms.nominal == pytest.approx(1.5 * 0.38095)
    assert costs.electricity_usd.nominal == pytest.approx(0.3)
    assert costs.rent_usd is not None and costs.rent_usd.nominal == pytest.approx(2 / 3600 * 1.49)
    assert costs.embodied_kilograms is not None
    assert costs.embodied_kilograms.nominal == pytest.approx(181 * 2 / 3600 / 35040)
    assert upkeep(bill, site).rent_usd is None


@pytest.fixture(scope="module")
def statement() -> dict:
    return priced.price(BRAILLE, priced.machines(BRAILLE), inferences=1000)


def test_a_statement_holds_what_scripts_rely_on(statement):
    for key in ("chip_energy_joules", "chip_seconds", "digital_energy_joules", "digital_seconds", "ratio"):
        assert list(statement[key]) == ["low", "nominal", "high"]
        assert 0 < statement[key]["low"] <= statement[key]["nominal"] <= statement[key]["high"]
    needed = {"component", "action", "count", "joules", "seconds", "source", "status", "basis", "machine"}
    assert all(needed <= set(each) and each["status"] == "modelled" for each in statement["lines"])
    text = json.dumps(statement, allow_nan=False)
    assert "batch 64" in text and "utilisation" in text


def test_lines_add_up_to_the_totals_of_their_machine(statement):
    for machine, total in (("chip", "chip_energy_joules"), ("digital", "digital_energy_joules")):
        for bound in ("low", "nominal", "high"):
            lines = [each["joules"][bound] for each in statement["lines"] if each["machine"] == machine]
            assert math.fsum(lines) == pytest.approx(statement[total][bound])
    assert statement["ratio"]["low"] == pytest.approx(
        statement["digital_energy_joules"]["low"] / statement["chip_energy_joules"]["high"]
    )


def test_carbon_stands_in_the_ratio_of_energy_because_the_grid_is_the_same(statement):
    costs = statement["footprint"]
    carbon = costs["digital"]["carbon_kilograms"]["nominal"] / costs["chip"]["carbon_kilograms"]["nominal"]
    assert carbon == pytest.approx(statement["ratio"]["nominal"])


def test_a_life_is_training_and_inferences_and_grows_by_the_inference(statement):
    for machine in ("chip", "digital", "digital_backprop"):
        row = statement["life"][machine]
        parts = row["training_joules"]["nominal"], row["inference_joules"]["nominal"]
        assert row["total_joules"]["nominal"] == pytest.approx(sum(parts))
        assert row["inference_share"]["nominal"] == pytest.approx(parts[1] / sum(parts))
    more = priced.price(BRAILLE, priced.machines(BRAILLE), inferences=3000)["life"]["chip"]
    assert more["inference_joules"]["nominal"] == pytest.approx(
        3 * statement["life"]["chip"]["inference_joules"]["nominal"]
    )


def test_twice_the_samples_cost_twice_the_training_but_its_first_programming():
    machines = priced.machines(BRAILLE)
    none, one, two = (priced.price(BRAILLE, machines, samples=n) for n in (64, 640, 1216))
    for key in ("chip_energy_joules", "digital_energy_joules", "digital_backprop_energy_joules", "chip_seconds"):
        first, second, third = (table[key]["nominal"] for table in (none, one, two))
        assert third - second == pytest.approx(second - first, rel=1e-9), key


def test_energy_grows_with_the_width_as_it_should():
    """Per neuron: converters and neurons, linear; per weight: cells and accumulators, quadratic."""

    def bill(width: int) -> dict:
        wide = recipes.load("braille", [f"network.hidden=[{width},{width}]", *three_matrices(width)])
        lines = priced.price(wide, priced.machines(wide))["chip"]["lines"]
        return {(each["component"], each["action"]): each["joules"]["nominal"] for each in lines}

    def three_matrices(width: int) -> list[str]:
        return [
            "network.initial_gains=[0.5,0.5,0.5]",
            "rule.learning_rates=[1,1,1]",
            "backprop=null",
            "hardware.weight_max=[1,1,1]",
            "hardware.adc_full_scale_amperes=[1e-4,1e-4,1e-4]",
            "hardware.array_pairs=10000",
        ]

    small, large = bill(2047), bill(4095)  # with the bias whole tiles
    assert large["neurons", "update"] / small["neurons", "update"] == pytest.approx(2, rel=0.03)
    for quadratic in (("cells", "read"), ("accumulator", "sum"), ("cells", "potentiate")):
        assert large[quadratic] / small[quadratic] == pytest.approx(4, rel=0.08)
    # Conversions: every tile has its own, so they grow with the square once there are several tiles.
    assert large["ADC", "convert"] / small["ADC", "convert"] == pytest.approx(4, rel=0.08)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("chip", ledger.chip_names())
def test_every_recipe_is_priced_on_every_chip_without_a_nan(name, chip):
    experiment = priced.on_arrays(records.check(Experiment, RECIPES[name], name))
    table = priced.price(experiment, priced.machines(experiment, chip), inferences=10)
    json.dumps(table, allow_nan=False)
    assert 0 < table["chip_energy_joules"]["nominal"] < table["chip_energy_joules"]["high"]
    assert all(value >= 0 for each in table["lines"] for value in each["joules"].values())


@pytest.mark.parametrize("kind", ["write-verify", "pulse-trains", "pulse-count", "error-aware", "tiki-taka"])
def test_every_way_of_writing_is_priced(kind):
    settings = {"hardware": hardware(3, write={"kind": kind})}
    experiment = records.check(Experiment, RECIPES["hopfield, centered"] | settings, kind)
    table = priced.price(experiment, priced.machines(experiment))
    accumulated = next(each for each in table["chip"]["lines"] if each["component"] == "accumulator")
    assert (accumulated["count"] == 0) == (kind in ("pulse-trains", "tiki-taka"))
    json.dumps(table, allow_nan=False)


def test_emissions_have_codecarbons_columns_and_the_statement_s_numbers(statement):
    measured = {
        "measured": {"windows": {"ideal": {"joules": 9.0, "seconds": 3.0, "by_device": {"gpu0": 5.0, "cpu0": 4.0}}}}
    }
    rows = list(csv.DictReader(emissions_csv(statement | measured, "braille", "2026-01-01T00:00:00", "0").splitlines()))
    fields = (  # of codecarbon.output_methods.emissions_data.EmissionsData, release 3.3.2
        "timestamp project_name run_id experiment_id duration emissions emissions_rate cpu_power gpu_power ram_power "
        "cpu_energy gpu_energy ram_energy energy_consumed water_consumed country_name country_iso_code region "
        "cloud_provider cloud_region os python_version codecarbon_version cpu_count cpu_model gpu_count gpu_model "
        "longitude latitude ram_total_size tracking_mode cpu_utilization_percent gpu_utilization_percent "
        "ram_utilization_percent ram_used_gb on_cloud pue wue"
    )
    assert list(rows[0]) == [*fields.split(), "ohmgrad_source", "ohmgrad_bound"]
    nominal = {row["run_id"]: row for row in rows if row["ohmgrad_bound"] == "nominal"}
    for machine in ("chip", "digital", "digital_backprop"):
        costs = statement["footprint"][machine]
        assert float(nominal[machine]["emissions"]) == costs["carbon_kilograms"]["nominal"]
        assert float(nominal[machine]["energy_consumed"]) == costs["kilowatt_hours"]["nominal"]
        assert nominal[machine]["ohmgrad_source"] == nominal[machine]["tracking_mode"] == "modelled"
    assert nominal["ideal"]["ohmgrad_source"] == "measured"
    assert float(nominal["ideal"]["cpu_energy"]) == pytest.approx(4.0 * 1.58 / 3.6e6)
    assert float(nominal["ideal"]["energy_consumed"]) == pytest.approx(9.0 * 1.58 / 3.6e6)


def test_a_statement_that_was_made_before_is_printed_without_jax(tmp_path, monkeypatch):
    """The first time a recipe is traced, by JAX; asked again, its statement is the same to the digit."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = (
        "import sys; from ohmgrad import cli; cli.app(sys.argv[1:], standalone_mode=False);"
        "print('jax' in sys.modules, file=sys.stderr)"
    )

    def stated(*settings: str) -> tuple[bool, str]:
        words = ["cost", "mnist-hopfield", "--inferences", "5", "--json", *settings]
        done = subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True, text=True)
        return done.stderr.split()[-1] == "True", done.stdout

    first, again = stated(), stated()
    assert first == (True, again[1]) and again[0] is False
    assert stated("--set", "training.epochs=77")[0] is True
