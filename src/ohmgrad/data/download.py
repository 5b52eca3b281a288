"""Download original files of image sets, with checksums and mirrors. Does not import JAX.

Written with the standard library: pooch, made for this, has no mirrors and needs requests and tqdm; it would bring four
packages and still leave the loop over mirrors to us.
"""

import hashlib
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

from ohmgrad import __version__, files
from ohmgrad.data.sources import File

_TIMEOUT_SECONDS = 30.0
"""Until a server answers, and between two pieces."""
_PIECE_BYTES = 1 << 18


class Unreachable(Exception):
    """A file could not be downloaded from any address; the text gives the reason for each."""


def fetch(title: str, homes: Sequence[str], wanted: Sequence[File], folder: Path) -> None:
    """Download files into a folder, with a progress bar on standard error where that is a terminal.

    Args:
        title: Name of the set, for the progress bar.
        homes: Addresses of folders that hold the files, tried in order.
        wanted: The files, with sizes and checksums.
        folder: Where to write them; files completed before a failure stay.

    Raises:
        Unreachable: where a file cannot be downloaded unaltered from any address.
        InputError: where the folder cannot be written.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    err = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        for file in wanted:
            task = bar.add_task(f"{title}: {file.name}", total=file.size_bytes)
            content = _from_any(homes, file, lambda done, task=task: bar.update(task, completed=done))
            files.make_folder(folder, "the folder for downloads")
            files.write(folder / file.name, content)


def _from_any(homes: Sequence[str], file: File, show: Callable[[int], None]) -> bytes:
    """The file from the first address that sends it unaltered."""
    reasons = []
    for home in homes:
        try:
            content = _received(home + file.name, file.size_bytes, show)
        except (OSError, HTTPException) as error:
            reasons.append(f"{home}{file.name}: {getattr(error, 'reason', None) or error or type(error).__name__}")
            continue
        if len(content) < file.size_bytes:
            reasons.append(f"{home}{file.name}: ended after {len(content)} of {file.size_bytes} bytes")
        elif len(content) > file.size_bytes:
            reasons.append(f"{home}{file.name}: sends more than the {file.size_bytes} bytes expected")
        elif (digest := hashlib.sha256(content).hexdigest()) != file.sha256:
            reasons.append(f"{home}{file.name}: wrong checksum, SHA-256 {digest}, expected {file.sha256}")
        else:
            return content
    raise Unreachable("; ".join(reasons))


def _received(address: str, size_bytes: int, show: Callable[[int], None]) -> bytes:
    """The content at an address, cut off one piece after the expected size, so that it cannot be endless."""
    pieces, done = [], 0
    request = Request(address, headers={"User-Agent": f"ohmgrad/{__version__}"})
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
        while done <= size_bytes and (piece := answer.read(_PIECE_BYTES)):
            pieces.append(piece)
            done += len(piece)
            show(done)
    return b"".join(pieces)
