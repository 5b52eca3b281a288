"""Names and units of columns of measured data."""

import re
from typing import NamedTuple

from ohmgrad.errors import InputError

READING = "reading"
"""The quantity of columns that may hold conductances, currents or resistances, depending on their unit."""


class Role(NamedTuple):
    """A kind of column: what it holds, the names it is recognised by (letters and digits only), and its base unit."""

    holds: str
    names: tuple[str, ...] = ()
    quantity: str = ""


_UP: tuple[str, ...] = ("up", "set", "potentiation", "potentiating", "ltp", "increase", "increasing")
_DOWN: tuple[str, ...] = ("down", "reset", "depression", "depressing", "ltd", "decrease", "decreasing")
ROLES = {
    "pulse": Role("number of the pulse", ("pulse", "pulses", "pulsenumber", "pulseno", "pulseindex", "n")),
    "polarity": Role("polarity of the pulse", ("polarity", "direction")),
    "conductance": Role("conductance after each pulse", ("conductance", "g", "gread", "readconductance"), "S"),
    "current": Role("current after each pulse", ("current", "i", "iread", "readcurrent"), "A"),
    "resistance": Role("resistance after each pulse", ("resistance", "r", "rread", "readresistance"), "ohm"),
    "up": Role("readings after up pulses", _UP, READING),
    "down": Role("readings after down pulses", _DOWN, READING),
    "target": Role("target of a verified write", ("target", "goal", "gtarget", "targetconductance"), READING),
    "reading": Role("result of a verified write", ("reading", "readings", "landed", "achieved", "verified"), READING),
    "read_voltage": Role("voltage of the read", ("readvoltage", "readvolts", "vread"), "V"),
    "voltage": Role("voltage of the pulse", ("voltage", "pulsevoltage", "vpulse", "pulseamplitude"), "V"),
    "width": Role("width of the pulse", ("width", "pulsewidth", "tpulse", "duration"), "s"),
    "cycle": Role("number of the repetition", ("cycle", "repetition", "sweep", "run")),
    "device": Role("device", ("device", "deviceid", "dut", "cell")),
    "ignore": Role("ignored"),
}
POLARITY: dict[str, int] = {**dict.fromkeys((*_UP, "+1", "1", "+"), 1), **dict.fromkeys((*_DOWN, "-1", "-"), -1)}
"""Names of the polarities, as cells, column names and file names use them."""
UP_OR_DOWN = "up/down, set/reset, potentiation/depression, LTP/LTD"


class Unit(NamedTuple):
    """A unit: its base unit (S, A, ohm, V, s), and its size in base units."""

    base: str
    factor: float


_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "k": 1e3, "M": 1e6, "G": 1e9}
_SCALES = {"S": ("", "m", "u", "n"), "A": ("", "m", "u", "n", "p"), "ohm": ("", "k", "M", "G"), "V": ("", "m")}
UNITS = {
    prefix + base: Unit(base, _PREFIXES[prefix])
    for base, prefixes in (_SCALES | {"s": ("", "m", "u", "n")}).items()
    for prefix in prefixes
}
READING_UNITS = tuple(name for name, unit in UNITS.items() if unit.base in ("S", "A", "ohm"))


def unit(text: str) -> Unit | None:
    """Parse a unit; micro may be written u or µ, ohm may be Ω. None where the text is not a known unit."""
    plain = text.strip().replace("µ", "u").replace("μ", "u")
    plain = re.sub(r"(Ω|Ω|Ohms?|OHMS?|ohms)$", "ohm", plain)
    return UNITS.get(plain)


_LONGEST_HEAD = 200
"""Longest column name that is searched for a unit; the patterns take quadratic time."""


def named(head: str) -> tuple[str, str]:
    """Split a column's head into name and unit, if any: "Iread (A)", "G [uS]", "G/uS", "current_uA"."""
    if len(head) > _LONGEST_HEAD:
        return head, ""
    if match := re.fullmatch(r"(.*?)\s*[(\[]([^)\]]*)[)\]]\s*", head):
        return match[1], match[2]
    if (match := re.fullmatch(r"(.*?)[\s_/]+(\S+)", head)) and unit(match[2]):
        return match[1], match[2]
    return head, ""


def role(name: str) -> str | None:
    """The role of a column by its name, ignoring a number at its end; None where the name is unknown."""
    plain = re.sub(r"[\W_]", "", name.lower())
    stem = plain.rstrip("0123456789")
    return next((key for key, each in ROLES.items() if plain in each.names or stem in each.names), None)


def file_polarity(stem: str) -> int | None:
    """The polarity that a file's name contains; None where it contains none or both."""
    polarities = {POLARITY[word] for word in re.split(r"[^a-z]+", stem.lower()) if word in POLARITY}
    return polarities.pop() if len(polarities) == 1 else None


def declared(texts: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Parse declarations NAME=ROLE, several in one text separated by commas, into roles by name.

    Raises:
        InputError: where one is not such a pair, or its role is unknown.
    """
    pairs = {}
    for part in (part for text in texts for part in text.split(",")):
        name, equals, given = part.rpartition("=")
        if not equals or not name.strip() or given.strip() not in ROLES:
            raise InputError(f"`columns`: '{part[:40]}'; allowed: NAME=ROLE, ROLE one of {', '.join(ROLES)}")
        pairs[name.strip()] = given.strip()
    return pairs
