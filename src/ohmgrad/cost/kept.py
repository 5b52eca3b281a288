"""Statements that were worked out before, kept in the user's cache: pricing the same thing again imports no JAX."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ohmgrad
from ohmgrad import files
from ohmgrad.errors import InputError

NAME = "costs.json"
MOST = 64
"""Entries that are kept, the latest ones: some kilobytes each."""
_SOURCES = (".py", ".yaml", ".csv", ".txt")


def kept(asked: Any, work_out: Callable[[], dict]) -> dict:
    """What was worked out before for the same `asked`, by the same sources and from the same files of the user's; else
    it is worked out now, and kept.

    A cache that is damaged, or cannot be written, is as good as none.

    Args:
        asked: All that the result depends on, but for what stands in files: JSON.
        work_out: Makes the result, which JSON can hold.
    """
    key, path = _key(asked), files.cache() / NAME
    entries = _entries(path)
    entry = entries.pop(key, None)
    with suppress(AttributeError, KeyError, TypeError, ValueError, OSError):
        unchanged = all(_stamp(Path(name)) == stamp for name, stamp in entry["files"].items())
        if unchanged and isinstance(entry["made"], dict):
            return entry["made"]
    with files.noted() as read:
        made = json.loads(json.dumps(work_out()))
    entry = {"files": {str(each.absolute()): _stamp(each) for each in read}, "made": made}
    with suppress(OSError, InputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, json.dumps(dict([*entries.items(), (key, entry)][-MOST:])))
    return made


def _key(asked: Any) -> str:
    """Of what is asked, where, and of the sources that answer: a changed one answers anew."""
    root = Path(ohmgrad.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in _SOURCES)
    stamps = [(path.relative_to(root).as_posix(), _stamp(path)) for path in sources]
    return hashlib.sha256(json.dumps([ohmgrad.__version__, str(Path.cwd()), stamps, asked]).encode()).hexdigest()


def _stamp(path: Path) -> str:
    """When a file was last changed, to the nanosecond, and its size."""
    found = path.stat()
    return f"{found.st_mtime_ns} {found.st_size}"


def _entries(path: Path) -> dict[str, Any]:
    try:
        found = files.read_json(path, "cache") if path.exists() else {}
    except (InputError, OSError):
        return {}
    return found if isinstance(found, dict) else {}
