"""`ohmgrad chips`: list the chips and processors that can be priced, or print one."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, say

if TYPE_CHECKING:
    from ohmgrad.quantity import NonNegative


def chips_command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Chip or processor to print, or path of a chip's YAML file.")
    ] = None,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print the YAML file of NAME, to copy and edit.")] = False,
    as_json: AsJson = False,
) -> None:
    """List chips and digital processors, or print one with its figures (bounds, source) and components.

    Examples:

      ohmgrad chips
      ohmgrad chips isaac-tile
      ohmgrad chips default --yaml > mine.yaml
      ohmgrad cost braille --chip mine.yaml
    """
    from ohmgrad import footprint, ledger
    from ohmgrad.errors import InputError, unknown

    if name is None:
        if as_yaml:
            raise InputError("--yaml needs the NAME of a chip, for example: ohmgrad chips default --yaml")
        _list(as_json)
        return
    shipped = [*ledger.chip_names(), *footprint.processor_names()]
    if name not in shipped and not name.endswith((".yaml", ".yml")):
        raise unknown("machine in chips", name, shipped)
    processor = name in footprint.processor_names()
    machine = footprint.processor(name) if processor else ledger.chip(name, "chips")
    if as_yaml:
        print((footprint.processor_text(name) if processor else ledger.chip_text(name, "chips")).rstrip())
    elif as_json:
        print(json.dumps({"name": name, **machine.model_dump()}, indent=2))
    elif isinstance(machine, footprint.Processor):
        _show_processor(machine)
    else:
        _show(machine)


def _list(as_json: bool) -> None:
    from ohmgrad import footprint, ledger

    chips = {name: ledger.chip(name) for name in ledger.chip_names()}
    processors = {name: footprint.processor(name) for name in footprint.processor_names()}
    if as_json:
        rows = {name: {"title": chip.title, "citation": chip.citation} for name, chip in chips.items()}
        print(json.dumps({"chips": rows, "gpus": {n: p.model_dump() for n, p in processors.items()}}, indent=2))
        return
    for name, chip in chips.items():
        say(f"[bold]{name:18}[/bold] {escape(chip.title)}")
    say("processors, for --gpu:")
    for name, machine in processors.items():
        peaks = ", ".join(f"{p} {figure.nominal / 1e12:.4g}" for p, figure in machine.peak_flops.items())
        figures = f"{machine.watts.nominal:g} W, TFLOP/s: {peaks}"
        line = f"[bold]{name:18}[/bold] {escape(machine.title)}; [dim]{figures}[/dim]"
        say(line)
    say("all figures with their sources: [bold]ohmgrad chips NAME[/bold]")


def _show(chip) -> None:
    citation = f"\n{escape(chip.citation)}" if chip.citation else ""
    say(f"[bold]{escape(chip.title)}[/bold]{citation}\n")
    if chip.own_arrays is not None:
        size = chip.own_arrays
        say(f"[bold]own_arrays[/bold]  {size.rows} x {size.columns}")
    if chip.left_out is not None:
        say(f"[bold]left_out[/bold]  {escape(chip.left_out)}")
    _show_figures(dict(chip.figures) | _conversions(chip))
    say("")
    for part in chip.components:
        say(f"[bold]{part.name}: {part.action}[/bold]")
        for field in ("joules", "seconds", "square_metres"):
            if getattr(part, field):
                say(f"    {field} = {escape(getattr(part, field))}")


def _conversions(chip) -> "dict[str, NonNegative]":
    """Energy per conversion by resolution: those of the chip's table, or 4 to 12 bits of the survey."""
    priced = chip.adc.joules if chip.adc.kind == "table" else range(4, 13)
    notes = {bits: chip.adc_note(bits) for bits in priced}
    return {
        f"adc_joules at {bits} bits" + (f" ({note})" if note else ""): chip.adc_joules(bits)
        for bits, note in notes.items()
    }


def _show_processor(machine) -> None:
    from ohmgrad.quantity import NonNegative

    say(f"[bold]{escape(machine.title)}[/bold]\n")
    fields = {name: getattr(machine, name) for name in type(machine).model_fields}
    peaks = {f"peak_flops, {precision}": figure for precision, figure in machine.peak_flops.items()}
    peaks |= {f"start_seconds, {start}": figure for start, figure in machine.start_seconds.items()}
    _show_figures(peaks | {name: figure for name, figure in fields.items() if isinstance(figure, NonNegative)})


def _show_figures(figures: "dict[str, NonNegative]") -> None:
    for name, figure in figures.items():
        bounds = f"  ({figure.low:.4g} to {figure.high:.4g})" if figure.low < figure.high else ""
        say(f"[bold]{name}[/bold]  {figure.nominal:.4g}{bounds}  {figure.basis}")
        say(f"    {escape(figure.source)}")
