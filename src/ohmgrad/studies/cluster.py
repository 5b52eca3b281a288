"""Runs a study on a Ray cluster: each piece is a task; results travel back and are saved by this process."""

import socket
from pathlib import Path
from typing import Any

from ohmgrad.errors import InputError
from ohmgrad.studies.cells import some
from ohmgrad.studies.execute import Planned, Watch
from ohmgrad.studies.schema import of_text
from ohmgrad.studies.store import Results, Row, Store

_RETRIES = 3
"""How often a task is started again whose worker died."""


def run(planned: Planned, folder: Path, address: str, watch: Watch = lambda *_: None) -> int:
    """Train everything that is missing on a Ray cluster, one core per piece.

    The workers need the same version of ohmgrad and, for data that are read from files, the same paths.

    Args:
        planned: The plan, from `execute.begin`.
        folder: The study's folder, on this machine.
        address: Address of the cluster, or "auto": the running one, else one that is started on this machine.
        watch: Callback for progress.

    Returns:
        Number of epoch programs that the workers compiled or loaded.

    Raises:
        InputError: if Ray is missing, or there is no such cluster.
    """
    ray = _connected(address)
    store, text = Store(folder), planned.study.as_text()
    task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_train)
    waiting = {
        task.remote(
            text, planned.places(piece), piece.chips, _plain({key: store.load(key) for key in piece.keys})
        ): piece
        for piece in planned.pieces
    }
    done, best, compiled = 0.0, None, 0
    while waiting:
        for ready in ray.wait(list(waiting), timeout=0.5)[0]:
            piece = waiting.pop(ready)
            results, programs = _fetched(ray, ready)
            for key, rows in _rows(results).items():
                store.save(key, rows)
                found = [row.figures.get("accuracy") or 0.0 for row in rows.values()]
                best = max([*found, *([] if best is None else [best])], default=None)
            done, compiled = done + planned.chip_epochs_of(piece), compiled + programs
        watch(done, planned.chip_epochs, best)
    return compiled


def _fetched(ray: Any, ready: Any) -> Any:
    """The result of a task."""
    try:
        return ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:  # a worker that died too often
        raise InputError(f"`ray`: a task was lost ({error}); what is done is kept") from None


def _connected(address: str) -> Any:
    """Ray, connected to a cluster."""
    try:
        import ray
    except ImportError:
        raise InputError("`ray` needs Ray: pip install 'ohmgrad[cluster]'") from None
    except Exception as error:  # Ray imports drivers of accelerators, which fail in their own ways
        raise InputError(f"`ray`: Ray cannot be imported ({type(error).__name__}: {error})") from None
    if not ray.is_initialized():
        if address != "auto":
            _check_reachable(address)
        try:
            ray.init(address=None if address == "auto" else address, log_to_driver=False, include_dashboard=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"`ray`: there is no cluster at {address} ({error})") from None
    return ray


def _check_reachable(address: str) -> None:
    """Check that something listens at an address; Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"`ray`: there is no cluster at {address} ({error}); allowed: auto, or host:port") from None


def _train(text: str, places: list[int], chips: int, known: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Train one piece on a worker of the cluster. Returns its results, and the number of epoch programs compiled."""
    from ohmgrad import training
    from ohmgrad.studies.piece import Worker

    study, before = of_text(text, "study"), training.compiled()
    found = Worker(study, some(study, set(places)), chips, _rows(known), lambda cell, rows: None).run()
    return _plain(found), training.compiled() - before


def _plain(results: dict[str, Results]) -> dict[str, Any]:
    return {key: {name: row.model_dump() for name, row in rows.items()} for key, rows in results.items()}


def _rows(plain: dict[str, Any]) -> dict[str, Results]:
    return {key: {name: Row.model_validate(row) for name, row in rows.items()} for key, rows in plain.items()}
