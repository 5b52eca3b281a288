"""Names and sentences about a run, the same in the terminal and on its page."""

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
"""Names of the machines of a cost statement."""
RATIOS = (("ratio", "digital", "same training"), ("ratio_backprop", "digital_backprop", "backpropagation"))
"""The ratios of a cost statement: key of the ratio, key of the numerator's bill, name."""
MANY_CLIPPED = 0.02
"""Share of clipped conversions above which a hint about the converters' range is given."""


def opponent(row: dict, machine: str) -> str:
    """Name of an opponent's program, and of its machine, where that is not `machine`."""
    return row["program"] if row["machine"] == machine else f"{row['program']} ({row['machine']})"


def lowest(rows: Sequence[dict]) -> dict:
    """The opponent with the lowest nominal energy."""
    return min(rows, key=lambda row: row["energy_joules"]["nominal"])


def best_alone(ledger: dict) -> str:
    """The best digital program that runs a single training, and its energy, in one sentence."""
    parts = []
    for key, name in (("digital", "same training"), ("digital_backprop", "backpropagation")):
        row = lowest([row for row in ledger["opponents"][key] if row["trainings"] == 1])
        joules = energy(row["energy_joules"]["nominal"])
        times = "" if row["ratio"] is None else f", {ratio(row['ratio'])} times the chip"
        parts.append(f"{name}: {row['program']} on {row['machine']}, {joules}{times}")
    return f"best digital program that runs one training alone: {'; '.join(parts)}"


def equal_accuracy(key: str, row: dict) -> str:
    """Energy at equal accuracy of chip and best digital program, and which never reaches the other's final accuracy.

    Args:
        key: "digital" or "digital_backprop".
        row: The comparison (`ledger.equal`).
    """
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
    """Whether the free phase settled, on ideal weights and on the crossbar, in one sentence."""
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
    """Shares of the training's phases that did not settle, by arm."""
    arms = []
    for arm, state in summary["settling"].items():
        shares = [state[kind] for kind in ("free_unsettled", "pushed_unsettled") if state[kind] is not None]
        arms.append(f"{SHORT[arm]} {' and '.join(map(percent, shares))}")
    return f"phases of the training, free and pushed, that still moved at their end: {', '.join(arms)}"


def origin(summary: dict) -> list[str]:
    """The run that the chips came from, as one sentence; empty where they were new."""
    earlier = summary.get("chips_from")
    if earlier is None:
        return []
    before = f"trained for {earlier['epochs']} epoch(s) before"
    return [f"chips of {earlier['folder']}, {before}; ledger and counts begin here"]


def arrays(summary: dict) -> list[str]:
    """Number of tiles of each layer and share of their cells in use, as one sentence; empty without arrays."""
    if "arrays" not in summary:
        return []
    sizes = summary["arrays"]
    layers = (
        f"layer {number} uses {percent(used)} of the cells of {tiles} tile{'s' if tiles > 1 else ''}"
        for number, (tiles, used) in enumerate(
            zip(sizes["tiles_per_layer"], sizes["used_per_layer"], strict=True), start=1
        )
    )
    return [f"arrays of {sizes['rows']} x {sizes['columns']}: {', '.join(layers)}"]


def failures(summary: dict) -> list[str]:
    """Sentences about divergence, verification, wires and clipping in a training; short where nothing failed."""
    sentences = []
    diverged = {arm: state["diverged"] for arm, state in summary.get("settling", {}).items() if state["diverged"]}
    if diverged:
        arms = ", ".join(f"{SHORT[arm]} {count(n)}" for arm, n in diverged.items())
        sentences.append(f"phases DIVERGED: {arms} a chip")
    if "verification" in summary:
        sentences.append(_verification(**summary["verification"]))
    if "wires" in summary:
        sentences.append(_wires(**summary["wires"]))
    if "clipped_conversions" in summary:
        sentences.append(clipping(summary))
    return sentences


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
    """How many chips the numbers of a table are averaged over, and what the intervals in brackets are."""
    number = len(summary["seeds"])
    of = "one chip" if number == 1 else f"mean of {number} chips"
    return f"{of} [{summary['interval']}]"


def differences(summary: dict) -> str:
    """Paired differences of the first arm's test accuracy from every other one's; empty where there is one arm."""
    first, *others = summary["test_accuracy"]
    by_other = {each["less"]: each for each in summary["test_difference"] if each["arm"] == first}
    parts = (f"{SHORT[first]} − {SHORT[other]} {points(by_other[other])}" for other in others)
    return f"difference in points, answers paired: {'; '.join(parts)}" if others else ""


def clipping(summary: dict) -> str:
    """Share of clipped conversions in the training, by layer, with a hint where these are many."""
    shares = summary["clipped_conversions"]
    layers = ", ".join(f"{100 * share:.2g} % in layer {layer}" for layer, share in enumerate(shares["by_layer"], 1))
    hint = "" if shares["all"] <= MANY_CLIPPED else "; raise the converters' full scale, or set it to auto"
    return f"ADC: {100 * shares['all']:.2g} % of conversions clipped ({layers}){hint}"


def ranges_found(found: dict[str, float | list[float]]) -> str:
    """The ranges that a calibration found, by field, in one line."""
    parts = []
    for field, value in found.items():
        numbers = ", ".join(f"{number:.3g}" for number in (value if isinstance(value, list) else [value]))
        parts.append(f"{field} {numbers}")
    return f"auto: {'; '.join(parts)}"
