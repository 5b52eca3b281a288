"""`ohmgrad scaling`: energy of a training step by layer width, batch and precision."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, check_target, out, print_json, say
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.footprint import Precision
    from ohmgrad.recipes.scaling import Point


def scaling_command(
    chip: Annotated[
        str, typer.Option(metavar="NAME", help="Name of a chip (see ohmgrad chips), or path of a YAML file.")
    ] = "taox-64x64",
    gpu: Annotated[str, typer.Option(metavar="NAME", help="Name of a processor, or path of a YAML file.")] = "h100-sxm",
    batch: Annotated[list[int] | None, typer.Option(help="Samples per step; may be repeated. Default: 1, 64.")] = None,
    precision: Annotated[
        list[str] | None, typer.Option(help="Number format on the processor; may be repeated. Default: fp32, fp16.")
    ] = None,
    array: Annotated[int, typer.Option(help="Rows and columns of an array.")] = 64,
    write: Annotated[
        str, typer.Option(help="Write scheme; pulse-trains needs no digital accumulator.")
    ] = "single-pulse",
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE.svg", help="Picture to write.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the energy of a training step on a chip and by the best digital program, for widths of 64 to 16,384.

    The best program has the lowest nominal energy among: on the GPU, single
    kernel launches, a captured graph, a persistent kernel, 3 or 100 trainings in
    a batch (if they fit in memory); plain NumPy on one CPU core. A step is
    centered equilibrium propagation on a Hopfield network of two square matrices,
    with 6 free sweeps and 4 sweeps per nudged phase. Also printed: the widths at
    which the nominal ratio crosses 10^2, 10^3, 10^4 and 10^5.

    Examples:

      ohmgrad scaling
      ohmgrad scaling --chip analog-edge --batch 1 --precision fp16
      ohmgrad scaling --out scaling.svg --json
    """
    from ohmgrad.recipes import scaling

    batches, precisions = batch or [1, 64], precision or ["fp32", "fp16"]
    _check(batches, precisions, array)
    if target is not None:
        check_target("--out", target, ".svg")
    points = scaling.points(chip, gpu, batches, cast("list[Precision]", precisions), array, write)
    if target is not None:
        _draw(points, gpu, target)
    if as_json:
        print_json(_table(points) | ({"picture": str(target)} if target else {}))
        return
    from ohmgrad.report.scaling import show

    for curve in scaling.curves(points):
        show(out, curve)
    if target is not None:
        say(f"picture: {escape(str(target))}")


def _check(batches: list[int], precisions: list[str], array: int) -> None:
    from ohmgrad import footprint

    if wrong := [size for size in batches if not 1 <= size <= 10**6]:
        raise InputError(f"--batch: {wrong[0]} is out of range; allowed: 1 to 1000000 samples")
    if unknown := [name for name in precisions if name not in footprint.BYTES]:
        raise InputError(f"--precision: unknown precision '{unknown[0]}'; allowed: {', '.join(footprint.BYTES)}")
    if not 1 <= array <= 10_000:
        raise InputError(f"--array: {array} is out of range; allowed: 1 to 10000")


def _draw(points: "Sequence[Point]", gpu: str, target: Path) -> None:
    from ohmgrad import files, footprint
    from ohmgrad.report.scaling import picture

    files.write(target, picture(points, footprint.processor(gpu).title))


def _table(points: "Sequence[Point]") -> dict:
    """For JSON: the points, and the widths at which the ratios cross powers of ten."""
    from ohmgrad.recipes import scaling

    marks = [
        {"batch": curve[0].batch, "precision": curve[0].precision, "against": against, **crossing._asdict()}
        for curve in scaling.curves(points)
        for against, ratio in (("same rule", "ratio"), ("backpropagation", "ratio_backprop"))
        for crossing in scaling.crossings(curve, ratio)
    ]
    return {"points": [point.as_dict() for point in points], "crossings": marks}
