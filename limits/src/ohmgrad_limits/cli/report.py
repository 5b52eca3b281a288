"""`ohmgrad limits report`: all results on one page."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ohmgrad import files
from ohmgrad.cli.console import AsJson, check_target, err, out, print_json

if TYPE_CHECKING:
    from ohmgrad_limits.show import Page


def report_command(
    target: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="Page to write.")] = Path("limits.html"),
    folder: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Also write each picture as SVG into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one self-contained page with pictures, regressions, forecasts, levers, claims and sources.

    Examples:

      ohmgrad limits report
      ohmgrad limits report --pictures .
      ohmgrad limits report --out what-accuracy-costs.html
    """
    check_target("--out", target, ".html")
    if folder is not None:
        files.make_folder(folder, "--pictures")
    made = _built()
    pictures = {} if folder is None else {folder / f"{name}.svg": svg for name, svg in made.pictures.items()}
    for path, content in (pictures | {target: made.html}).items():
        files.write(path, content)
    written = {"report": str(target)} | {path.stem: str(path) for path in pictures}
    if as_json:
        print_json(written)
        return
    for path in written.values():
        out.print(escape(path), highlight=False, soft_wrap=True)


def _built() -> "Page":
    from ohmgrad.recipes import scaling
    from ohmgrad_limits.show import page

    doing = "computing regressions, forecasts, simulations and pictures (about 20 seconds)"
    with err.status(doing) if err.is_terminal else nullcontext():
        return page.build(scaling.at_scale(page.PROCESSOR, page.PRECISION))
