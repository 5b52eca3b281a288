"""Names and numbers as a reader wants them."""

ARMS = {
    "crossbar": "crossbar",
    "ideal": "same rule, ideal weights",
    "backprop": "backpropagation, ideal weights",
    "best_decoder": "best possible decoder",
}
SHORT = {"crossbar": "crossbar", "ideal": "ideal weights", "backprop": "backprop", "best_decoder": "best decoder"}
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def si(value: float, unit: str) -> str:
    """Three digits and an SI prefix: 0.00123 J is 1.23 mJ."""
    if value == 0:
        return f"0 {unit}"
    scale, prefix = next((s, p) for s, p in _PREFIXES if value >= s or s == 1e-12)
    return f"{value / scale:.3g} {prefix}{unit}".rstrip()


def energy(joules: float) -> str:
    return si(joules, "J")


def times(seconds: float) -> str:
    return si(seconds, "s")


def span(bounds: dict[str, float], unit: str) -> str:
    """Low - high of a range."""
    return f"{si(bounds['low'], unit)} - {si(bounds['high'], unit)}"
