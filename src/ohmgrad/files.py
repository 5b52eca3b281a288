"""Users' files: read only where they are files of a sensible size, written whole or not at all."""

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
"""Most that a YAML file, which people write, may have; the largest shipped one has a fiftieth of it."""
TABLE_BYTES = 5 * 10**7
"""Most that a table of measurements, of models or of code words, or what a run says of itself, may have."""
IMAGES_BYTES = 10**9
"""Most that a file of images may have, packed or unpacked; the largest published set (SVHN) has a third of it."""
METRICS_BYTES = 10**9
"""Most that a run's metrics.csv may have: a row for each chip, arm and epoch."""
TENSORS_BYTES = 10**11
"""Most that the weights or the checkpoint of a run may have."""
_PIECE_BYTES = 1 << 20
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def exists(path: Path) -> bool:
    """Whether there is anything at a path; False as well for a path that cannot be (too long, a circle of links)."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def at_home(path: Path) -> Path:
    """A path with ~ replaced by the user's home; as it is where there is none, of which Path.expanduser fails."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def cache() -> Path:
    """The user's folder for what ohmgrad can make, or fetch, again: ohmgrad in $XDG_CACHE_HOME or ~/.cache."""
    return at_home(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "ohmgrad"


_noted: ContextVar[set[Path] | None] = ContextVar("_noted", default=None)


@contextmanager
def noted() -> Iterator[set[Path]]:
    """The files of the user's that are read from here on, to tell later whether any has changed."""
    found: set[Path] = set()
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note(path: Path) -> None:
    """Tell of a file of the user's that somebody else reads: a module of his own."""
    found = _noted.get()
    if found is not None:
        found.add(path)


@contextmanager
def opened(path: Path, what: str, most: int) -> Iterator[BinaryIO]:
    """A user's file, open for reading.

    Args:
        path: Of the file; links are followed.
        what: Names the field in errors.
        most: Bytes that a file of its kind may have.

    Raises InputError where it is no regular file (a pipe would wait, a device may never end), is larger, or cannot be
    read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{what}: {path} cannot be read (it is {_kind(found.st_mode)}; needed: a file)")
        if found.st_size > most:
            raise _too_large(path, what, most)
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: {path} cannot be read ({_reason(error)})") from None
    note(path)
    with file:
        yield file


def read_bytes(path: Path, what: str, most: int) -> bytes:
    """The content of a user's file. Raises InputError as `opened` does."""
    with opened(path, what, most) as file:
        content = bytearray()
        try:
            while piece := file.read(_PIECE_BYTES):
                content += piece
                if len(content) > most:  # some files, as those of /proc, do not tell their size
                    raise _too_large(path, what, most)
        except OSError as error:
            raise InputError(f"{what}: {path} cannot be read ({_reason(error)})") from None
    return bytes(content)


def read(path: Path, what: str, most: int) -> str:
    """The text of a user's file, with or without a byte order mark. Raises InputError as `opened` does."""
    content = read_bytes(path, what, most)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(f"{what}: {path} cannot be read (it is not UTF-8 text in row {row})") from None


def read_rows(path: Path, what: str) -> list[dict[str, str]]:
    """The rows of a run's metrics.csv by the names of its columns. Raises InputError where it is no such table."""
    try:
        return list(csv.DictReader(read(path, what, METRICS_BYTES).splitlines()))
    except csv.Error as error:
        raise InputError(f"{what}: {path} is not a table ({error})") from None


def read_json(path: Path, what: str) -> Any:
    """What a JSON file of a run says, its largest numbers as floats. Raises InputError where it is none."""
    text = read(path, what, TABLE_BYTES)
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 19 else float(digits))
    except RecursionError:
        raise InputError(f"{what}: {path} is not JSON (nested too deeply)") from None
    except ValueError as error:
        raise InputError(f"{what}: {path} is not JSON ({error})") from None


def read_tensors(path: Path, what: str) -> dict[str, Any]:
    """The tensors of a run's safetensors file by name. Raises InputError where it is none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    with opened(path, what, TENSORS_BYTES):
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise InputError(f"{what}: {path} is not a file of tensors ({error})") from None


def sweep(folder: Path) -> None:
    """Remove what a kill in the middle of `write` may have left behind."""
    for scratch in folder.glob(f".*{PARTIAL}"):
        scratch.unlink(missing_ok=True)


def make_folder(path: Path, what: str) -> None:
    """Make a folder, and those that it lies in, unless it is there.

    Raises InputError, `what` naming the field, where it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{what} {path} cannot be created ({_reason(error)})") from None


def check_target(path: Path, what: str) -> None:
    """Raises InputError, `what` naming the field, where `write` could not write."""
    if why_not := _unwritable(path):
        raise InputError(f"{what}: {path} cannot be written ({why_not})")


def write(path: Path, content: str | bytes) -> None:
    """Replace a file in one step: a reader, or a kill, finds the old content or the new, never a part.

    Links are followed; pipes and devices such as /dev/stdout take the content as they are. Raises InputError where it
    cannot be written.
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
    """Why a path cannot be written: no folder for it to lie in, or something there that is no file, pipe or device."""
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
    """Opens what is there for writing; fails at once where nobody reads a pipe."""
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK)


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def _reason(error: OSError | ValueError) -> str:
    """Why a path cannot be used; a ValueError is of characters that none may have."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "no path may have such characters"


def _too_large(path: Path, what: str, most: int) -> InputError:
    return InputError(f"{what}: {path} cannot be read (it is too large; allowed: up to {most / 1e6:g} MB)")
