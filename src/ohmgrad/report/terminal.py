"""The tables that a finished run prints."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report.words import BILLS, SHORT, energy, percent, ratio, settling, si, span, times


def show(console: Console, summary: dict) -> None:
    """Accuracies, then the ledger."""
    console.print(f"\n[bold]{escape(summary['title'])}[/bold]", highlight=False)
    console.print(_by_corruption(summary) if "headline_flips" in summary else _by_arm(summary))
    console.print(settling(summary), highlight=False)
    _ledger(console, summary["ledger"])


def _by_corruption(summary: dict) -> Table:
    """Right answers at every share of flipped dots."""
    curves, headline = summary["accuracy_by_corruption"]["flips"], summary["headline_flips"]
    arms = [arm for arm in SHORT if arm in summary["test_accuracy"]]
    title = f"right answers, mean ± standard deviation over {len(summary['seeds'])} chips"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("flipped dots", justify="right")
    for arm in arms:
        table.add_column(SHORT[arm], justify="right")
    for number, level in enumerate(curves["levels"]):
        scores = [f"{curves[arm]['mean'][number]:.3f} ± {curves[arm]['std'][number]:.3f}" for arm in arms]
        table.add_row(f"{100 * level:g}%", *scores, style="bold" if level == headline else "")
    return table


def _by_arm(summary: dict) -> Table:
    """Right and wrong answers to the test images."""
    title = f"test images, mean ± standard deviation over {len(summary['seeds'])} chips"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "right answers", "test error"):
        table.add_column(column, justify="right" if column else "left")
    for arm, score in summary["test_accuracy"].items():
        table.add_row(SHORT[arm], percent(score), percent(score | {"mean": 1 - score["mean"]}))
    return table


def _ledger(console: Console, ledger: dict) -> None:
    table = Table(title="training one chip: what it cost", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "count", "energy", "low – high", "time"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for line in ledger["chip"]["lines"] if "chip" in ledger else ():
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
    for key, name in BILLS.items():
        if key in ledger:
            joules, seconds = ledger[key]["energy_joules"], ledger[key]["seconds"]
            figures = energy(joules["nominal"]), span(joules, "J"), times(seconds["nominal"])
            table.add_row(name, "", *figures)
    console.print(table)
    for key, bill, name in (("ratio", "gpu", "same training"), ("ratio_backprop", "gpu_backprop", "backpropagation")):
        if key in ledger:
            machine = f"{escape(ledger[bill]['machine'])}, {ledger[bill]['conditions']}"
            line = f"GPU / chip energy, {name}: [bold]{ratio(ledger[key])}[/bold]  ({machine})"
            console.print(line, highlight=False, soft_wrap=True)
    chip = f"; chip: {ledger['chip']['conditions']}" if "chip" in ledger else ""
    console.print(f"modelled, not measured{chip}", highlight=False, soft_wrap=True)
