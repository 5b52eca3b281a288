"""A short probe of this machine: what a study will take, before it is run."""

import resource
import time
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from ohmgrad.errors import InputError
from ohmgrad.studies import groups
from ohmgrad.studies.execute import Planned, submitted, workers_of
from ohmgrad.studies.groups import Piece

_EPOCHS = 3


class Expected(NamedTuple):
    """What a study is expected to take on this machine.

    Attributes:
        seconds: Wall time with all cores.
        bytes: Memory of all workers.
        probed: Number of structures that were probed; others are taken to be like their mean.
    """

    seconds: float
    bytes: float
    probed: int


class _Measured(NamedTuple):
    compiling: float
    """Seconds of the first call beyond its epochs."""
    per_epoch: float
    """Seconds of one epoch of a call."""
    bytes: float


def probe(planned: Planned, seconds: float) -> Expected:
    """Train some pieces, spread evenly over all, for a few epochs, and extrapolate.

    Args:
        planned: The plan.
        seconds: No further structure is probed after this time.

    Returns:
        The expected time and memory; at least one structure is probed.

    Raises:
        InputError: if the probing process dies.
    """
    try:
        return _probed(planned, seconds)
    except BrokenProcessPool:
        raise InputError(
            "the probing process died, as it does without enough memory; allowed: `probe` 0, or a smaller study"
        ) from None


def _probed(planned: Planned, seconds: float) -> Expected:
    ends, found = time.monotonic() + seconds, {}
    by_structure: dict[int, list[Piece]] = {}
    for piece in planned.pieces:
        by_structure.setdefault(piece.structure, []).append(piece)
    with workers_of(planned.study, 1) as (pool, _):
        for structure in _spread(list(by_structure)):
            if not found or time.monotonic() < ends:
                first = by_structure[structure][0]
                measured = submitted(pool, _measure, planned.study.as_text(), planned.places(first), first.chips)
                found[structure] = measured.result()
    mean = _Measured(*(sum(each) / len(found) for each in zip(*found.values(), strict=True)))
    workers = min(groups.cores(), len(planned.pieces))
    total = 0.0
    for structure, pieces in by_structure.items():
        taken = found.get(structure, mean)
        calls = sum(planned.chip_epochs_of(piece) / piece.chips for piece in pieces)
        total += taken.compiling * min(workers, len(pieces)) + taken.per_epoch * calls
    return Expected(total / workers, workers * max(each.bytes for each in found.values()), len(found))


def _spread(structures: list[int]) -> list[int]:
    """Structures in an order of which every beginning is spread evenly over all, from large pieces to small ones."""
    golden = (5**0.5 - 1) / 2
    places = sorted(range(len(structures)), key=lambda place: place * golden % 1)
    return [structures[place] for place in places]


def _measure(study: str, places: list[int], chips: int) -> _Measured:
    """Calibrate and train the chips of a call for a few epochs."""
    from ohmgrad import recipes
    from ohmgrad.recipes.loading import with_field
    from ohmgrad.studies import lanes
    from ohmgrad.studies.cells import some
    from ohmgrad.studies.schema import of_text

    began, moments = time.perf_counter(), []
    cells = some(of_text(study, "study"), places)
    short = [with_field(cell.experiment, "training.epochs", _EPOCHS) for cell in cells]
    ready = lanes.calibrated(short, chips) if recipes.automatic(short[0]) else short
    good = [each for each in ready if not isinstance(each, InputError)]
    if good:
        filled = [good[place % len(good)] for place in range(chips)]
        lanes.train(
            [lanes.lane(each, seed) for seed, each in enumerate(filled)], lambda: moments.append(time.perf_counter())
        )
    all_of_it = time.perf_counter() - began
    per_epoch = (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else all_of_it
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return _Measured(max(0.0, all_of_it - _EPOCHS * per_epoch), per_epoch, float(memory))
