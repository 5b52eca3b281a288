"""Names and numbers as a reader wants them."""

from collections.abc import Sequence

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
_PREFIXES = (
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
)


def si(value: float, unit: str) -> str:
    """Three digits and an SI prefix: 0.00123 J is 1.23 mJ."""
    if value == 0:
        return f"0 {unit}"
    scale, prefix = next((s, p) for s, p in _PREFIXES if value >= s or s == 1e-15)
    return f"{value / scale:.3g} {prefix}{unit}".rstrip()


def count(value: float) -> str:
    """A large number as it is said: 6.4, 12,000, 1.3 million."""
    rounded = float(f"{value:.2g}")
    if rounded >= 1e6:
        return f"{rounded / 1e6:,g} million"
    return f"{rounded:,g}"


def ratio(bounds: dict[str, float | None]) -> str:
    """Low – nominal – high of a ratio; none is one that divides by 0."""
    values = (bounds[bound] for bound in ("low", "nominal", "high"))
    return " – ".join("unbounded" if value is None else count(value) for value in values)


def nominal(bounds: dict[str, float | None] | None) -> str:
    """The nominal of a ratio; a dash where there is none to be had."""
    if bounds is None:
        return "–"
    return "unbounded" if bounds["nominal"] is None else count(bounds["nominal"])


def capitalized(text: str) -> str:
    """With a capital at its beginning, all else as it is."""
    return text[:1].upper() + text[1:]


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


def energy(joules: float) -> str:
    return si(joules, "J")


def money(usd: float) -> str:
    """Three digits; small amounts in powers of ten."""
    return f"{usd:.3g} USD"


def times(seconds: float) -> str:
    """A duration; a dash where none is counted."""
    return si(seconds, "s") if seconds else "–"


def span(bounds: dict[str, float], unit: str) -> str:
    """Low - high of a range."""
    return f"{si(bounds['low'], unit)} – {si(bounds['high'], unit)}"


def settling(summary: dict) -> str:
    """How far the free phase had settled, on ideal weights and on the crossbar, and what that means."""
    if "settling" not in summary:
        return "one pass, nothing settles"
    moved = {arm: state["largest_change_in_last_sweep"] for arm, state in summary["settling"].items()}
    if not summary["settling"]["ideal"]["settled"]:
        return (
            f"free phase NOT settled: even on ideal weights its last sweep moved a neuron by {moved['ideal']:.2g}; "
            "raise rule.free.sweeps"
        )
    text = f"free phase settled: on ideal weights its last sweep moved a neuron by {moved['ideal']:.1g}"
    if not summary["settling"].get("crossbar", {"settled": True})["settled"]:
        text += f"; on the crossbar, noise and converters keep it moving by {moved['crossbar']:.2g}"
    return text


def chips(summary: dict) -> str:
    """What the numbers of a table are of, and what stands in their brackets."""
    number = len(summary["seeds"])
    of = "one chip" if number == 1 else f"mean of {number} chips"
    return f"{of} [{summary['interval']}]"


def share(estimate: dict[str, float], gap: str = " ") -> str:
    """A share of right answers with its interval."""
    return f"{estimate['mean']:.3f}{gap}[{estimate['low']:.3f}, {estimate['high']:.3f}]"


def percent(estimate: dict[str, float]) -> str:
    """A share with its interval, in percent."""
    mean, low, high = (100 * estimate[part] for part in ("mean", "low", "high"))
    return f"{mean:.2f} [{low:.2f}, {high:.2f}] %"


def differences(summary: dict) -> str:
    """How far the first arm is from every other one at the headline test, answers paired; empty for one arm."""
    first, *others = summary["test_accuracy"]
    found = {each["less"]: each for each in summary["test_difference"] if each["arm"] == first}
    parts = (f"{SHORT[first]} − {SHORT[other]} {_points(found[other])}" for other in others)
    return f"difference in points, answers paired: {'; '.join(parts)}" if others else ""


def _points(estimate: dict[str, float]) -> str:
    mean, low, high = (100 * estimate[part] for part in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"
