"""`ohmgrad devices`: list, show, plot and export device presets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.markup import escape

import ohmgrad
from ohmgrad.cli.assess import assess_command
from ohmgrad.cli.console import AsJson, Explained, check_target, say
from ohmgrad.cli.fit import fit_command
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.devices.memristor import Memristor
    from ohmgrad.quantity import Strict

devices_app = typer.Typer(
    cls=Explained,
    rich_markup_mode="rich",
    help="""
Memristor presets: list them, show every figure with its source, plot their pulse response, fit and assess your own.

Examples:

  ohmgrad devices list
  ohmgrad devices show neurosim-epiram
  ohmgrad devices plot neurosim-epiram --out epiram.png
  ohmgrad devices fit measured.csv --out my-device.yaml
  ohmgrad devices export my-device.yaml --crosssim
  ohmgrad devices assess my-device.yaml
""",
)
devices_app.command("fit")(fit_command)
devices_app.command("assess")(assess_command)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a shipped preset, or path of a YAML file.")]


@devices_app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the shipped devices with conductance range, on/off ratio and kind of pulse response.

    Examples:

      ohmgrad devices list
      ohmgrad devices list --json
    """
    rows = [_summary(name) for name in ohmgrad.devices.names()]
    if as_json:
        print(json.dumps({"devices": rows}, indent=2))
        return
    say(f"[dim]{'name':25} {'range (µS)':>18} {'on/off':>7}  {'response':17}title[/dim]")
    for row in rows:
        conductances = f"{1e6 * row['g_min_siemens']:.3g} – {1e6 * row['g_max_siemens']:.4g}"
        ratio = "–" if row["on_off_ratio"] is None else f"{row['on_off_ratio']:.3g}"
        figures = f"{conductances:>18} {ratio:>7}  {row['response']:17}"
        say(f"[bold]{row['name']:25}[/bold] {figures}{escape(row['title'])}")
    say("all figures with their sources: [bold]ohmgrad devices show NAME[/bold]")


def _summary(name: str) -> dict:
    device = ohmgrad.devices.load(name)
    low, high = device.g_min_siemens.nominal, device.g_max_siemens.nominal
    return {
        "name": name,
        "title": device.title,
        "g_min_siemens": low,
        "g_max_siemens": high,
        "on_off_ratio": high / low if low else None,
        "response": device.response.kind,
    }


@devices_app.command("show")
def show_command(name: Name, as_json: AsJson = False) -> None:
    """Print every figure of a device: nominal value, bounds, basis and source.

    The basis is published, derived (computed from published numbers), assumption,
    or memory (not checked).

    Examples:

      ohmgrad devices show taox-1t1r
      ohmgrad devices show mine.yaml --json
    """
    device = ohmgrad.devices.load(name)
    if as_json:
        print(json.dumps({"name": Path(name).stem, **device.model_dump(exclude_unset=True)}, indent=2))
        return
    say(f"[bold]{escape(device.title)}[/bold]\n{escape(device.citation)}\n")
    for line in _lines(device):
        say(f"[bold]{line.field}[/bold]  {escape(line.value)}")
        if line.source:
            say(f"    {escape(line.source)}")


class _Line(NamedTuple):
    field: str
    value: str
    source: str = ""


def _lines(record: "Strict", path: str = "") -> Iterator[_Line]:
    """The fields that a device file sets, in the order of the schema."""
    from ohmgrad.quantity import Quantity, Strict

    for name in type(record).model_fields:
        value, field = getattr(record, name), f"{path}{name}"
        if name not in record.model_fields_set or field in ("title", "citation"):
            continue
        if isinstance(value, Quantity):
            unit = _unit(name)
            bounds = f"  ({_number(value.low, unit)} to {_number(value.high, unit)})" if value.low < value.high else ""
            yield _Line(field, f"{_number(value.nominal, unit)}{bounds}  {value.basis}", value.source)
        elif isinstance(value, Strict):
            yield from _lines(value, f"{field}.")
        elif isinstance(value, list):
            numbers = [each.nominal if isinstance(each, Quantity) else each for each in value]
            yield _Line(field, ", ".join(f"{number:g}" for number in numbers))
        else:
            yield _Line(field, str(value))


def _unit(name: str) -> str:
    """The unit, from the end of a field's name."""
    units = {"siemens": "S", "cubic_per_square_volt": "1/V²", "volts": "V", "seconds": "s"}
    return next((unit for ending, unit in units.items() if name.endswith(ending)), "")


def _number(value: float, unit: str) -> str:
    """Four digits; siemens as microsiemens."""
    return f"{1e6 * value:.4g} µS" if unit == "S" else f"{value:.4g} {unit}".rstrip()


@devices_app.command("plot")
def plot_command(
    name: Name,
    target: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File to write: .svg, .png or .pdf; default: NAME.svg.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plot a device: the pulse response of 400 fabricated devices, write and read errors, ageing.

    Examples:

      ohmgrad devices plot pcm-inference
      ohmgrad devices plot mine.yaml --out mine.pdf
    """
    device = ohmgrad.devices.load(name)
    target = Path(f"{Path(name).stem}.svg") if target is None else target
    check_target("--out", target, ".svg", ".png", ".pdf")

    from ohmgrad import files
    from ohmgrad.report.device import picture

    files.write(target, picture(device, Path(name).stem, target.suffix.removeprefix(".").lower()))
    if as_json:
        print(json.dumps({"device": name, "picture": str(target)}))
    else:
        say(escape(str(target)))


@devices_app.command("export")
def export_command(
    name: Name,
    crosssim: Annotated[
        bool, typer.Option("--crosssim", help="Write CrossSim's lookup tables, one per polarity.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Folder for the files; default: NAME-crosssim.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export a device for another simulator: change per pulse of the nominal device, with scatter.

    Examples:

      ohmgrad devices export taox-1t1r --crosssim
      ohmgrad devices export mine.yaml --crosssim --out tables
    """
    from ohmgrad import files
    from ohmgrad.devices import crosssim as tables

    if not crosssim:
        raise InputError("export: no simulator named; allowed: --crosssim")
    device = ohmgrad.devices.preset(name)
    folder = Path(f"{Path(name).stem}-crosssim") if folder is None else folder
    targets = [folder / file for file in tables.NAMES]
    if there := [target for target in targets if files.exists(target) and not force]:
        raise InputError(f"--out: {there[0]} exists; name another folder, or replace it with --force")
    texts = tables.tables(device).texts()
    files.make_folder(folder, "--out")
    for target in targets:
        files.write(target, texts[target.name])
    left_out = _left_out(device)
    if as_json:
        print(json.dumps({"device": name, "files": [str(target) for target in targets], "left_out": left_out}))
        return
    for target in targets:
        say(escape(str(target)))
    if left_out:
        say(f"the tables describe the nominal device, without: {', '.join(left_out)}")


def _left_out(device: "Memristor") -> list[str]:
    """Properties of a device that its tables cannot express."""
    spread = device.spread
    differ = any(each is not None for each in (spread.g_min, spread.g_max, spread.step, spread.imbalance))
    return ["spread"] * differ + ["read noise"] * (device.read_noise_siemens is not None)
