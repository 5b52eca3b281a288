"""Equal tuning. Oracles: the counts that a study names, the recipe's own values, and scores that a test makes up."""

import itertools
from typing import Any

import pytest
import small_study as small
import yaml

from ohmgrad.studies import cells, piece, schema, store, tuning

RATES = {"rule.learning_rates": {"times": [0.25, 4]}, "rule.strength": {"range": [0.05, 0.9]}}


def cell_of(spaces: Any = RATES, **settings: Any) -> tuple[schema.Study, cells.Cell]:
    """A study of these spaces, and its first cell."""
    given = {"trials": 7, "spaces": {"every": spaces}} | settings
    study = schema.of_text(yaml.safe_dump(small.changed(tuning=given, seeds=3)), "study")
    return study, cells.expanded(study).cells[0]


def tuned(study: schema.Study, cell: cells.Cell, score: Any) -> tuple[list[list[tuning.Trial]], tuning.Choice]:
    """All rounds of a tuning whose trials score so, and what it chooses."""
    tuner, rounds = tuning.Tuner(study, cell), []
    for trials in tuner.rounds():
        rounds.append(trials)
        tuner.tell([score(trial) for trial in trials])
    return rounds, tuner.choice()


def strength(trial: tuning.Trial) -> float:
    return trial.values["rule.strength"]


@pytest.mark.parametrize("trials", [1, 2, 7])
@pytest.mark.parametrize("seeds", [1, 2])
def test_every_cell_gets_as_many_trials_as_the_study_says(trials, seeds):
    study, _ = cell_of(trials=trials, seeds=seeds)
    for cell in cells.expanded(study).cells:
        rounds, _ = tuned(study, cell, strength)
        assert sum(map(len, rounds)) == trials
        assert all(trial.epochs == 2 for each in rounds for trial in each)
        assert all(len(piece.tuning_jobs(study, cell, each)) <= 3 for each in rounds)  # those of the final chips


def test_the_first_trial_is_the_recipe_itself():
    study, cell = cell_of()
    rounds, _ = tuned(study, cell, strength)
    assert rounds[0][0].values == {"rule.learning_rates": [0.2, 0.1], "rule.strength": 0.5}
    assert cell.with_values(rounds[0][0].values) == cell.experiment


def test_a_default_that_digits_would_round_stays_itself():
    study, cell = cell_of({"network.initial_gains": {"times": [0.5, 2]}})
    cell = cell._replace(settings=cell.settings | {"network.initial_gains": [1 / 3, 2 / 7]})
    cell = cell._replace(experiment=cell.with_values({}))
    assert tuned(study, cell, lambda trial: 0.0)[0][0][0].values == {"network.initial_gains": [1 / 3, 2 / 7]}


def test_a_range_of_a_list_does_not_take_its_first_value_for_all():
    """Learning rates 0.2 and 0.1 are no point of a range whose points are equal rates."""
    study, cell = cell_of({"rule.learning_rates": {"range": [0.01, 1], "scale": "log"}})
    rounds, _ = tuned(study, cell, lambda trial: 0.0)
    for each in (trial.values["rule.learning_rates"] for round_ in rounds for trial in round_):
        assert each[0] == each[1]
        assert 0.01 <= each[0] <= 1


def test_times_keeps_the_ratio_of_a_list_and_stays_within_its_ends():
    study, cell = cell_of(trials=12)
    rounds, _ = tuned(study, cell, strength)
    for values in (trial.values for each in rounds for trial in each):
        first, second = values["rule.learning_rates"]
        assert first / second == pytest.approx(2, rel=1e-3)
        assert 0.05 <= first <= 0.8
        assert 0.05 <= values["rule.strength"] <= 0.9


def test_the_cell_and_nothing_else_seeds_the_proposals():
    study, cell = cell_of()
    other = cells.expanded(study).cells[1]._replace(settings=cell.settings, experiment=cell.experiment)
    once, again, elsewhere = (tuned(study, each, strength)[0] for each in (cell, cell, other))
    assert once == again
    assert once[0][0] == elsewhere[0][0]
    assert once != elsewhere


def test_the_best_is_chosen_and_of_equally_good_ones_the_first():
    study, cell = cell_of()
    rounds, choice = tuned(study, cell, strength)
    assert choice.values == max((trial for each in rounds for trial in each), key=strength).values
    rounds, choice = tuned(study, cell, lambda trial: 0.5)
    assert choice.values == rounds[0][0].values


@pytest.mark.parametrize(
    ("space", "at_edge"),
    [
        ({"range": [0.5, 0.9]}, True),  # the recipe's value is the lowest
        ({"range": [0.1, 0.5]}, True),
        ({"range": [0.495, 0.9]}, True),  # within 2 % of the length
        ({"range": [0.1, 0.9]}, False),
        ({"times": [1, 1.5]}, True),
        ({"times": [0.2, 1.5]}, False),
        ({"choices": [0.5, 0.6, 0.7]}, True),
        ({"choices": [0.4, 0.5, 0.6]}, False),
    ],
)
def test_a_choice_at_the_edge_of_its_space_is_said_to_be_there(space, at_edge):
    study, cell = cell_of({"rule.strength": space})
    _, choice = tuned(study, cell, lambda trial: -abs(strength(trial) - 0.5))
    assert choice.values == {"rule.strength": 0.5}
    assert choice.at_edge == (["rule.strength"] if at_edge else [])


def test_words_have_no_edges():
    study, cell = cell_of({"rule.push": {"choices": ["nudge", "clamp"]}})
    assert tuned(study, cell, lambda trial: float(trial.values["rule.push"] == "nudge"))[1] == (
        {"rule.push": "nudge"},
        [],
    )


def test_without_a_space_there_is_nothing_to_choose():
    study, cell = cell_of()
    assert study.tuning is not None
    study = study.model_copy(update={"tuning": study.tuning.model_copy(update={"spaces": {"weak": RATES}})})
    assert tuned(study, cell, strength) == ([], ({}, []))


@pytest.mark.parametrize(
    ("trials", "halving", "rungs"),
    [
        (9, 3, [(9, 1), (3, 3), (1, 9)]),  # trials, epochs of the final nine
        (8, 2, [(8, 1), (4, 2), (2, 4), (1, 9)]),
        (5, 2, [(5, 2), (2, 4), (1, 9)]),
        (2, 3, [(2, 9)]),
    ],
)
def test_halving_goes_on_with_the_best_and_ends_at_full_length(trials, halving, rungs):
    study, cell = cell_of(trials=trials, halving=halving)
    assert cell.experiment is not None
    training = cell.experiment.training.model_copy(update={"epochs": 9})
    cell = cell._replace(experiment=cell.experiment.model_copy(update={"training": training}))
    rounds, choice = tuned(study, cell, strength)
    assert [(len(each), each[0].epochs) for each in rounds] == rungs
    assert all(len({trial.epochs for trial in each}) == 1 for each in rounds)
    for before, after in itertools.pairwise(rounds):
        best = sorted(map(strength, before), reverse=True)[: len(after)]
        assert list(map(strength, after)) == best
    if len(rungs) > 1:
        assert choice.values == max(rounds[0], key=strength).values


def test_validation_chooses_and_the_test_is_not_looked_at():
    """Planted: the tests say the opposite of the validation samples."""
    study, cell = cell_of(seeds=2)
    known: store.Results = {}
    for trials in piece.replayed(study, cell, known):
        for job in piece.tuning_jobs(study, cell, trials):
            right = strength(job.trial)
            figures: dict[str, float | None] = {
                "validation": right + (0.01 if job.seed % 2 else -0.01),
                "accuracy": 1 - right,
            }
            known[job.address] = store.Row(values=job.trial.values, epochs=2, seed=job.seed, figures=figures)
    tried = {row.values["rule.strength"] for row in known.values()}
    assert len(known) == 14
    assert piece.choice(study, cell, known).values["rule.strength"] == max(tried)


def test_a_trial_that_failed_is_no_choice():
    study, cell = cell_of()
    known: store.Results = {}
    for trials in piece.replayed(study, cell, known):
        for job in piece.tuning_jobs(study, cell, trials):
            failed = strength(job.trial) > 0.6
            figures: dict[str, float | None] = {} if failed else {"validation": strength(job.trial)}
            known[job.address] = store.Row(
                values=job.trial.values, epochs=2, seed=job.seed, failed=failed, figures=figures
            )
    tried = [row.values["rule.strength"] for row in known.values()]
    assert max(tried) > 0.6
    assert piece.choice(study, cell, known).values["rule.strength"] == max(each for each in tried if each <= 0.6)


def test_no_chip_is_both_tuned_and_tested():
    study, cell = cell_of(seeds=16)
    (trials, *_), _ = tuned(study, cell, strength)
    tuned_on = {job.seed for job in piece.tuning_jobs(study, cell, trials)}
    most = study.model_copy(update={"seeds": 64, "seed": schema.Study.model_fields["seed"].metadata[-1].le})
    assert not tuned_on & {job.seed for job in piece.final_jobs(study, cell, {})}
    final = {job.seed for job in piece.final_jobs(most, cell, {})}
    assert len(tuned_on) == 16
    assert max(final) > 9 * 10**5
    assert not tuned_on & final


def test_final_chips_have_the_chosen_values_and_seeds_that_count_on():
    study, cell = cell_of()
    jobs = piece.final_jobs(study.model_copy(update={"seed": 5}), cell, {cell.key: {"rule.strength": 0.3}})
    assert [(job.trial.values, job.trial.epochs, job.seed) for job in jobs] == [
        ({"rule.strength": 0.3}, 2, seed) for seed in (5, 6, 7)
    ]
