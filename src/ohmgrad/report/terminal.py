"""The tables that a finished run prints."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report.words import SHORT, energy, ratio, settling, si, span, times


def show(console: Console, summary: dict) -> None:
    """Accuracies, then the ledger."""
    console.print(f"\n[bold]{escape(summary['title'])}[/bold]", highlight=False)
    curves, headline = summary["accuracy_by_corruption"]["flips"], summary["headline_flips"]
    title = f"right answers, mean ± standard deviation over {len(summary['seeds'])} chips"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("flipped dots", justify="right")
    for name in SHORT.values():
        table.add_column(name, justify="right")
    for number, level in enumerate(curves["levels"]):
        scores = [f"{curves[arm]['mean'][number]:.3f} ± {curves[arm]['std'][number]:.3f}" for arm in SHORT]
        table.add_row(f"{100 * level:g}%", *scores, style="bold" if level == headline else "")
    console.print(table)
    console.print(settling(summary), highlight=False)
    _ledger(console, summary["ledger"])


def _ledger(console: Console, ledger: dict) -> None:
    table = Table(title="training one chip: what it cost", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "count", "energy", "low – high", "time"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for line in ledger["chip"]["lines"]:
        if line["count"]:
            joules, seconds = line["joules"], line["seconds"]
            table.add_row(
                f"{line['component']}: {line['action']}",
                si(line["count"], ""),
                energy(joules["nominal"]),
                span(joules, "J"),
                times(seconds["nominal"]),
            )
    table.add_section()
    total, seconds = ledger["chip_energy_joules"], ledger["chip_seconds"]
    table.add_row("chip, total", "", energy(total["nominal"]), span(total, "J"), times(seconds["nominal"]))
    for key, name in (("gpu", "same training"), ("gpu_backprop", "backpropagation")):
        bill = ledger[key]
        joules, seconds = bill["energy_joules"], bill["seconds"]
        table.add_row(
            f"GPU, {name}",
            "",
            energy(joules["nominal"]),
            span(joules, "J"),
            times(seconds["nominal"]),
        )
    console.print(table)
    for key, name in (("ratio", "same training"), ("ratio_backprop", "backpropagation")):
        bill = ledger["gpu" if key == "ratio" else "gpu_backprop"]
        console.print(
            f"GPU / chip energy, {name}: [bold]{ratio(ledger[key])}[/bold]  "
            f"({escape(bill['machine'])}, {bill['conditions']})",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"modelled, not measured; chip: {ledger['chip']['conditions']}", highlight=False, soft_wrap=True)
