"""What columns of measured data are called and in which units they stand: the one home of both."""

import re
from typing import NamedTuple

from ohmgrad.errors import InputError

READING = "reading"
"""The quantity of columns that may hold conductances, currents or resistances: their unit says which."""


class Role(NamedTuple):
    """What a column holds, the names it goes by (letters and digits only), and the base unit of its numbers."""

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
    "reading": Role(
        "where a verified write landed", ("reading", "readings", "landed", "achieved", "verified"), READING
    ),
    "read_voltage": Role("voltage of the read", ("readvoltage", "readvolts", "vread"), "V"),
    "voltage": Role("voltage of the pulse", ("voltage", "pulsevoltage", "vpulse", "pulseamplitude"), "V"),
    "width": Role("width of the pulse", ("width", "pulsewidth", "tpulse", "duration"), "s"),
    "cycle": Role("number of the repetition", ("cycle", "repetition", "sweep", "run")),
    "device": Role("device", ("device", "deviceid", "dut", "cell")),
    "ignore": Role("ignored"),
}
POLARITY: dict[str, int] = {**dict.fromkeys((*_UP, "+1", "1", "+"), 1), **dict.fromkeys((*_DOWN, "-1", "-"), -1)}
"""What a polarity is called, in a cell, over a column or in a file's name."""
UP_OR_DOWN = "up/down, set/reset, potentiation/depression, LTP/LTD"


class Unit(NamedTuple):
    """A base unit (S, A, ohm, V, s) and what one of the unit is of it."""

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
    """The unit that a text names; micro may be u or µ, ohm may be Ω; None where it is none."""
    plain = text.strip().replace("µ", "u").replace("μ", "u")
    plain = re.sub(r"(Ω|Ω|Ohms?|OHMS?|ohms)$", "ohm", plain)
    return UNITS.get(plain)


_LONGEST_HEAD = 200
"""Signs over a column up to which a unit is looked for; patterns take time by the square of longer ones."""


def named(head: str) -> tuple[str, str]:
    """The name over a column and the text of its unit, if any: "Iread (A)", "G [uS]", "G/uS", "current_uA"."""
    if len(head) > _LONGEST_HEAD:
        return head, ""
    if match := re.fullmatch(r"(.*?)\s*[(\[]([^)\]]*)[)\]]\s*", head):
        return match[1], match[2]
    if (match := re.fullmatch(r"(.*?)[\s_/]+(\S+)", head)) and unit(match[2]):
        return match[1], match[2]
    return head, ""


def role(name: str) -> str | None:
    """The role that a column's name says, None where it is unknown; a number at its end counts several of a kind."""
    plain = re.sub(r"[\W_]", "", name.lower())
    stem = plain.rstrip("0123456789")
    return next((key for key, each in ROLES.items() if plain in each.names or stem in each.names), None)


def file_polarity(stem: str) -> int | None:
    """The polarity that a file's name says, None where it says none or both."""
    found = {POLARITY[word] for word in re.split(r"[^a-z]+", stem.lower()) if word in POLARITY}
    return found.pop() if len(found) == 1 else None


def declared(texts: tuple[str, ...] | list[str]) -> dict[str, str]:
    """What NAME=ROLE (several: with commas) declare, by name.

    Raises InputError where one is no such pair, or names no role.
    """
    pairs = {}
    for part in (part for text in texts for part in text.split(",")):
        name, equals, given = part.rpartition("=")
        if not equals or not name.strip() or given.strip() not in ROLES:
            raise InputError(f"`columns`: '{part[:40]}'; allowed: NAME=ROLE, ROLE one of {', '.join(ROLES)}")
        pairs[name.strip()] = given.strip()
    return pairs
