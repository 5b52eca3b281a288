"""Read users' files with a limit on their size, and write files atomically."""

import csv
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

from ohmgrad.errors import InputError

PARTIAL = ".partial"
RECORD_BYTES = 10**6
"""Largest size of a YAML file, which people write; fifty times the largest shipped one."""
TABLE_BYTES = 5 * 10**7
"""Largest size of a table of measurements, models or code words, or of a JSON file of a run."""
IMAGES_BYTES = 10**9
"""Largest size of a file of images, packed or unpacked; three times the largest published set (SVHN)."""
METRICS_BYTES = 10**9
"""Largest size of a run's metrics.csv, which has a row for each chip, arm and epoch."""
TENSORS_BYTES = 10**11
"""Largest size of the weights or the checkpoint of a run."""
_PIECE_BYTES = 1 << 20
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def exists(path: Path) -> bool:
    """Whether anything exists at a path; False also for an impossible path (too long, a circle of links)."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def at_home(path: Path) -> Path:
    """The path with ~ replaced by the user's home; unchanged where there is no home, where Path.expanduser fails."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def cache() -> Path:
    """Folder for files that can be made or downloaded again: ohmgrad in $XDG_CACHE_HOME or ~/.cache."""
    return at_home(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "ohmgrad"


_noted: ContextVar[set[Path] | None] = ContextVar("_noted", default=None)


@contextmanager
def noted() -> Iterator[set[Path]]:
    """A context that collects the paths of all users' files read in it, to check later whether any has changed."""
    paths: set[Path] = set()
    token = _noted.set(paths)
    try:
        yield paths
    finally:
        _noted.reset(token)


def note(path: Path) -> None:
    """Add a path to those that `noted` collects, of a file that is read otherwise, such as a user's module."""
    paths = _noted.get()
    if paths is not None:
        paths.add(path)


@contextmanager
def opened(path: Path, what: str, max_bytes: int) -> Iterator[BinaryIO]:
    """Open a user's file for reading, as a context.

    Args:
        path: Path of the file; links are followed.
        what: Name of the field, for messages.
        max_bytes: Largest size of the file.

    Raises:
        InputError: where it is not a regular file (a pipe would wait, a device may never end), is larger, or cannot be
            read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{what}: {path} cannot be read (it is {_kind(status.st_mode)}; needed: a file)")
        if status.st_size > max_bytes:
            raise _too_large(path, what, max_bytes)
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: {path} cannot be read ({_reason(error)})") from None
    note(path)
    with file:
        yield file


def read_bytes(path: Path, what: str, max_bytes: int) -> bytes:
    """The content of a user's file; arguments and errors as of `opened`."""
    with opened(path, what, max_bytes) as file:
        content = bytearray()
        try:
            while piece := file.read(_PIECE_BYTES):
                content += piece
                if len(content) > max_bytes:  # some files, such as those of /proc, report no size
                    raise _too_large(path, what, max_bytes)
        except OSError as error:
            raise InputError(f"{what}: {path} cannot be read ({_reason(error)})") from None
    return bytes(content)


def read(path: Path, what: str, max_bytes: int) -> str:
    """The text of a user's UTF-8 file, with or without a byte order mark; lines end in "\\n".

    Arguments and errors as of `opened`; also InputError where the file is not UTF-8.
    """
    content = read_bytes(path, what, max_bytes)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(f"{what}: {path} cannot be read (it is not UTF-8 text in row {row})") from None


def read_rows(path: Path, what: str) -> list[dict[str, str]]:
    """Read the rows of a run's metrics.csv, as dicts by column name.

    Raises:
        InputError: where it cannot be read, or is not a table; `what` names it.
    """
    try:
        return list(csv.DictReader(read(path, what, METRICS_BYTES).splitlines()))
    except csv.Error as error:
        raise InputError(f"{what}: {path} is not a table ({error})") from None


def read_json(path: Path, what: str) -> Any:
    """Read a JSON file of a run; integers of 19 digits or more become floats.

    Raises:
        InputError: where it cannot be read, or is not JSON; `what` names it.
    """
    text = read(path, what, TABLE_BYTES)
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 19 else float(digits))
    except RecursionError:
        raise InputError(f"{what}: {path} is not JSON (nested too deeply)") from None
    except ValueError as error:
        raise InputError(f"{what}: {path} is not JSON ({error})") from None


def read_tensors(path: Path, what: str) -> dict[str, Any]:
    """Read the tensors of a run's safetensors file, by name.

    Raises:
        InputError: where it cannot be read, or is not such a file; `what` names it.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    with opened(path, what, TENSORS_BYTES):
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise InputError(f"{what}: {path} is not a file of tensors ({error})") from None


def sweep(folder: Path) -> None:
    """Remove temporary files that an interrupted `write` may have left in a folder."""
    for scratch in folder.glob(f".*{PARTIAL}"):
        scratch.unlink(missing_ok=True)


def make_folder(path: Path, what: str) -> None:
    """Create a folder and its parents, where they do not exist.

    Raises:
        InputError: where it cannot be created; `what` names it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{what} {path} cannot be created ({_reason(error)})") from None


def check_target(path: Path, what: str) -> None:
    """Check that `write` can write to a path.

    Raises:
        InputError: where it cannot; `what` names the field.
    """
    if why_not := _unwritable(path):
        raise InputError(f"{what}: {path} cannot be written ({why_not})")


def write(path: Path, content: str | bytes) -> None:
    """Write a file atomically: readers see the old or the new content, even where the write is interrupted.

    Links are followed; pipes and devices such as /dev/stdout are written to directly.

    Raises:
        InputError: where the path cannot be written.
    """
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    if why_not := _unwritable(path):
        raise InputError(f"{path} cannot be written ({why_not})")
    try:
        if path.is_file() or not path.exists():
            _replace(Path(os.path.realpath(path)), data)
        else:
            with open(path, "wb", opener=_present) as device:
                os.set_blocking(device.fileno(), True)
                device.write(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({_reason(error)})") from None


def _unwritable(path: Path) -> str | None:
    """Why a path cannot be written: its folder does not exist, or it is not a file, pipe or device."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return None if path.parent.is_dir() else f"there is no folder {path.parent}"
    except (OSError, ValueError) as error:
        return _reason(error)
    if any(takes_bytes(kind) for takes_bytes in (stat.S_ISREG, stat.S_ISFIFO, stat.S_ISCHR)):
        return None
    return f"it is {_kind(kind)}; needed: a file"


def _replace(path: Path, data: bytes) -> None:
    scratch = path.with_name(f".{path.name[:40]}.{os.getpid()}{PARTIAL}")
    try:
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):  # where there was no file, or the file system knows no permissions
            scratch.chmod(stat.S_IMODE(path.stat().st_mode))
        scratch.replace(path)
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _present(path: str, _: int) -> int:
    """Open an existing path for writing; fails at once for a pipe without a reader."""
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK)


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def _reason(error: OSError | ValueError) -> str:
    """Why a path cannot be used; a ValueError means invalid characters in it."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "no path may have such characters"


def _too_large(path: Path, what: str, max_bytes: int) -> InputError:
    return InputError(f"{what}: {path} cannot be read (it is too large; allowed: up to {max_bytes / 1e6:g} MB)")
