"""What was traced before, kept in the user's cache: pricing the same thing again imports no JAX."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import ohmgrad
from ohmgrad import files
from ohmgrad.cost.work import Work
from ohmgrad.counts import Counts, Verb
from ohmgrad.errors import InputError
from ohmgrad.quantity import Range

NAME = "costs.json"
MOST = 64
"""Entries that are kept, the latest ones: some kilobytes each."""


class OnArrays(NamedTuple):
    """What a training of one chip and its answers count on arrays."""

    programming: Counts
    """Of the first weights."""
    learning: Counts
    """One batch of the training."""
    answering: Counts
    """One batch of answers."""
    arrays: int
    """Arrays that the matrices stand on."""
    cells_used: float
    """Share of the cells of these arrays that hold weights; the rest is neither driven nor written, and not priced."""

    def training(self, batches: int) -> Counts:
        """Of a whole training, from the programming of its first weights on."""
        return self.learning.times(float(batches)).plus(self.programming)


class Costs(NamedTuple):
    """What pricing needs to know of a training: all that takes a trace, or the parts of the chip, to tell."""

    learning: Work
    """One batch of the training."""
    answering: Work
    """One batch of answers."""
    baseline: Work
    """One batch of backpropagation through the same layers."""
    on_arrays: OnArrays | None


def kept(asked: Any, work_out: Callable[[], Costs]) -> Costs:
    """What was worked out before for the same `asked` (JSON) by the same sources; else it is now, and kept.

    A cache that is damaged, or cannot be written, is as good as none.
    """
    key, path = _key(asked), files.cache() / NAME
    entries = _entries(path)
    with suppress(KeyError, TypeError, ValueError):
        return _costs(entries[key])
    costs = work_out()
    others = [entry for entry in entries.items() if entry[0] != key]
    with suppress(OSError, InputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, json.dumps(dict([*others[1 - MOST :], (key, costs)])))
    return costs


def _key(asked: Any) -> str:
    """Of what is asked, and of the sources that answer: a changed one answers anew."""
    root = Path(ohmgrad.__file__).parent
    sources = sorted((path.relative_to(root).as_posix(), path.stat()) for path in root.rglob("*.py"))
    stamps = [(name, stamp.st_mtime_ns, stamp.st_size) for name, stamp in sources]
    return hashlib.sha256(json.dumps([ohmgrad.__version__, stamps, asked]).encode()).hexdigest()


def _entries(path: Path) -> dict[str, Any]:
    try:
        found = files.read_json(path, "cache") if path.exists() else {}
    except (InputError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _costs(entry: Any) -> Costs:
    """Raises ValueError or TypeError where an entry is damaged."""
    learning, answering, baseline, on_arrays = entry
    if on_arrays is not None:
        programming, trained, answered, arrays, used = on_arrays
        on_arrays = OnArrays(_counts(programming), _counts(trained), _counts(answered), int(arrays), float(used))
    return Costs(_work(learning), _work(answering), _work(baseline), on_arrays)


def _work(entry: Any) -> Work:
    verbs, updates, phases, inputs, outputs = entry
    return Work(tuple(map(_verb, verbs)), float(updates), float(phases), float(inputs), float(outputs))


def _verb(entry: Any) -> Verb:
    kind, rows, columns, vectors, times, digital = entry
    return Verb(kind, int(rows), int(columns), int(vectors), float(times), bool(digital))


def _counts(entry: Any) -> Counts:
    return Counts(*map(_count, entry))


def _count(entry: Any) -> Range | float:
    if not isinstance(entry, list):
        return float(entry)
    low, nominal, high = map(float, entry)
    return Range(low, nominal, high)
