"""Format numbers for people, the same in the terminal and on every page."""

import math
from collections.abc import Callable, Mapping
from typing import Any

UNBOUNDED = "unbounded"
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
    """Three digits with an SI prefix: 0.00123 J becomes 1.23 mJ."""
    if value == 0:
        return f"0 {unit}"
    scale, prefix = next((s, p) for s, p in _PREFIXES if value >= s or s == 1e-15)
    return f"{value / scale:.3g} {prefix}{unit}".rstrip()


def energy(joules: float) -> str:
    """Joules with an SI prefix: 1.23 mJ."""
    return si(joules, "J")


def money(usd: float) -> str:
    """US dollars with three digits; small amounts in powers of ten."""
    return f"{usd:.3g} USD"


def duration(seconds: float) -> str:
    """Seconds with an SI prefix; a dash for 0."""
    return si(seconds, "s") if seconds else "–"


def number(value: float | None) -> str:
    """Two or three digits: 0.0933, 10.7, 1,680, 2.1e26; "unbounded" for None."""
    if value is None:
        return UNBOUNDED
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def count(value: float) -> str:
    """Two digits, as one would say them: 6.4, 12,000, 1.3 million."""
    rounded = float(f"{value:.2g}")
    if rounded >= 1e6:
        return f"{rounded / 1e6:,g} million"
    return f"{rounded:,g}"


def percent(share: float) -> str:
    """A share in percent: 0.0312 becomes 3.12 %."""
    return f"{100 * share:.3g} %"


def span(low: float | None, high: float | None, say: Callable[[Any], str] = number) -> str:
    """A span "low – high", each formatted by `say`; "unbounded" where both are None."""
    return UNBOUNDED if low is None and high is None else f"{say(low)} – {say(high)}"


def ratio(bounds: Mapping[str, float | None]) -> str:
    """A ratio as "low – nominal – high"; "unbounded" for a bound of None, which divides by 0."""
    return " – ".join(_times(bounds[bound]) for bound in ("low", "nominal", "high"))


def nominal(bounds: Mapping[str, float | None] | None) -> str:
    """The nominal value of a ratio; a dash where there is no ratio."""
    return "–" if bounds is None else _times(bounds["nominal"])


def _times(value: float | None) -> str:
    return UNBOUNDED if value is None else count(value)


def share(estimate: Mapping[str, Any], gap: str = " ") -> str:
    """A share with its interval: 0.973 [0.961, 0.982]; `gap` separates the two."""
    return _with_interval(estimate, 1.0, ".3f", gap)


def percentage(estimate: Mapping[str, Any]) -> str:
    """A share with its interval in percent: 97.30 [96.10, 98.20] %."""
    return f"{_with_interval(estimate, 100.0, '.2f')} %"


def points(estimate: Mapping[str, Any]) -> str:
    """A difference of shares with its interval in percentage points: +1.3 [-0.2, +2.8]."""
    return _with_interval(estimate, 100.0, "+.1f")


def _with_interval(estimate: Mapping[str, Any], scale: float, form: str, gap: str = " ") -> str:
    mean, low, high = (f"{scale * estimate[part]:{form}}" for part in ("mean", "low", "high"))
    return f"{mean}{gap}[{low}, {high}]"


def capitalized(text: str) -> str:
    """The text with its first letter in upper case, the rest unchanged."""
    return text[:1].upper() + text[1:]
