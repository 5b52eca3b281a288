"""Files written whole or not at all."""

import os
from pathlib import Path

from ohmgrad.errors import InputError

PARTIAL = ".partial"


def sweep(folder: Path) -> None:
    """Remove what a kill in the middle of `write` may have left behind."""
    for scratch in folder.glob(f".*{PARTIAL}"):
        scratch.unlink(missing_ok=True)


def write(path: Path, content: str | bytes) -> None:
    """Replace a file in one step: a reader, or a kill, finds the old content or the new, never a part.

    Raises InputError where the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    scratch = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written ({error.strerror})") from None
