"""Trains the cells of one piece of work: rounds of tuning, then the final chips, all side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ohmgrad import recipes
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment, priced
from ohmgrad.recipes.loading import with_field
from ohmgrad.studies import lanes
from ohmgrad.studies.cells import Cell
from ohmgrad.studies.lanes import Trained
from ohmgrad.studies.schema import Settings, Study
from ohmgrad.studies.store import Results, Row, address
from ohmgrad.studies.tuning import FIRST_SEED, Choice, Trial, Tuner

Save = Callable[[str, Results], None]
"""Callback: content address of a cell, its new results."""


class Job(NamedTuple):
    """One chip to train: cell, tuned values, epochs, seed."""

    cell: Cell
    trial: Trial
    seed: int

    @property
    def address(self) -> str:
        """Address of its result among those of its cell."""
        return address(*self.trial, self.seed)


class Worker:
    """Trains a piece. Results that are known are not computed again.

    A call of compiled code always has the same chips, whether or not some of their results are known, so that a study
    that was interrupted ends with the same numbers.

    Args:
        study: The study.
        cells: The cells of the piece.
        chips: Number of chips of every compiled call.
        known: Results by cell.
        save: Callback for new results.
        watch: Callback: chips times epochs done since the last call.
    """

    def __init__(
        self,
        study: Study,
        cells: Sequence[Cell],
        chips: int,
        known: Mapping[str, Results],
        save: Save,
        watch: Callable[[float], None] = lambda done: None,
    ) -> None:
        self.study, self.cells, self.chips, self.save, self.watch = study, cells, chips, save, watch
        self.known = {cell.key: dict(known.get(cell.key, {})) for cell in cells}

    def run(self) -> dict[str, Results]:
        """Tune and train all cells. Returns all results by cell."""
        for jobs in self._tuning():
            self._done(jobs)
        final = [
            [job for cell in self.cells for job in final_jobs(self.study, cell, values)]
            for values in (self._chosen(), {})
        ]
        for jobs in final if self.study.tuning else final[1:]:
            self._done(jobs)
        return self.known

    def _chosen(self) -> dict[str, Settings]:
        return {cell.key: choice(self.study, cell, self.known[cell.key]).values for cell in self.cells}

    def _tuning(self) -> Iterator[list[Job]]:
        """The trials of all cells, round by round."""
        if self.study.tuning is None:
            return
        rounds = [(cell, replayed(self.study, cell, self.known[cell.key])) for cell in self.cells]
        while current := [(cell, trials) for cell, source in rounds if (trials := next(source, None))]:
            yield [job for cell, trials in current for job in tuning_jobs(self.study, cell, trials)]

    def _done(self, jobs: Sequence[Job]) -> None:
        """Get the results of jobs, in calls of at most `chips` chips, and save new ones."""
        for start in range(0, len(jobs), self.chips):
            call = jobs[start : start + self.chips]
            if all(job.address in self.known[job.cell.key] for job in call):
                self.watch(float(sum(job.trial.epochs for job in call)))
                continue
            new: dict[str, Results] = {}
            for job, row in zip(call, self._trained(call), strict=True):
                if job.address not in self.known[job.cell.key]:
                    new.setdefault(job.cell.key, {})[job.address] = row
            for key, rows in new.items():
                self.known[key] |= rows
                self.save(key, rows)

    def _trained(self, jobs: Sequence[Job]) -> list[Row]:
        """Calibrate, train, test and price the chips of one call; all of the same number of epochs."""
        ready = self._ready(jobs)
        chips = {i: lanes.lane(each, jobs[i].seed) for i, each in enumerate(ready) if not isinstance(each, InputError)}
        rows = {i: _failed(jobs[i], str(each)) for i, each in enumerate(ready) if isinstance(each, InputError)}
        if chips:
            filled = [*chips.values(), *[list(chips.values())[-1]] * (self.chips - len(chips))]
            trained = lanes.train(filled, lambda: self.watch(float(len(jobs))))
            rows |= {
                i: _row(jobs[i], chip.experiment, one) for (i, chip), one in zip(chips.items(), trained, strict=False)
            }
        return [rows[i] for i in range(len(jobs))]

    def _ready(self, jobs: Sequence[Job]) -> list[Experiment | InputError]:
        """Per job, its recipe with all ranges as numbers, or why there is none; each recipe is calibrated once."""
        found: dict[tuple[str, str], Experiment | InputError] = {}
        for job in jobs:
            key = job.cell.key, address(*job.trial, 0)
            if key not in found:
                found[key] = self._recipe(job)
        missing = {
            key: each for key, each in found.items() if not isinstance(each, InputError) and recipes.automatic(each)
        }
        if missing:
            found |= dict(zip(missing, lanes.calibrated(list(missing.values()), self.chips), strict=True))
        return [found[job.cell.key, address(*job.trial, 0)] for job in jobs]

    def _recipe(self, job: Job) -> Experiment | InputError:
        """The recipe of a job, with the ranges of an earlier job of the same recipe if there is one."""
        try:
            experiment = job.cell.with_values(job.trial.values)
        except InputError as error:
            return error
        experiment = with_field(experiment, "training.epochs", job.trial.epochs)
        for row in self.known[job.cell.key].values():
            if row.values == job.trial.values and row.epochs == job.trial.epochs and row.ranges:
                for field, value in row.ranges.items():
                    experiment = with_field(experiment, field, value)
                break
        return experiment


def _failed(job: Job, reason: str) -> Row:
    return Row(values=job.trial.values, epochs=job.trial.epochs, seed=job.seed, reason=reason, failed=True)


def _row(job: Job, experiment: Experiment, trained: Trained) -> Row:
    """The result of a job, with its price if it is one of the final chips."""
    figures = {name: value for name, value in trained._asdict().items() if name not in ("overflowed", "counts")}
    if job.seed < FIRST_SEED:
        figures |= priced_figures(experiment, trained.counts)
    return Row(
        values=job.trial.values,
        epochs=job.trial.epochs,
        seed=job.seed,
        reason="numbers overflowed in training" if trained.overflowed else "",
        ranges=recipes.ranges(experiment),
        figures=figures,
    )


def priced_figures(experiment: Experiment, counts: Counts) -> dict[str, float | None]:
    """Energy and time of the training of one chip, and of the same training on the recipe's processor (nominal).

    Args:
        experiment: The recipe.
        counts: Counts of the training.
    """
    arm = "ideal" if experiment.hardware is None else "crossbar"
    bill = priced.price(experiment, priced.machines(experiment), {"ideal": counts, arm: counts})
    return {
        name: bill[key]["nominal"] if key in bill else None
        for name, key in (
            ("joules", "chip_energy_joules"),
            ("seconds", "chip_seconds"),
            ("gpu_joules", "digital_energy_joules"),
            ("gpu_seconds", "digital_seconds"),
        )
    }


def tuning_jobs(study: Study, cell: Cell, trials: Sequence[Trial]) -> list[Job]:
    """The chips of a round of trials."""
    assert study.tuning is not None
    return [Job(cell, trial, FIRST_SEED + place) for trial in trials for place in range(study.tuning.seeds)]


def final_jobs(study: Study, cell: Cell, values: Mapping[str, Settings]) -> list[Job]:
    """The final chips of a cell, with its chosen values (by the cell's content address)."""
    assert cell.experiment is not None
    trial = Trial(values.get(cell.key, {}), cell.experiment.training.epochs)
    return [Job(cell, trial, study.seed + place) for place in range(study.seeds)]


def replayed(study: Study, cell: Cell, known: Results) -> Iterator[list[Trial]]:
    """Rounds of trials of a cell, whose results are looked up in `known` when the next round is asked for."""
    tuner = Tuner(study, cell)
    for trials in tuner.rounds():
        yield trials
        tuner.tell(_accuracies(study, cell, trials, known))


def choice(study: Study, cell: Cell, known: Results) -> Choice:
    """The chosen values of a cell whose trials are all known.

    Args:
        study: The study.
        cell: The cell.
        known: Its results.
    """
    if study.tuning is None:
        return Choice({}, [])
    tuner = Tuner(study, cell)
    for trials in tuner.rounds():
        tuner.tell(_accuracies(study, cell, trials, known))
    return tuner.choice()


def _accuracies(study: Study, cell: Cell, trials: Sequence[Trial], known: Results) -> list[float]:
    """Validation accuracy of each trial, mean over its chips."""
    jobs = tuning_jobs(study, cell, trials)
    rows = [known[job.address].validation for job in jobs]
    assert study.tuning is not None
    each = study.tuning.seeds
    return [sum(rows[i : i + each]) / each for i in range(0, len(rows), each)]
