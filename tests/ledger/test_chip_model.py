"""Oracle: published per-operation figures, reproduced within the bounds that each chip states."""

import pytest
import yaml

from ohmgrad import devices, ledger, records
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.ledger import Chip
from ohmgrad.quantity import Quantity

ISAAC, NEURRAM, TAOX = (ledger.chip(name) for name in ("isaac-tile", "neurram-core", "taox-64x64"))


def joules(chip: Chip, counts: Counts, arrays: ledger.Arrays) -> dict[tuple[str, str], ledger.Range]:
    return {(line.component, line.action): line.joules for line in ledger.price_chip(counts, chip, arrays).lines}


@pytest.mark.parametrize("name", ledger.chip_names())
def test_every_chip_loads_and_every_figure_has_a_source(name):
    chip = ledger.chip(name)
    figures: list[Quantity] = list(chip.figures.values())
    figures += chip.adc.joules.values() if chip.adc.kind == "table" else [chip.adc.samples_per_second]
    assert len(figures) > 5 and all(len(figure.source) > 8 for figure in figures)


@pytest.mark.parametrize("chip", [ISAAC, TAOX])
def test_an_8_bit_conversion_costs_what_isaacs_adc_takes(chip):
    """2 mW at 1.28 GS/s is 1.56 pJ."""
    assert chip.adc_joules(8).nominal == pytest.approx(2e-3 / 1.28e9, rel=0.005)


def test_an_8_bit_dac_conversion_costs_what_mnsims_table_says():
    """0.4992 mW at 1 GS/s."""
    line = joules(TAOX, Counts(dac_conversions=1.0), ledger.Arrays())["DAC", "convert"]
    assert line.nominal == pytest.approx(0.4992e-3 / 1e9, rel=1e-6)


def test_an_isaac_tile_at_work_draws_its_published_power():
    """12 x 8 crossbars, each read with 128 lines and converted once per 100 ns: milliwatts of its parts."""
    arrays, cycle = 12 * 8, 100e-9
    lines = 128.0 * arrays
    counts = Counts(reads=1.0, dac_conversions=lines, adc_conversions=lines)
    bill = joules(ISAAC, counts, ledger.Arrays(dac_bits=1, rows=128, columns=128, arrays=arrays))
    published = {  # per array 0.3 mW, 128 DACs of 3.9 uW, an ADC of 2 mW; per eight of them 0.2 mW of shift-and-add
        ("cells", "read"): arrays * 0.3e-3,
        ("DAC", "convert"): lines * 3.9e-6,
        ("ADC", "convert"): arrays * 2e-3,
        ("sample and hold", "hold"): lines * 9.7e-9,
        ("adders", "partial sums"): arrays / 8 * 0.2e-3,
    }
    for line, watts in published.items():
        low, nominal, high = (value / cycle for value in bill[line])
        assert nominal == pytest.approx(watts, rel=0.1), line
        assert low * 0.999 <= watts <= high * 1.1, line
    total = sum(bill[line].nominal for line in published) / cycle
    assert total == pytest.approx(12 * (2.4e-3 + 4e-3 + 16e-3 + 0.01e-3 + 0.2e-3), rel=0.02)


def test_an_isaac_tile_has_the_published_area_of_its_arrays():
    arrays = ledger.Arrays(rows=128, columns=128, arrays=96)
    area = ledger.price_chip(Counts(), ISAAC, arrays).square_metres.nominal
    assert area == pytest.approx(96 * (2.5e-5 + 0.0012 + 128 * 1.67e-7) * 1e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("inputs", "efficiencies"),
    [(1, [43.1]), (4, [15.95]), (6, [9.12, 8.26]), (8, [6.44])],
)
def test_a_neurram_core_multiplies_at_its_measured_efficiency(inputs, efficiencies):
    """TOPS/W at (output, input) bits (3, 1), (6, 4), (8, 6), (10, 8); an operation is half a multiply-accumulate."""
    rows, columns = 128, 256
    counts = Counts(reads=1.0, dac_conversions=2.0 * rows)  # both devices of a pair are driven
    arrays = ledger.Arrays(dac_bits=inputs, rows=columns, columns=columns, arrays=1)
    per_mac = joules(NEURRAM, counts, arrays)["core", "multiply and convert"] * (1 / (rows * columns))
    for tops_per_watt in efficiencies:
        assert per_mac.low <= 2 / (tops_per_watt * 1e12) <= per_mac.high * 1.01


@pytest.mark.parametrize(
    ("device", "siemens", "expected", "way"),
    [
        ("neurosim-taox-hfox", 1 / 100e3, 1.28e-12, "potentiate"),
        ("neurosim-gst-pcm", 1 / 4.71e3, 0.62e-9, "potentiate"),
        ("neurosim-epiram", 1 / 81e3, 1.54e-9, "potentiate"),
        ("neurosim-alox-hfo2", 1 / 16.9e3, 4.8e-9, "potentiate"),
        ("neurosim-pcmo", 1 / 23e6, 174e-12, "potentiate"),
        ("neurosim-ag-asi", 1 / 26e6, 118e-12, "potentiate"),
        ("neurosim-gst-pcm", 1 / 4.71e3, 3.0**2 / 4.71e3 * 125e-9, "depress"),
    ],
)
@pytest.mark.parametrize("chip", [TAOX, NEURRAM])
def test_a_pulse_costs_what_neurosims_formula_gives(device, siemens, expected, way, chip):
    """V^2 G t at the highest conductance, at the device's own voltage and width, whatever the chip."""
    from ohmgrad.recipes.priced import pulse

    record = devices.load(device)
    arrays = ledger.Arrays(up=pulse(record.up_pulse), down=pulse(record.down_pulse))
    counts = Counts(up_siemens=siemens) if way == "potentiate" else Counts(down_siemens=siemens)
    assert joules(chip, counts, arrays)["cells", way].nominal == pytest.approx(expected, rel=0.01)


SURVEY = {  # effective bits: minimum and median of the survey's bin, pJ (at 1 MS/s and up, since 2010)
    5: (0.78, 3.2),
    6: (0.30, 5.1),
    7: (1.1, 3.2),
    8: (1.1, 18.9),
    9: (4.4, 44),
    10: (2.2, 19.5),
}


@pytest.mark.parametrize("bits", SURVEY)
def test_the_survey_s_best_and_median_converters_lie_within_the_bounds(bits):
    figure = ledger.survey_joules(float(bits), 1e6)
    for picojoules in SURVEY[bits]:
        assert figure.low <= picojoules * 1e-12 <= figure.high


def test_at_high_resolution_energy_quadruples_per_bit_and_at_high_rates_it_grows():
    ten, eleven = (ledger.survey_joules(float(bits), 1e6).nominal for bits in (10, 11))
    assert eleven / ten == pytest.approx(4, rel=0.01)
    assert ledger.survey_joules(10.0, 1e9).nominal > ten
    assert ledger.survey_joules(3.0, 1e6).nominal == ledger.survey_joules(4.0, 1e6).nominal == 0.3e-12


def test_the_best_converter_ever_is_the_low_bound():
    """0.354 fJ a step at 56.4 dB: 0.19 pJ (VLSI 2019, 7.4)."""
    bits = (56.4 - 1.76) / 6.02
    assert ledger.survey_joules(bits, 0.2e6).low == pytest.approx(0.19e-12, rel=0.02)


def test_a_sense_amplifier_draws_its_power_at_every_sensed_line_while_a_read_lasts():
    """64 lines of 100 uW over 128 ns; at 1 mW ten times as much."""
    line = joules(TAOX, Counts(reads=1.0, adc_conversions=64.0), ledger.Arrays())["sense amplifiers", "hold lines"]
    assert line.nominal == pytest.approx(64 * 100e-6 * 128e-9, rel=1e-9)
    assert line.high == pytest.approx(64 * 1e-3 * 1e-6, rel=1e-9)


def notes(chip: Chip, bits: int) -> set[str]:
    lines = ledger.price_chip(Counts(adc_conversions=1.0), chip, ledger.Arrays(adc_bits=bits)).lines
    return {line.note for line in lines if (line.component, line.action) == ("ADC", "convert")}


def test_the_line_of_a_bill_says_where_fewer_bits_cost_no_less():
    """By the survey's fit at 100 MS/s 6 bits would take 0.25 pJ and 7 bits four times as much; none takes below 0.3."""
    plain = ledger.chip("default")
    for bits in (4, 5, 6):
        assert plain.adc_joules(bits).nominal == 0.3e-12
        assert notes(plain, bits) == {"at the floor of 0.3 pJ a conversion: fewer bits cost no less"}
    assert plain.adc_joules(7).nominal > 0.3e-12 and notes(plain, 7) == notes(TAOX, 5) == {""}


@pytest.mark.parametrize("name", ledger.chip_names())
def test_a_bill_says_what_it_leaves_out(name):
    assert ledger.price_chip(Counts(), ledger.chip(name)).left_out == ledger.chip(name).left_out
    assert "idle" in (ledger.chip(name).left_out or "")


def test_a_chip_file_may_start_from_another(tmp_path):
    """Figures one by one, figures' own fields one by one; the list of components as a whole."""
    mine, next_one = tmp_path / "mine.yaml", tmp_path / "next.yaml"
    mine.write_text("preset: taox-64x64\ntitle: mine\nfigures: {sense_watts: {high: 5.0e-3}, control_watts: 2.0e-3}\n")
    chip = ledger.chip(str(mine))
    assert chip.title == "mine" and chip.components == TAOX.components and chip.adc == TAOX.adc
    assert chip.figures["sense_watts"] == TAOX.figures["sense_watts"].model_copy(update={"high": 5e-3})
    assert chip.figures["control_watts"].nominal == 2e-3
    changed = {"sense_watts", "control_watts"}
    assert all(chip.figures[name] == TAOX.figures[name] for name in TAOX.figures.keys() - changed)
    next_one.write_text(f"preset: {mine}\ncomponents: [{{name: all, action: read, count: reads}}]\n")
    assert (ledger.chip(str(next_one)).figures, len(ledger.chip(str(next_one)).components)) == (chip.figures, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("preset: taox", "machine in chip preset 'taox'; did you mean 'taox-64x64'"),
        ("preset: {path}", "start from each other in a circle"),
        ("preset: 7", "preset: input should be a valid string"),
    ],
)
def test_a_chip_file_that_starts_from_nothing_is_refused(text, says, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("{path}", str(path)))
    with pytest.raises(InputError, match=says) as refused:
        ledger.chip(str(path), "--chip")
    assert "\n" not in str(refused.value)


FAULTS = {
    "a name that is none": (lambda c: c["components"][0].update(joules="reeds * 2"), "did you mean 'reads'"),
    "no product": (lambda c: c["components"][0].update(joules="reads + 2"), "is not a product"),
    "a figure upside down": (lambda c: c["figures"]["add_joules"].update(low=1.0), "needs low <= nominal"),
    "a negative figure": (lambda c: c["figures"]["add_joules"].update(low=-1.0), "needs 0 <"),
    "no pulse": (lambda c: c["figures"].pop("pulse_volts"), "pulse_volts is missing"),
    "no component": (lambda c: c.update(components=[]), "components"),
    "an unknown field": (lambda c: c.update(colour="red"), "unknown field 'colour'"),
    "a number beyond all": (lambda c: c["components"][0].update(joules="1e999 * macs"), "components.0.joules: .*1e999"),
    "powers beyond all": (lambda c: c["components"][0].update(joules="macs^9 * macs^9"), "more than 16 names"),
    "a sum names its component": (lambda c: c["components"][1].update(seconds="macs + 1"), "components.1.seconds"),
    "a large figure": (lambda c: c["figures"]["add_joules"].update(high=1e308), "figures.add_joules: 1e.308 is out of"),
    "a figure that shadows": (lambda c: c["figures"].update(macs=1.0), "figures.macs: formulas have another 'macs'"),
    "a misspelt part": (lambda c: c["components"][0].update(jouls="macs"), "did you mean 'joules'. known here: action"),
    "a figure that is none": (lambda c: c["figures"].update(add_joules="much"), "figures.add_joules"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_chip_files_with_a_fault_are_refused_in_one_sentence(fault):
    change, says = FAULTS[fault]
    fields = records.parse(ledger.chip_text("default"))
    change(fields)
    with pytest.raises(InputError, match=says.replace("+", r"\+")) as refused:
        records.load(Chip, yaml.safe_dump(fields), "mine.yaml")
    assert "\n" not in str(refused.value)
