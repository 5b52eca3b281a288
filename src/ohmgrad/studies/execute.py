"""Plans and runs a study in its folder, on all cores of this machine."""

import fcntl
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import Empty
from typing import Any

from ohmgrad import files
from ohmgrad.errors import InputError
from ohmgrad.studies import groups
from ohmgrad.studies.cells import Cell, expanded, some
from ohmgrad.studies.groups import Piece
from ohmgrad.studies.schema import Study, load, of_text
from ohmgrad.studies.store import Store
from ohmgrad.studies.tuning import check_spaces

_RESTARTS = 3
"""How often workers are started again after one has died."""
STUDY, PLAN, LOCKS = "study.yaml", "plan.json", "locks"
Watch = Callable[[float, float, float | None], None]
"""Callback: chips times epochs done, in total, best mean accuracy so far or None."""


@dataclass(frozen=True)
class Planned:
    """What a study will do.

    Attributes:
        study: The study.
        cells: All cells; those of equal recipes share a content address.
        dropped: Number of cells that a condition dropped.
        failed: Why cells cannot be built, by content address.
        pieces: The pieces of work.
    """

    study: Study
    cells: list[Cell]
    dropped: int
    failed: dict[str, str]
    pieces: list[Piece]

    @cached_property
    def by_key(self) -> dict[str, Cell]:
        """The cells by content address."""
        return {cell.key: cell for cell in self.cells}

    def places(self, piece: Piece) -> list[int]:
        """Places of the cells of a piece among all cells."""
        wanted, found = set(piece.keys), {}
        for place, cell in enumerate(self.cells):
            if cell.key in wanted:
                found.setdefault(cell.key, place)
        return list(found.values())

    @property
    def structures(self) -> int:
        """Number of structures; each is compiled once per worker that trains it."""
        return len({piece.structure for piece in self.pieces})

    @property
    def runs(self) -> int:
        """Number of chips trained, those of tuning included."""
        return sum(number for piece in self.pieces for number, _ in self._trainings(piece))

    @property
    def chip_epochs(self) -> float:
        """Sum over all trained chips of their epochs."""
        return sum(map(self.chip_epochs_of, self.pieces))

    def chip_epochs_of(self, piece: Piece) -> float:
        """Sum over the trained chips of a piece of their epochs."""
        return float(sum(number * epochs for number, epochs in self._trainings(piece)))

    def _trainings(self, piece: Piece) -> Iterator[tuple[int, int]]:
        """Numbers of chips and their epochs, over the cells and rounds of a piece."""
        cells, study = self.by_key, self.study
        for key in piece.keys:
            experiment = cells[key].experiment
            assert experiment is not None
            epochs, tuning = experiment.training.epochs, study.tuning
            yield study.seeds * (2 if tuning else 1), epochs
            if tuning and tuning.of(cells[key].levels.get(study.compare, "")):
                for trials, part in tuning.rungs:
                    yield trials * tuning.seeds, max(1, epochs // part)


def plan(study: Study, workers: int | None = None, most_cells: int | None = None) -> Planned:
    """Expand a study into cells and pieces of work; nothing is trained or written.

    Args:
        study: The study.
        workers: Number of workers. None: one per CPU core.
        most_cells: Largest number of cells. None: `cells.MOST_CELLS`.

    Raises:
        InputError: if the study is invalid.
    """
    return _planned(study, [], workers or groups.cores(), most_cells)


def _planned(study: Study, before: Sequence[Piece], workers: int, most_cells: int | None) -> Planned:
    """The plan, with the pieces of an earlier one first."""
    found = expanded(study, most_cells)
    keys = {cell.key for cell in found.cells}
    kept = [piece for piece in before if set(piece.keys) <= keys and piece.chips >= groups.chips_of_cell(study)]
    known = {key for piece in kept for key in piece.keys}
    failed = {cell.key: cell.reason for cell in found.cells if cell.reason}
    first = max((piece.structure for piece in kept), default=-1) + 1
    new = groups.grouped(study, [c for c in found.cells if not c.reason and c.key not in known], workers, first)
    pieces, failed = [*kept, *new.pieces], failed | new.failed
    if not pieces:
        raise InputError(f"no cell can be built: {next(iter(failed.values()))}")
    check_spaces(study, [cell for cell in found.cells if cell.key not in failed])
    return Planned(study, found.cells, found.dropped, failed, pieces)


def begin(study: str | Study, folder: Path, most_cells: int | None = None) -> Planned:
    """Make or reopen the folder of a study. A changed study keeps all results that it still asks for.

    Args:
        study: A study, or the name of a shipped one, the path of a YAML file, or an earlier study's folder.
        folder: The study's folder.
        most_cells: Largest number of cells. None: `cells.MOST_CELLS`.

    Raises:
        InputError: if the study is invalid, or the folder holds something else.
    """
    study = study if isinstance(study, Study) else _named(study)
    if files.exists(folder) and any(folder.iterdir()) and not (folder / STUDY).exists():
        raise InputError(f"`folder` {folder} is not empty, and holds no study; allowed: a new or a study's folder")
    found = _planned(study, _pieces(folder), groups.cores(), most_cells)
    for each in (Store(folder).folder, folder / LOCKS):
        files.make_folder(each, "`folder`")
        files.sweep(each)
    files.write(folder / STUDY, study.as_text())
    files.write(folder / PLAN, json.dumps([piece._asdict() for piece in found.pieces], indent=1) + "\n")
    return found


def _named(name: str) -> Study:
    return of_text(_text(Path(name)), f"study {name}") if Path(name).is_dir() else load(name)


def _text(folder: Path) -> str:
    if not (folder / STUDY).exists():
        raise InputError(f"{folder} holds no study ({STUDY} is missing)")
    return files.read(folder / STUDY, "study", files.TABLE_BYTES)


def _pieces(folder: Path) -> list[Piece]:
    """The pieces of the folder's plan; none if there is no plan, or a damaged one, which is made anew."""
    try:
        return [
            Piece([str(key) for key in each["keys"]], int(each["chips"]), int(each["structure"]))
            for each in files.read_json(folder / PLAN, PLAN)
        ]
    except (InputError, KeyError, TypeError, ValueError):
        return []


def reopen(folder: Path) -> Planned:
    """The plan of a study's folder.

    Raises:
        InputError: if the folder holds no study.
    """
    return _planned(of_text(_text(folder), f"study {folder}"), _pieces(folder), groups.cores(), 10**9)


def run(planned: Planned, folder: Path, workers: int | None = None, watch: Watch = lambda *_: None) -> int:
    """Train everything that is missing, with one worker process per core.

    Args:
        planned: The plan, from `begin`.
        folder: The study's folder.
        workers: Number of worker processes. None: one per CPU core.
        watch: Callback for progress.

    Returns:
        Number of epoch programs that the workers compiled or loaded.

    Raises:
        InputError: if a worker meets invalid input, such as missing data, or workers die again and again; or, when
            everything else is done, if an error stopped some pieces.
    """
    number = min(workers or groups.cores(), max(1, len(planned.pieces)))
    course = _Course(planned, watch)
    for _ in range(1 + _RESTARTS):
        try:
            with workers_of(planned.study, number, folder) as (pool, news):
                course.follow(pool, news)
            course.check()
            return course.compiled
        except BrokenProcessPool:
            continue
    raise InputError(
        f"workers died {1 + _RESTARTS} times, as they do without enough memory; what is done is kept; allowed: fewer "
        "`workers`"
    )


@contextmanager
def workers_of(study: Study, number: int, folder: Path | None = None) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Worker processes, and the queue of their news. They end at once where the context ends by an error.

    Args:
        study: The study.
        number: Number of processes.
        folder: The study's folder, where they train pieces.
    """
    context = multiprocessing.get_context("spawn")
    news, (end, parent) = context.Queue(), context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(number, context, _start, (folder, study.as_text(), news, end))
    with end, parent, pool:
        try:
            yield pool, news
        except BaseException:
            parent.close()
            pool.shutdown(cancel_futures=True)
            raise


def submitted(pool: ProcessPoolExecutor, task: Callable[..., Any], *arguments: Any) -> Future:
    """Submit a task. A worker that is started for it never gets Ctrl-C: the parent, which does, ends it.

    Args:
        pool: The workers, of `workers_of`.
        task: The function to call.
        *arguments: Its arguments.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(task, *arguments)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Course:
    """How far a run is: the pieces that are left, and what is done, over restarts of its workers."""

    def __init__(self, planned: Planned, watch: Watch) -> None:
        self.planned, self.watch, self.left, self.compiled = planned, watch, list(planned.pieces), 0
        self._done, self._best = 0.0, None
        self._stopped: list[tuple[Piece, BaseException]] = []

    def follow(self, pool: ProcessPoolExecutor, news: Any) -> None:
        """Wait for all pieces and report progress; pieces that another process trains are waited for at the end."""
        waiting = {self._submitted(pool, piece, patient=False): piece for piece in self.left}
        while waiting:
            ready, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in ready:
                piece, error = waiting.pop(future), future.exception()
                if error is not None and not isinstance(error, InputError | BrokenProcessPool):
                    self.left.remove(piece)
                    self._stopped.append((piece, error))
                    continue
                result = future.result()
                if result is None:
                    waiting[self._submitted(pool, piece, patient=True)] = piece
                else:
                    self.left.remove(piece)
                    self.compiled += result
            self._read(news)

    def check(self) -> None:
        """Check that no error stopped a piece.

        Raises:
            InputError: if one did, such as a fault in a part of the user's own.
        """
        if self._stopped:
            cells, (first, error) = sum(len(piece.keys) for piece, _ in self._stopped), self._stopped[0]
            levels = ", ".join(map(str, self.planned.by_key[first.keys[0]].levels.values()))
            why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise InputError(
                f"an error stopped {cells} of {len(self.planned.by_key)} cells, such as {levels} ({why}); "
                "all others are done and kept; mend it and run again"
            )

    def _submitted(self, pool: ProcessPoolExecutor, piece: Piece, patient: bool) -> Future:
        return submitted(pool, _work, self.planned.places(piece), piece.chips, patient)

    def _read(self, news: Any) -> None:
        try:
            while True:
                amount, accuracy = news.get_nowait()
                self._done += amount
                self._best = max((each for each in (self._best, accuracy) if each is not None), default=None)
        except Empty:
            self.watch(self._done, self.planned.chip_epochs, self._best)


_worker: dict[str, Any] = {}
"""What a worker process keeps between pieces: the study, its folder, the queue of news."""


def _start(folder: Path | None, study: str, news: Any, parent: Any) -> None:
    """Initialise a worker process: one JAX device on one core, and an end when the parent ends or closes its pipe.

    Args:
        folder: The study's folder.
        study: Text of the study.
        news: Queue for progress.
        parent: Pipe from the parent, in which nothing is ever sent.
    """
    place = int(multiprocessing.current_process()._identity[-1]) - 1
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[place % len(allowed)]})
    os.environ["JAX_NUM_CPU_DEVICES"] = "1"
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _worker.update(folder=folder, study=of_text(study, "study"), news=news)


def _end_with(parent: Any) -> None:
    with suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)


def _work(places: list[int], chips: int, patient: bool) -> int | None:
    """Train one piece. Returns the number of epoch programs compiled; None if another process trains the piece."""
    from ohmgrad import training
    from ohmgrad.studies.piece import Worker

    folder, study, news = _worker["folder"], _worker["study"], _worker["news"]
    cells = some(study, set(places))
    with _locked(folder / LOCKS / f"{cells[0].key}-{len(cells)}", patient) as free:
        if not free:
            return None
        store, before = Store(folder), training.compiled()

        def save(cell: str, rows) -> None:
            store.save(cell, rows)
            news.put((0.0, max((row.figures.get("accuracy") or 0.0 for row in rows.values()), default=None)))

        known = {cell.key: store.load(cell.key) for cell in cells}
        Worker(study, cells, chips, known, save, lambda amount: news.put((amount, None))).run()
        return training.compiled() - before


@contextmanager
def _locked(path: Path, patient: bool) -> Iterator[bool]:
    """Hold the lock of a piece. Yields False if another process holds it, unless `patient`."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
