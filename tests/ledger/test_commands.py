"""Oracle: what each sentence must name, and what a reader must find, of the commands run in this process."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from ohmgrad import cli, footprint, ledger, recipes, records
from ohmgrad.data import patterns
from ohmgrad.recipes import priced
from ohmgrad.report import numbers, terminal

FAULTS = {
    "electricity said twice": (
        ["cost", "braille", "--region", "DEU", "--kg-per-kwh", "0.1"],
        "--region and --kg-per-kwh both set the carbon intensity; allowed: one of them",
    ),
    "electricity of nothing": (
        ["cost", "braille", "--kg-per-kwh", "0"],
        "--kg-per-kwh: 0 is out of range; allowed: above 0, up to 100",
    ),
    "two regions in one file": (
        ["ledger", "run", "--emissions", "em.csv", "--region", "DEU", "--region", "SWE"],
        "--region: given more than once; allowed with --emissions: once",
    ),
    "no chip": (["cost", "braille", "--chip", ""], "unknown machine in --chip ''"),
    "no processor": (["cost", "braille", "--gpu", ""], "unknown machine in --gpu ''"),
    "no region": (["cost", "braille", "--region", ""], "unknown region ''"),
    "the beginning of a name": (["cost", "braille", "--gpu", "h100"], "did you mean 'h100-sxm'"),
    "no file for emissions": (["ledger", "run", "--emissions", ""], "--emissions: '.' must end in .csv"),
    "emissions of another kind": (["ledger", "run", "--emissions", "em.txt"], "'em.txt' must end in .csv"),
    "a batch of nothing": (["scaling", "--batch", "0"], "--batch: 0 is out of range; allowed: 1 to 1000000"),
    "a picture of another kind": (["scaling", "--out", "s.png"], "--out: 's.png' must end in .svg"),
    "a picture nowhere": (["scaling", "--out", "nodir/s.svg"], "there is no folder nodir"),
    "no such machine": (["chips", "v10"], "did you mean 'v100'"),
}


def call(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["ohmgrad", *arguments])
    cli.main()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_writes_nothing(fault, monkeypatch, capsys, tmp_path):
    arguments, says = FAULTS[fault]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        call(monkeypatch, *arguments)
    printed = capsys.readouterr()
    assert says in printed.err and len(printed.err.strip().splitlines()) == 1
    assert printed.out == "" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("figure", ["peak_flops: {fp32: 1e-308}", "bytes_per_second: 1e-308", "watts: 1e308"])
def test_a_processor_beyond_all_numbers_is_refused(figure, monkeypatch, capsys, tmp_path):
    field = figure.partition(":")[0]
    fields = footprint.processor("v100").model_dump(exclude_none=True)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(fields | records.parse(figure)))
    with pytest.raises(SystemExit, match="2"):
        call(monkeypatch, "cost", "braille", "--json", "--gpu", str(tmp_path / "mine.yaml"))
    assert field in capsys.readouterr().err


@pytest.mark.parametrize("name", footprint.processor_names())
def test_chips_prints_a_processor_with_its_sources(name, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="0"):
        call(monkeypatch, "chips", name)
    machine, shown = footprint.processor(name), capsys.readouterr().out
    assert all(figure.source.strip() in shown for figure in (machine.watts, *machine.peak_flops.values()))


def test_the_totals_can_be_read_in_a_narrow_terminal():
    experiment = recipes.load("braille")
    table = priced.price(experiment, priced.machines(experiment))
    text = io.StringIO()
    terminal.show_ledger(Console(file=text, width=40), table)
    said = text.getvalue()
    assert "…" not in said
    for machine in ("chip", "digital", "digital_backprop"):
        assert numbers.energy(table[machine]["energy_joules"]["nominal"]) in said
        assert numbers.si(1000 * table["footprint"][machine]["carbon_kilograms"]["nominal"], "g") in said


def cost(monkeypatch, capsys, *options: str) -> dict:
    with pytest.raises(SystemExit, match="0"):
        call(monkeypatch, "cost", "braille", "--json", *options)
    return json.loads(capsys.readouterr().out)


def test_regions_are_compared_side_by_side(monkeypatch, capsys):
    both = cost(monkeypatch, capsys, "--region", "DEU", "--region", "SWE")
    alone = [cost(monkeypatch, capsys, "--region", region)["footprint"] for region in ("DEU", "SWE")]
    assert both["footprints"] == alone and both["footprint"] == alone[0]
    with pytest.raises(SystemExit, match="0"):
        call(monkeypatch, "cost", "braille", "--region", "DEU", "--region", "SWE")
    shown = capsys.readouterr().out
    assert all(numbers.si(1000 * each["chip"]["carbon_kilograms"]["nominal"], "g") in shown for each in alone)


def test_carbon_of_one_s_own_electricity(monkeypatch, capsys):
    costs = cost(monkeypatch, capsys, "--kg-per-kwh", "0.1", "--pue", "1")["footprint"]["chip"]
    assert costs["carbon_kilograms"]["high"] == pytest.approx(0.1 * costs["kilowatt_hours"]["high"])


def test_a_table_of_patterns_is_read_once_by_a_price_and_again_when_it_has_changed(monkeypatch, tmp_path):
    table, read = tmp_path / "words.csv", []
    monkeypatch.setattr(patterns, "load", lambda path, load=patterns.load: read.append(path) or load(path))
    for words in (4, 8):
        table.write_text("\n".join(",".join(str(2 * (n >> bit & 1) - 1) for bit in range(8)) for n in range(words)))
        experiment = recipes.load("braille", [f"data={{kind: patterns, file: '{table}', copies: 16}}"])
        priced.price(experiment, priced.machines(experiment), inferences=3)
    assert read == [table, table]


def test_nothing_is_read_before_it_is_asked_for():
    """What importing the ledger opens, of the package's own files: modules, and no table."""
    script = (
        "import sys; opened = [];"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])));"
        "from ohmgrad.ledger import statement, upkeep;"
        "sys.exit(any(name.endswith(('.csv', '.json', '.yaml')) for name in opened))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_is_one_sentence(options):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ohmgrad", "cost", "braille", *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr


@pytest.mark.parametrize(
    ("command", "formula", "says"),
    [
        (["cost", "braille"], "1e60 * reads^9 * reads^6", "all: read: joules come to"),
        (["scaling"], "1e60 * reads^9 * reads^6", "all: read: joules come to"),
        (["scaling"], "0 * macs", "a step takes no joules"),
    ],
)
def test_a_chip_whose_totals_are_no_numbers_is_refused(command, formula, says, monkeypatch, capsys, tmp_path):
    fields = ledger.chip("default").model_dump(exclude_none=True)
    fields["components"] = [{"name": "all", "action": "read", "count": "reads", "joules": formula}]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(fields))
    with pytest.raises(SystemExit, match="2"):
        call(monkeypatch, *command, "--json", "--chip", str(tmp_path / "mine.yaml"))
    printed = capsys.readouterr()
    assert says in printed.err and printed.out == ""
