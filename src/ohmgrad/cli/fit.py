"""`ohmgrad devices fit`: from measured data to a preset file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ohmgrad.cli.console import AsJson, check_target, print_json
from ohmgrad.cli.console import out as out_console
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.devices.fit import Fit


Data = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Tables of pulses or of verified writes (docs/fit.md).")
]
Model = Annotated[str, typer.Option(help="Kind of pulse response, or auto: lowest BIC.")]
Unit = Annotated[
    str | None,
    typer.Option(help="Unit of readings without one in the column name: S, uS, A, uA, ohm, ...; default: S."),
]
ReadVolts = Annotated[float | None, typer.Option(help="Read voltage of currents.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=ROLE", help="Role of a column (by name or number), or polarity of a file (up, down)."),
]
Target = Annotated[float | None, typer.Option(help="Target of all verified writes of a file without a target column.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Preset file to write.")]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Plot data, fitted curves and residuals: .svg, .png, .pdf, ...")
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files of --out and --plot.")]


def fit_command(
    data: Data,
    model: Model = "auto",
    unit: Unit = None,
    read_volts: ReadVolts = None,
    columns: Columns = None,
    target: Target = None,
    out: Out = None,
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit a device to measured data and write a preset file that any recipe accepts.

    FILE is a table of pulses (columns pulse, polarity, and conductance, current
    or resistance; or one column per sweep), a table of verified writes (columns
    target, reading), or CrossSim's dG_increasing.txt and dG_decreasing.txt. The
    role assigned to each column is printed.

    Examples:

      ohmgrad devices fit measured.csv
      ohmgrad devices fit measured.csv --unit uS --out my-device.yaml --plot fit.svg
      ohmgrad devices fit set.csv reset.csv --read-volts 0.1
      ohmgrad train braille --set hardware.device.preset=my-device.yaml
      ohmgrad advise my-device.yaml
    """
    from ohmgrad.devices.fit import fit, read

    _check_target("--out", out, (".yaml", ".yml"), force)
    if plot is not None:
        from ohmgrad.report.style import kinds

        _check_target("--plot", plot, tuple(f".{kind}" for kind in kinds()), force)
    found = fit(read(*data, unit=unit, read_volts=read_volts, columns=columns or (), target=target), model)
    _write(found, out, plot)
    if as_json:
        print_json(found.summary())
        return
    from ohmgrad.report.fit import show

    show(out_console, found)
    for path in (out, plot):
        if path is not None:
            print(f"written: {path}")
    if out is not None:
        print(f"what suits this device: ohmgrad advise {out}")


def _write(found: "Fit", out: Path | None, plot: Path | None) -> None:
    """The preset and the picture, where they are asked for."""
    from ohmgrad import files

    text = found.yaml()
    if plot is not None:
        from ohmgrad.report.fit import picture

        files.write(plot, picture(found, plot.suffix.removeprefix(".").lower()))
    if out is not None:
        files.write(out, text)


def _check_target(option: str, path: Path | None, endings: tuple[str, ...], force: bool) -> None:
    """Check an output file before the fit begins."""
    if path is None:
        return
    check_target(option, path, *endings)
    if path.is_file() and not force:
        raise InputError(f"{option}: {path} exists; name another file, or replace it with --force")
