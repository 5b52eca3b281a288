"""`ohmgrad spice`: an array of a run, at the state of a phase, as a netlist that ngspice solves."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, print_json, say
from ohmgrad.errors import InputError

Phase = Literal["free", "nudged"]


def spice_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write the netlist here.")],
    layer: Annotated[int | None, typer.Option(help="Weight matrix, from 1 (default).")] = None,
    phase: Annotated[Phase, typer.Option(help="Which settled state drives the rows.")] = "free",
    array: Annotated[
        int | None, typer.Option(help="Array of the layer, from 0 (default): G+ and G- of each tile in turn.")
    ] = None,
    sample: Annotated[int, typer.Option(help="Which uncorrupted word, or test image, is at the input, from 0.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write an array of a trained chip, or a whole resistive network, as a SPICE netlist; compare ngspice with ours.

    It belongs to the run's first chip. The rows of an array are driven as in the settled state, its columns held at
    ground; a resistive network has its inputs applied and, nudged, its outputs pushed. Where ngspice is installed it
    solves the netlist in the same go.

    Examples:

      ohmgrad spice runs/braille-1 --out array.cir
      ohmgrad spice runs/braille-1 --layer 2 --phase nudged --array 1 --out minus.cir
    """
    from ohmgrad import files
    from ohmgrad.spice import ngspice
    from ohmgrad.spice.run import circuit

    files.check_target(file, "--out")
    drawn = circuit(folder, layer, phase, array, sample)
    files.write(file, drawn.netlist)
    result = {"netlist": str(file), "what": drawn.what, "ngspice": None}
    if ngspice.installed():
        deviation = drawn.compare()
        result["ngspice"] = {"largest_relative_deviation": deviation, "agrees": deviation < AGREEMENT}
    if as_json:
        print_json(result)
    else:
        _show(result)
    if result["ngspice"] is not None and not result["ngspice"]["agrees"]:
        raise InputError(f"ngspice and ohmgrad differ by more than {AGREEMENT:g}; the netlist is in {file}")


AGREEMENT = 1e-5
"""Largest deviation of a current or voltage, relative to the largest one, that counts as agreement."""


def _show(result: dict) -> None:
    say(f"netlist of {result['what']}: [bold]{escape(result['netlist'])}[/bold]")
    if result["ngspice"] is None:
        say("ngspice is not installed, so nothing was compared (Debian: apt-get install ngspice)")
        return
    deviation = result["ngspice"]["largest_relative_deviation"]
    say(f"ngspice differs from ours by at most {deviation:.1e} of the largest current or voltage")
