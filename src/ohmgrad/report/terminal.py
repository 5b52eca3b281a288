"""The tables of a finished run, for the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.report.numbers import duration, energy, money, nominal, percent, percentage, ratio, share, si, span
from ohmgrad.report.tables import line, plain, table
from ohmgrad.report.words import (
    BILLS,
    RATIOS,
    SHORT,
    arrays,
    best_alone,
    chips,
    differences,
    equal_accuracy,
    failures,
    lowest,
    opponent,
    origin,
    samples,
    settling,
)

_NARROW = 70
"""Width of a terminal, in characters, below which tables show nominal figures only, with fewer columns."""
_WIDE = 110
"""Width of a terminal, in characters, from which on an interval is printed beside its mean instead of below it."""


def show(console: Console, summary: dict) -> None:
    """Print the accuracies of a run, what to know about its training, and its cost statement.

    Args:
        console: The terminal.
        summary: Summary of the run.
    """
    console.print(f"\n[bold]{escape(summary['title'])}[/bold]", highlight=False)
    words_shown = "headline_flips" in summary
    console.print(_by_corruption(summary, console.width) if words_shown else _by_arm(summary))
    if sentence := differences(summary):
        console.print(sentence, highlight=False, markup=False)
    for sentence in (*map(escape, origin(summary)), *arrays(summary), settling(summary), *failures(summary)):
        console.print(sentence, highlight=False)
    show_ledger(console, summary["ledger"])


def _by_corruption(summary: dict, width: int) -> Table:
    """Accuracy of each arm at every share of flipped dots."""
    curves, headline = summary["accuracy_by_corruption"]["flips"], summary["headline_flips"]
    arms = [arm for arm in SHORT if arm in summary["test_accuracy"]]
    gap = " " if width >= _WIDE else "\n"
    heads = [SHORT[arm] for arm in arms]
    title = escape(f"right answers, {chips(summary)}")
    accuracies = table(title, "flipped dots", *heads, whole=heads if width >= _NARROW else ())
    for number, level in enumerate(curves["levels"]):
        estimates = [{part: curves[arm][part][number] for part in ("mean", "low", "high")} for arm in arms]
        scores = [f"{each['mean']:.3f}" if width < _NARROW else share(each, gap) for each in estimates]
        accuracies.add_row(f"{100 * level:g}%", *map(escape, scores), style="bold" if level == headline else "")
    return accuracies


def _by_arm(summary: dict) -> Table:
    """Accuracy and error of each arm on the test samples."""
    answers = table(escape(f"test {samples(summary)}, {chips(summary)}"), "", "right answers", "test error")
    for arm, score in summary["test_accuracy"].items():
        wrong = {"mean": 1 - score["mean"], "low": 1 - score["high"], "high": 1 - score["low"]}
        answers.add_row(SHORT[arm], escape(percentage(score)), escape(percentage(wrong)))
    return answers


def show_ledger(console: Console, ledger: dict) -> None:
    """Print a cost statement: bills, ratios, carbon and money, and a life of inferences.

    Args:
        console: The terminal.
        ledger: The statement (`ledger.statement`), as JSON has it.
    """
    narrow, chip = console.width < _NARROW, ledger.get("chip")
    console.print(_bills(ledger, narrow))
    console.print(_opponents(ledger, narrow))
    for key, bill, name in RATIOS:
        if key in ledger:
            machine = f"{escape(ledger[bill]['machine'])}, {ledger[bill]['conditions']}"
            line(console, f"best digital program / chip energy, {name}: [bold]{ratio(ledger[key])}[/bold]  ({machine})")
    plain(console, best_alone(ledger))
    for key, row in ledger.get("equal_accuracy", {}).items():
        line(console, f"energy to equal accuracy: {equal_accuracy(key, row)}")
    for sentence in _of_the_chip(chip):
        plain(console, sentence)
    console.print(_footprint(ledger, narrow))
    if "life" in ledger:
        _life(console, ledger["life"])
    if "measured" in ledger:
        plain(console, f"measured: {ledger['measured']['sentence']}")


def _bills(ledger: dict, narrow: bool) -> Table:
    """Energy and time of the chip's components, and the totals of all machines."""
    heads = ("", "energy", "time") if narrow else ("", "count", "energy", "low – high", "time")
    bills = table(ledger["what"], *heads, whole=("count", "energy", "time"))
    for row in ledger["chip"]["lines"] if "chip" in ledger else ():
        joules, seconds = row["joules"], row["seconds"]
        if row["count"] and (joules["high"] or seconds["high"]):
            note = f" ({row['note']})" if row["note"] else ""
            name = f"{row['component']}: {row['action']}{note}"
            bills.add_row(name, *_figures(joules, seconds, si(row["count"], ""), narrow))
    bills.add_section()
    for key, name in BILLS.items():
        if key in ledger:
            bills.add_row(name, *_figures(ledger[key]["energy_joules"], ledger[key]["seconds"], "", narrow))
    return bills


def _of_the_chip(chip: dict | None) -> list[str]:
    """Sentences about the chip's bill: its conditions, what is not priced, and its area."""
    if chip is None:
        return ["modelled, not measured"]
    sentences = [f"modelled, not measured; {chip['machine']}: {chip['conditions']}"]
    if chip["left_out"]:
        sentences.append(f"not priced: {chip['left_out']}")
    if chip["square_metres"]["nominal"]:
        sentences.append(f"area of arrays and converters: {1e6 * chip['square_metres']['nominal']:.3g} mm²")
    return sentences


def _figures(joules: dict, seconds: dict, count: str, narrow: bool) -> tuple[str, ...]:
    nominal = energy(joules["nominal"]), duration(seconds["nominal"])
    return nominal if narrow else (count, nominal[0], span(joules["low"], joules["high"], energy), nominal[1])


def _opponents(ledger: dict, narrow: bool) -> Table:
    """Nominal energy of every digital program and its ratio to the chip: the same rule, and backpropagation."""
    same, other = (ledger["opponents"][key] for key in ("digital", "digital_backprop"))
    machine = same[0]["machine"]
    names = ("same rule", "backprop")
    heads = names if narrow else (names[0], "/ chip", names[1], "/ chip")
    title = f"one training on {machine}, nominal, by program (in bold: the best)"
    programs = table(title, "", *heads, whole=heads)
    for label in dict.fromkeys(opponent(row, machine) for row in (*same, *other)):
        cells = []
        for rows in (same, other):
            matching = next((row for row in rows if opponent(row, machine) == label), None)
            cells += _opponent(matching, matching is lowest(rows), narrow)
        programs.add_row(escape(label), *cells)
    return programs


def _opponent(row: dict | None, best: bool, narrow: bool) -> list[str]:
    """Energy of a program and, where there is room, its ratio to the chip; the best one in bold."""
    cells = ["–", "–"] if row is None else [energy(row["energy_joules"]["nominal"]), nominal(row["ratio"])]
    shown = cells[:1] if narrow else cells
    return [f"[bold]{cell}[/bold]" for cell in shown] if best else shown


def _footprint(ledger: dict, narrow: bool) -> Table:
    """Carbon of each machine at every site, and money, which does not depend on the grid."""
    footprints = ledger.get("footprints", [ledger["footprint"]])
    first = footprints[0]["site"]
    grids = [f"{each['site']['title']}: {each['site']['kg_per_kwh']['nominal']:.3g} kg/kWh" for each in footprints]
    title = f"carbon and money, {', '.join(grids)}; PUE {first['pue']['nominal']:g}"
    carbon = ["CO2e"] if len(footprints) == 1 else [f"CO2e, {each['site']['title']}" for each in footprints]
    columns = *carbon, "electricity", "rent", "making, by time"
    costs = table(title, "", *(("nominal",) if narrow else columns))
    for key, name in BILLS.items():
        if key not in footprints[0]:
            continue
        figures = _costs([each[key] for each in footprints])
        if narrow:
            for column, figure in zip(columns, figures, strict=True):
                costs.add_row(f"{name}: {column}", figure)
        else:
            costs.add_row(name, *figures)
    return costs


def _costs(footprints: list[dict]) -> list[str]:
    """A machine's carbon at each site, and its money."""
    rent, embodied = footprints[0]["rent_usd"], footprints[0]["embodied_kilograms"]
    return [
        *(si(1000 * each["carbon_kilograms"]["nominal"], "g") for each in footprints),
        money(footprints[0]["electricity_usd"]["nominal"]),
        "–" if rent is None else money(rent["nominal"]),
        "–" if embodied is None else si(1000 * embodied["nominal"], "g"),
    ]


def _life(console: Console, life: dict) -> None:
    heads = ("training", "inferences", "share of inferences")
    shares = table(f"training and {life['inferences']:,} inferences", "", *heads, whole=heads)
    for key, name in BILLS.items():
        if key in life:
            row = life[key]
            joules = (energy(row[part]["nominal"]) for part in ("training_joules", "inference_joules"))
            shares.add_row(name, *joules, percent(row["inference_share"]["nominal"]))
    console.print(shares)
    if "ratio" in life:
        line(console, f"best digital program / chip energy, whole life: [bold]{ratio(life['ratio'])}[/bold]")
