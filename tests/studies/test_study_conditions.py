"""Which cells of a study conditions keep."""

from ohmgrad.studies.cells import expanded
from ohmgrad.studies.schema import Study

STUDY = {
    "title": "two tasks, each with a sweep of its own",
    "factors": {"task": {"words": {}, "digits": {"data": {"kind": "images", "name": "digits"}}}},
    "sweeps": {
        "copies": {"field": "data.copies", "levels": [1, 2]},
        "per class": {"field": "data.per_class", "levels": [3]},
    },
    "compare": "task",
}


def test_a_condition_binds_a_sweep_to_a_level():
    conditions = [
        {"if": {"sweep": "copies"}, "then": {"task": "words"}},
        {"if": {"sweep": "per class"}, "then": {"task": "digits"}},
    ]
    found = expanded(Study.model_validate(STUDY | {"where": conditions}))
    places = {(cell.levels["task"], cell.sweep, cell.level) for cell in found.cells}
    unswept = {("words", "", ""), ("digits", "", "")}
    assert places == unswept | {("words", "copies", 1), ("words", "copies", 2), ("digits", "per class", 3)}
    assert found.dropped == 3 and not any(cell.reason for cell in found.cells)


def test_a_factor_that_conditions_tie_to_another_changes_something():
    factors = {"rule": {"slow": {"rule.learning_rates": [0.1]}, "fast": {"rule.learning_rates": [0.2]}}}
    conditions = [
        {"if": {"task": task}, "then": {"rule": rule}} for task, rule in (("words", "slow"), ("digits", "fast"))
    ]
    study = {"title": "each rule on its task", "factors": STUDY["factors"] | factors, "where": conditions}
    assert len(expanded(Study.model_validate(study)).cells) == 2
