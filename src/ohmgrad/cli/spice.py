"""`ohmgrad spice`: an array of a run, in a settled state, as a netlist for ngspice."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, print_json, say
from ohmgrad.errors import InputError

Phase = Literal["free", "nudged"]


def spice_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Netlist to write.")],
    layer: Annotated[int | None, typer.Option(help="Number of the weight matrix, from 1; default: 1.")] = None,
    phase: Annotated[Phase, typer.Option(help="Settled state that drives the rows.")] = "free",
    array: Annotated[
        int | None,
        typer.Option(
            help="Array of the layer, from 0: G+ of the first tile, its G-, G+ of the next tile, ...; default: 0."
        ),
    ] = None,
    sample: Annotated[int, typer.Option(help="Number of the uncorrupted word or test image at the input, from 0.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write an array of a trained chip, or a resistive network, as a SPICE netlist, and compare ngspice with ohmgrad.

    The netlist describes the run's first chip. The rows of an array are driven as
    in the settled state, with its columns at ground. The netlist of a resistive
    network has its inputs applied and, in the nudged phase, the nudging currents.
    If ngspice is installed, it solves the netlist and the results are compared.

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
"""Largest allowed deviation of a current or voltage, relative to the largest one."""


def _show(result: dict) -> None:
    say(f"netlist of {result['what']}: [bold]{escape(result['netlist'])}[/bold]")
    if result["ngspice"] is None:
        say("ngspice is not installed; nothing was compared (Debian: apt-get install ngspice)")
        return
    deviation = result["ngspice"]["largest_relative_deviation"]
    say(f"ngspice and ohmgrad differ by at most {deviation:.1e} of the largest current or voltage")
