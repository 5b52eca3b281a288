"""A cache of priced statements in the user's cache folder, so that pricing them again does not import JAX."""

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
"""Maximal number of entries (some kilobytes each); the oldest are dropped."""
_SOURCES = (".py", ".yaml", ".csv", ".txt")


def kept(asked: Any, work_out: Callable[[], dict]) -> dict:
    """Return the cached result of a computation, or compute and cache it.

    A cached result is used only if neither ohmgrad's sources nor the files read by the computation have changed. A
    cache that is damaged or cannot be written is ignored.

    Args:
        asked: All inputs of the computation except the content of files, as JSON.
        work_out: The computation; its result must be representable as JSON.
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
    """SHA-256 of the inputs, the current folder, and ohmgrad's version and sources."""
    root = Path(ohmgrad.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in _SOURCES)
    stamps = [(path.relative_to(root).as_posix(), _stamp(path)) for path in sources]
    return hashlib.sha256(json.dumps([ohmgrad.__version__, str(Path.cwd()), stamps, asked]).encode()).hexdigest()


def _stamp(path: Path) -> str:
    """Modification time in nanoseconds and size in bytes of a file."""
    found = path.stat()
    return f"{found.st_mtime_ns} {found.st_size}"


def _entries(path: Path) -> dict[str, Any]:
    try:
        found = files.read_json(path, "cache") if path.exists() else {}
    except (InputError, OSError):
        return {}
    return found if isinstance(found, dict) else {}
