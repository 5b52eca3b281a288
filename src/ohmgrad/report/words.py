"""Names and sentences about a run, in the terminal and on its page alike."""

from collections.abc import Sequence

from ohmgrad.report.numbers import count, energy, percent, points, ratio

ARMS = {
    "crossbar": "crossbar",
    "ideal": "same rule, ideal weights",
    "backprop": "backpropagation, ideal weights",
    "best_decoder": "best possible decoder",
}
SHORT = {"crossbar": "crossbar", "ideal": "ideal weights", "backprop": "backprop", "best_decoder": "best decoder"}
BILLS = {
    "chip": "chip, total",
    "digital": "best digital, same rule",
    "digital_backprop": "best digital, backprop",
}
"""The machines of a ledger."""
RATIOS = (("ratio", "digital", "same training"), ("ratio_backprop", "digital_backprop", "backpropagation"))
"""The ratios of a ledger: its key, that of the bill above the line, what is compared."""
MANY_CLIPPED = 0.02
"""Share of conversions above which a reader is told to look at the converters' range."""


def opponent(row: dict, machine: str) -> str:
    """A program by its name, and its machine where it is not the `machine` of most."""
    return row["program"] if row["machine"] == machine else f"{row['program']} ({row['machine']})"


def lowest(rows: Sequence[dict]) -> dict:
    """The opponent of the lowest nominal energy."""
    return min(rows, key=lambda row: row["energy_joules"]["nominal"])


def best_alone(ledger: dict) -> str:
    """Which program is the best of those that run one training alone, and what it takes."""
    parts = []
    for key, name in (("digital", "same training"), ("digital_backprop", "backpropagation")):
        row = lowest([row for row in ledger["opponents"][key] if row["trainings"] == 1])
        joules = energy(row["energy_joules"]["nominal"])
        times = "" if row["ratio"] is None else f", {ratio(row['ratio'])} times the chip"
        parts.append(f"{name}: {row['program']} on {row['machine']}, {joules}{times}")
    return f"best digital program that runs one training alone: {'; '.join(parts)}"


def equal_accuracy(key: str, row: dict) -> str:
    """What a chip and the best digital program take until both are equally good, and who never gets where the other
    ends."""
    name = "the same rule" if key == "digital" else "backpropagation"
    chip, digital = row["chip_ends_at"], row["digital_ends_at"]
    ahead = "" if chip == digital else f"; {name if digital > chip else 'the chip'} ends at {max(chip, digital):.3f}, "
    behind = "" if not ahead else f"which {'the chip' if digital > chip else name} never reached"
    return (
        f"until both answer {row['accuracy']:.3f} right: chip {energy(row['chip_energy_joules']['nominal'])} in "
        f"{row['chip_epochs']} of {row['epochs']} epochs, {name} by the best digital program "
        f"{energy(row['digital_energy_joules']['nominal'])} in {row['digital_epochs']}: "
        f"{ratio(row['ratio'])} times the chip{ahead}{behind}"
    )


def samples(summary: dict) -> str:
    """What chips were tested on: words, images, or the samples of a task of the user's own."""
    return "words" if "headline_flips" in summary else "images" if "confusion" in summary else "samples"


def settling(summary: dict) -> str:
    """How far the free phase had settled, on ideal weights and on the crossbar, and what that means."""
    if "settling" not in summary:
        return "one pass, nothing settles"
    moved = {arm: state["largest_change_in_last_sweep"] for arm, state in summary["settling"].items()}
    if not summary["settling"]["ideal"]["settled"]:
        return (
            f"free phase NOT settled: even on ideal weights its last sweep moved a neuron by {moved['ideal']:.2g}; "
            f"raise rule.free.sweeps; {_unsettled(summary)}"
        )
    text = f"free phase settled: on ideal weights its last sweep moved a neuron by {moved['ideal']:.1g}"
    if not summary["settling"].get("crossbar", {"settled": True})["settled"]:
        text += f"; on the crossbar, noise and converters keep it moving by {moved['crossbar']:.2g}"
    return f"{text}; {_unsettled(summary)}"


def _unsettled(summary: dict) -> str:
    """Phases of the training that had not come to rest."""
    arms = []
    for arm, state in summary["settling"].items():
        shares = [state[kind] for kind in ("free_unsettled", "pushed_unsettled") if state[kind] is not None]
        arms.append(f"{SHORT[arm]} {' and '.join(map(percent, shares))}")
    return f"phases of the training, free and pushed, that still moved at their end: {', '.join(arms)}"


def origin(summary: dict) -> list[str]:
    """Where the chips came from, one sentence; none where they were new."""
    found = summary.get("chips_from")
    if found is None:
        return []
    return [f"chips of {found['folder']}, trained for {found['epochs']} epoch(s) before; ledger and counts begin here"]


def arrays(summary: dict) -> list[str]:
    """On how many tiles each layer lies and how far it fills them, one sentence; none where there are no arrays."""
    if "arrays" not in summary:
        return []
    found = summary["arrays"]
    layers = (
        f"layer {number} uses {percent(used)} of the cells of {tiles} tile{'s' if tiles > 1 else ''}"
        for number, (tiles, used) in enumerate(
            zip(found["tiles_per_layer"], found["used_per_layer"], strict=True), start=1
        )
    )
    return [f"arrays of {found['rows']} x {found['columns']}: {', '.join(layers)}"]


def failures(summary: dict) -> list[str]:
    """What of a training did not do what it should, one sentence each; what went well in as few words as possible."""
    said = []
    diverged = {arm: state["diverged"] for arm, state in summary.get("settling", {}).items() if state["diverged"]}
    if diverged:
        said.append(f"phases DIVERGED: {', '.join(f'{SHORT[arm]} {count(n)}' for arm, n in diverged.items())} a chip")
    if "verification" in summary:
        said.append(_verification(**summary["verification"]))
    if "wires" in summary:
        said.append(_wires(**summary["wires"]))
    if "clipped_conversions" in summary:
        said.append(clipping(summary))
    return said


def _verification(cells_per_layer: list[int], failed_per_layer: list[float], training_failed: float) -> str:
    before = f"while training {percent(training_failed)} of the verified writes ended off their goal"
    if not any(failed_per_layer):
        return f"all cells verified at the end; {before}" if training_failed else "all cells verified"
    layers = zip(failed_per_layer, cells_per_layer, strict=True)
    shares = (
        f"layer {number} {percent(failed / cells)} ({count(failed)} of {cells:,})"
        for number, (failed, cells) in enumerate(layers, start=1)
    )
    return f"cells that FAILED TO VERIFY at the end, mean of all chips: {', '.join(shares)}; {before}"


def _wires(residual_per_layer: list[float], tolerance: float, within_tolerance: bool) -> str:
    worst = f"{max(residual_per_layer):.1g}"
    if within_tolerance:
        return f"wires solved: no solution of the training missed Kirchhoff's laws by more than {worst}"
    layers = (
        f"layer {number} {residual:.1g}"
        for number, residual in enumerate(residual_per_layer, start=1)
        if not residual <= tolerance
    )
    return f"wires NOT SOLVED within {tolerance:g}: largest residual of the training in {', '.join(layers)}"


def chips(summary: dict) -> str:
    """What the numbers of a table are of, and what stands in their brackets."""
    number = len(summary["seeds"])
    of = "one chip" if number == 1 else f"mean of {number} chips"
    return f"{of} [{summary['interval']}]"


def differences(summary: dict) -> str:
    """How far the first arm is from every other one at the headline test, answers paired; empty for one arm."""
    first, *others = summary["test_accuracy"]
    found = {each["less"]: each for each in summary["test_difference"] if each["arm"] == first}
    parts = (f"{SHORT[first]} − {SHORT[other]} {points(found[other])}" for other in others)
    return f"difference in points, answers paired: {'; '.join(parts)}" if others else ""


def clipping(summary: dict) -> str:
    """How many conversions of the training clipped, layer by layer, and what to do where these are many."""
    shares = summary["clipped_conversions"]
    layers = ", ".join(f"{100 * share:.2g} % in layer {layer}" for layer, share in enumerate(shares["by_layer"], 1))
    hint = "" if shares["all"] <= MANY_CLIPPED else "; raise the converters' full scale, or set it to auto"
    return f"ADC: {100 * shares['all']:.2g} % of conversions clipped ({layers}){hint}"


def ranges_found(found: dict[str, float | list[float]]) -> str:
    """Ranges by the names of their fields, in one line."""
    told = []
    for field, value in found.items():
        numbers = ", ".join(f"{number:.3g}" for number in (value if isinstance(value, list) else [value]))
        told.append(f"{field} {numbers}")
    return f"auto: {'; '.join(told)}"
