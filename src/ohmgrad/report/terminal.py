"""The tables that a finished run prints."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report.words import (
    BILLS,
    RATIOS,
    SHORT,
    arrays,
    best_alone,
    chips,
    differences,
    energy,
    equal_accuracy,
    failures,
    lowest,
    money,
    nominal,
    opponent,
    origin,
    percent,
    ratio,
    settling,
    share,
    si,
    span,
    times,
)


def show(console: Console, summary: dict) -> None:
    """Accuracies, then the ledger."""
    console.print(f"\n[bold]{escape(summary['title'])}[/bold]", highlight=False)
    words_shown = "headline_flips" in summary
    console.print(_by_corruption(summary, console.width) if words_shown else _by_arm(summary))
    if said := differences(summary):
        console.print(said, highlight=False, markup=False)
    for sentence in (*map(escape, origin(summary)), *arrays(summary), settling(summary), *failures(summary)):
        console.print(sentence, highlight=False)
    show_ledger(console, summary["ledger"])


_NARROW = 70
"""Columns of a terminal below which tables show what is nominal alone, and stack what stands side by side."""
_WIDE = 110
"""Columns of a terminal from which on an interval stands beside its mean; below them it stands under it."""


def _by_corruption(summary: dict, width: int) -> Table:
    """Right answers at every share of flipped dots."""
    curves, headline = summary["accuracy_by_corruption"]["flips"], summary["headline_flips"]
    arms = [arm for arm in SHORT if arm in summary["test_accuracy"]]
    gap = " " if width >= _WIDE else "\n"
    table = Table(title=escape(f"right answers, {chips(summary)}"), title_justify="left", box=SIMPLE_HEAD)
    table.add_column("flipped dots", justify="right")
    for arm in arms:
        table.add_column(SHORT[arm], justify="right", no_wrap=width >= _NARROW)
    for number, level in enumerate(curves["levels"]):
        estimates = [{part: curves[arm][part][number] for part in ("mean", "low", "high")} for arm in arms]
        scores = [f"{each['mean']:.3f}" if width < _NARROW else share(each, gap) for each in estimates]
        table.add_row(f"{100 * level:g}%", *map(escape, scores), style="bold" if level == headline else "")
    return table


def _by_arm(summary: dict) -> Table:
    """Right and wrong answers to the test images."""
    table = Table(title=escape(f"test images, {chips(summary)}"), title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "right answers", "test error"):
        table.add_column(column, justify="right" if column else "left")
    for arm, score in summary["test_accuracy"].items():
        wrong = {"mean": 1 - score["mean"], "low": 1 - score["high"], "high": 1 - score["low"]}
        table.add_row(SHORT[arm], escape(percent(score)), escape(percent(wrong)))
    return table


def _figures(joules: dict, seconds: dict, count: str, narrow: bool) -> tuple[str, ...]:
    nominal = energy(joules["nominal"]), times(seconds["nominal"])
    return nominal if narrow else (count, nominal[0], span(joules, "J"), nominal[1])


def show_ledger(console: Console, ledger: dict) -> None:
    """A statement: lines and totals, ratios, what they mean outside of the machine, a life of inferences."""
    narrow = console.width < _NARROW
    table = Table(title=ledger["what"], title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "energy", "time") if narrow else ("", "count", "energy", "low – high", "time"):
        table.add_column(column, justify="right" if column else "left", no_wrap=column not in ("", "low – high"))
    for line in ledger["chip"]["lines"] if "chip" in ledger else ():
        joules, seconds = line["joules"], line["seconds"]
        if line["count"] and (joules["high"] or seconds["high"]):
            name = f"{line['component']}: {line['action']}"
            if line["note"]:
                name += f" ({line['note']})"
            table.add_row(name, *_figures(joules, seconds, si(line["count"], ""), narrow))
    table.add_section()
    for key, name in BILLS.items():
        if key in ledger:
            joules, seconds = ledger[key]["energy_joules"], ledger[key]["seconds"]
            table.add_row(name, *_figures(joules, seconds, "", narrow))
    console.print(table)
    console.print(_opponents(ledger, narrow))
    for key, bill, name in RATIOS:
        if key in ledger:
            machine = f"{escape(ledger[bill]['machine'])}, {ledger[bill]['conditions']}"
            line = f"best digital program / chip energy, {name}: [bold]{ratio(ledger[key])}[/bold]  ({machine})"
            console.print(line, highlight=False, soft_wrap=True)
    console.print(escape(best_alone(ledger)), highlight=False, soft_wrap=True)
    for key, row in ledger.get("equal_accuracy", {}).items():
        console.print(f"energy to equal accuracy: {equal_accuracy(key, row)}", highlight=False, soft_wrap=True)
    chip = f"; {escape(ledger['chip']['machine'])}: {ledger['chip']['conditions']}" if "chip" in ledger else ""
    console.print(f"modelled, not measured{chip}", highlight=False, soft_wrap=True)
    if "chip" in ledger and ledger["chip"]["left_out"]:
        console.print(f"not priced: {escape(ledger['chip']['left_out'])}", highlight=False, soft_wrap=True)
    if "chip" in ledger and ledger["chip"]["square_metres"]["nominal"]:
        area = 1e6 * ledger["chip"]["square_metres"]["nominal"]
        console.print(f"area of arrays and converters: {area:.3g} mm²", highlight=False)
    console.print(_footprint(ledger, narrow))
    if "life" in ledger:
        _life(console, ledger["life"])
    if "measured" in ledger:
        console.print(f"measured: {escape(ledger['measured']['sentence'])}", highlight=False, soft_wrap=True)


def _opponents(ledger: dict, narrow: bool) -> Table:
    """Every program, nominal energy and its ratio to the chip's, the same training and backpropagation side by side."""
    same, other = (ledger["opponents"][key] for key in ("digital", "digital_backprop"))
    columns = [("same rule", same, lowest(same)), ("backprop", other, lowest(other))]
    title = f"one training on {same[0]['machine']}, nominal, by program (in bold: the best)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for name, *_ in columns:
        for head in (name,) if narrow else (name, "/ chip"):
            table.add_column(head, justify="right", no_wrap=True)
    for label in dict.fromkeys(opponent(row, same[0]["machine"]) for row in (*same, *other)):
        cells = []
        for _, rows, best in columns:
            row = next((row for row in rows if opponent(row, same[0]["machine"]) == label), None)
            if row is None:
                cells += ["–"] if narrow else ["–", "–"]
                continue
            chosen = [energy(row["energy_joules"]["nominal"])]
            if not narrow:
                chosen.append(nominal(row["ratio"]))
            cells += [f"[bold]{cell}[/bold]" if row is best else cell for cell in chosen]
        table.add_row(escape(label), *cells)
    return table


def _footprint(ledger: dict, narrow: bool) -> Table:
    """Carbon of each machine at every site that is compared, and money, which does not depend on the grid."""
    footprints = ledger.get("footprints", [ledger["footprint"]])
    first = footprints[0]["site"]
    grids = [f"{each['site']['title']}: {each['site']['kg_per_kwh']['nominal']:.3g} kg/kWh" for each in footprints]
    title = f"carbon and money, {', '.join(grids)}; PUE {first['pue']['nominal']:g}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    carbon = ["CO2e"] if len(footprints) == 1 else [f"CO2e, {each['site']['title']}" for each in footprints]
    columns = *carbon, "electricity", "rent", "making, by time"
    for column in ("", "nominal") if narrow else ("", *columns):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    for key, name in BILLS.items():
        if key in footprints[0]:
            costs = footprints[0][key]
            rent, embodied = costs["rent_usd"], costs["embodied_kilograms"]
            figures = (
                *(si(1000 * each[key]["carbon_kilograms"]["nominal"], "g") for each in footprints),
                money(costs["electricity_usd"]["nominal"]),
                "–" if rent is None else money(rent["nominal"]),
                "–" if embodied is None else si(1000 * embodied["nominal"], "g"),
            )
            if narrow:
                for column, figure in zip(columns, figures, strict=True):
                    table.add_row(f"{name}: {column}", figure)
            else:
                table.add_row(name, *figures)
    return table


def _life(console: Console, life: dict) -> None:
    table = Table(title=f"training and {life['inferences']:,} inferences", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "training", "inferences", "share of inferences"):
        table.add_column(column, justify="right" if column else "left", no_wrap=bool(column))
    for key, name in BILLS.items():
        if key in life:
            row = life[key]
            joules = (energy(row[part]["nominal"]) for part in ("training_joules", "inference_joules"))
            table.add_row(name, *joules, f"{100 * row['inference_share']['nominal']:.3g} %")
    console.print(table)
    if "ratio" in life:
        console.print(
            f"best digital program / chip energy, whole life: [bold]{ratio(life['ratio'])}[/bold]", highlight=False
        )
