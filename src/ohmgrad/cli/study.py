"""`ohmgrad study`: compare rules, networks and devices in many trainings, declared in one file."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ohmgrad import files
from ohmgrad.cli.console import AsJson, Explained, bars, check_target, err, print_json, say, tell_jax
from ohmgrad.cli.console import out as out_console
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.studies import Outcome, Planned

study_app = typer.Typer(cls=Explained, help="Compare rules, networks and devices in many trainings.")

Name = Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study, a YAML file, or the folder of a study.")]
Folder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder of the study; default: studies/NAME.")
]
MaxCells = Annotated[
    int | None, typer.Option("--max-cells", min=1, help="Largest number of cells that is not refused.")
]


@study_app.command("plan")
def plan_command(
    name: Name,
    probe: Annotated[
        float, typer.Option(min=0, help="Seconds for which this machine is probed; 0: no expected time.")
    ] = 20.0,
    max_cells: MaxCells = None,
    as_json: AsJson = False,
) -> None:
    """Say what a study would do: cells, compilations, trainings, expected time and memory. Nothing is written.

    Examples:

      ohmgrad study plan tolerance
      ohmgrad study plan mine.yaml --probe 0 --json
    """
    tell_jax()
    from ohmgrad import studies

    study = studies.reopen(Path(name)).study if Path(name).is_dir() else studies.load(name)
    planned = studies.plan(study, most_cells=max_cells)
    found: dict[str, Any] = {
        "title": study.title,
        "cells": len(planned.cells),
        "different_cells": len(planned.by_key),
        "dropped": planned.dropped,
        "cannot_be_built": planned.failed,
        "compilations": planned.structures,
        "runs": planned.runs,
        "chip_epochs": planned.chip_epochs,
    }
    if probe and planned.pieces:
        expected = studies.probe(planned, probe)
        found["expected"] = {
            "seconds": expected.seconds,
            "memory_bytes": expected.bytes,
            "structures_probed": expected.probed,
        }
    if as_json:
        print_json(found)
        return
    _show_plan(found)


def _show_plan(found: dict[str, Any]) -> None:
    say(f"[bold]{escape(found['title'])}[/bold]")
    dropped = f"{found['dropped']:,} dropped by conditions"
    say(f"cells: {found['cells']:,} ({found['different_cells']:,} different; {dropped})")
    unbuilt = list(found["cannot_be_built"].items())
    for key, reason in unbuilt[:5]:
        say(f"  cannot be built: {key}: {escape(reason)}")
    if len(unbuilt) > 5:
        say(f"  and {len(unbuilt) - 5:,} more")
    say(f"structures to compile: {found['compilations']:,}")
    say(f"trainings: {found['runs']:,} chips, {found['chip_epochs']:,.0f} epochs of a chip")
    if expected := found.get("expected"):
        probed = f"{expected['structures_probed']} of {found['compilations']} structures probed"
        say(f"expected here: {_time(expected['seconds'])}, {expected['memory_bytes'] / 1e9:.1f} GB ({probed})")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@study_app.command("run")
def run_command(
    name: Name,
    folder: Folder = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Worker processes; default: one per core.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS", help="Run on a Ray cluster; auto: the running one, or one on this machine."
        ),
    ] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Train cells with damaged results again.")] = False,
    max_cells: MaxCells = None,
    as_json: AsJson = False,
) -> None:
    """Run a study, or go on with an interrupted or changed one; everything that is done already is kept.

    Examples:

      ohmgrad study run tolerance
      ohmgrad study run mine.yaml --out mine
      ohmgrad study run studies/mine --ray auto
    """
    began = time.perf_counter()
    tell_jax()
    from ohmgrad import studies

    target = folder or (Path(name) if Path(name).is_dir() else Path("studies") / Path(name).stem)
    planned = studies.begin(name, target, max_cells)
    _check_results(planned, target, recompute)
    try:
        compiled = _trained(planned, target, workers, ray)
    except KeyboardInterrupt:
        say(escape(f"interrupted; continue with: ohmgrad study run {target}"), err)
        sys.exit(130)
    outcome = _written(planned, target)
    seconds = time.perf_counter() - began
    if as_json:
        print_json(_summary(outcome, target) | {"compilations": compiled, "seconds": seconds})
        return
    _show(outcome, target)


def _trained(planned: "Planned", folder: Path, workers: int | None, ray: str | None) -> int:
    """Train what is missing, here or on a cluster. Returns the number of epoch programs compiled."""
    from ohmgrad import studies

    with _bar(planned) as watch:
        if ray is None:
            return studies.run(planned, folder, workers, watch)
        from ohmgrad.studies import cluster

        return cluster.run(planned, folder, ray, watch)


def _check_results(planned: "Planned", folder: Path, recompute: bool) -> None:
    """Remove damaged results if asked to. Raises InputError if there are damaged ones otherwise."""
    from ohmgrad.studies import Store

    store = Store(folder)
    for cell, error in store.damaged(planned.by_key).items():
        if not recompute:
            raise InputError(error)
        store.path(cell).unlink()


@contextmanager
def _bar(planned: "Planned") -> Iterator[Callable[[float, float, float | None], None]]:
    """One progress bar, with the time left and the best accuracy so far."""
    with bars("chip epochs") as shown:
        bar = shown.add_task("training", total=planned.chip_epochs)

        def watch(done: float, total: float, best: float | None) -> None:
            text = "training" if best is None else f"best {100 * best:.1f} %"
            shown.update(bar, completed=min(done, total), total=total, description=text)

        yield watch


@study_app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a study, finished or not.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Page to write; default: DIR/report.html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write table, findings and page of a study anew, finished or not.

    Examples:

      ohmgrad study report studies/tolerance
      ohmgrad study report studies/tolerance --out tolerance.html
    """
    if out is not None:
        check_target("--out", out, ".html")
    from ohmgrad import studies

    outcome = _written(studies.reopen(folder), folder, out)
    if as_json:
        print_json(_summary(outcome, folder))
        return
    _show(outcome, folder)


def _written(planned: "Planned", folder: Path, page: Path | None = None) -> "Outcome":
    """Write everything that the results so far give."""
    from ohmgrad import studies
    from ohmgrad.report import study as report

    outcome = studies.gathered(planned, folder)
    studies.write(planned, folder, outcome)
    files.make_folder(folder / "pictures", "`folder`")
    drawn = report.pictures(*outcome)
    for name, picture in (each for section in drawn.values() for each in section.items()):
        files.write(folder / "pictures" / name, picture)
    files.write(page or folder / "report.html", report.page(*outcome, drawn))
    return outcome


def _summary(outcome: "Outcome", folder: Path) -> dict[str, Any]:
    from ohmgrad.studies.outcome import TABLE

    study, ranking = outcome.study, outcome.findings["ranking"]
    return {
        "cells": study["cells"],
        "done": study["done"],
        "failed": study["failed"],
        "missing": study["missing"],
        "table": str(folder / TABLE),
        "page": str(folder / "report.html"),
        "ranking": [{key: each[key] for key in ("rule", "network", "iqm", "low", "high")} for each in ranking],
    }


def _show(outcome: "Outcome", folder: Path) -> None:
    from ohmgrad.report import study as report

    report.show(out_console, outcome.study, outcome.findings)
    say(f"page: [bold]{escape(str(folder / 'report.html'))}[/bold]")
