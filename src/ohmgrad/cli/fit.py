"""`ohmgrad devices fit`: measured pulse data in, a preset file out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ohmgrad.cli.console import AsJson
from ohmgrad.cli.console import out as out_console
from ohmgrad.errors import InputError


def fit_command(
    data: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV of pulses, or CrossSim's two lookup tables.")
    ],
    model: Annotated[str, typer.Option(help="Response kind, or auto: the one with the lowest BIC.")] = "auto",
    unit: Annotated[str, typer.Option(help="Unit of the conductances in FILE: S, mS, uS or nS.")] = "S",
    out: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Write the preset here.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw data, fitted curve and residuals here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a device to measured pulse data; the result is a preset file that any recipe takes.

    FILE is a CSV with the columns pulse, polarity, conductance (and voltage, width, cycle, device_id), or two columns,
    conductance after each up and each down pulse, or CrossSim's dG_increasing.txt and dG_decreasing.txt.

    Examples:

      ohmgrad devices fit measured.csv
      ohmgrad devices fit measured.csv --unit uS --out my-device.yaml --plot fit.svg
      ohmgrad train braille --set hardware.device.preset=my-device.yaml
    """
    for path, endings in ((out, (".yaml", ".yml")), (plot, (".svg",))):
        _check_target(path, endings)
    from ohmgrad import files
    from ohmgrad.devices.fit import fit, read

    measured = read(*data, unit=unit)
    found = fit(measured, model)
    if (largest := max(max(chain.g_siemens) for chain in measured.chains)) > 1:
        raise InputError(
            f"{measured.name}: conductances up to {largest:.3g} S; allowed: up to 1. In another unit? --unit uS"
        )
    text = found.yaml()
    if plot is not None:
        from ohmgrad.report.fit import picture

        files.write(plot, picture(found))
    if out is not None:
        files.write(out, text)
    if as_json:
        print(json.dumps(found.summary(), indent=2))
        return
    from ohmgrad.report.fit import show

    show(out_console, found)
    for path in (out, plot):
        if path is not None:
            print(f"written: {path}")


def _check_target(path: Path | None, endings: tuple[str, ...]) -> None:
    """Faults that are known before the fit begins."""
    if path is None:
        return
    if path.suffix not in endings:
        raise InputError(f"{path}: its name must end in {' or '.join(endings)}")
    if path.exists():
        raise InputError(f"{path} exists; name another file, or remove it")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written (there is no folder {path.parent})")
