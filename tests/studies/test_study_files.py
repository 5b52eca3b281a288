"""Study files: what is wrong with one is told in a sentence, and what is right gives the cells that counting gives."""

import itertools
import json
from typing import Any

import pytest
import small_study as small
import yaml

from ohmgrad import recipes
from ohmgrad.errors import InputError
from ohmgrad.recipes.build import resolve
from ohmgrad.studies import cells, schema
from ohmgrad.studies.execute import plan

RULE = small.STUDY["factors"]["rule"]
RATES = {"low": {"rule.learning_rates": [0.1, 0.1]}, "high": {"rule.learning_rates": [0.2, 0.1]}}


def study(**sections: Any) -> schema.Study:
    return schema.of_text(yaml.safe_dump(small.changed(**sections), sort_keys=False), "study")


def expanded(**sections: Any) -> cells.Expanded:
    return cells.expanded(study(**sections))


def keys(**sections: Any) -> list[str]:
    return [cell.key for cell in expanded(**sections).cells]


def factor(name: str, levels: Any) -> dict[str, Any]:
    return {"factors": {"rule": RULE, name: levels}}


def spaces(field: str, space: Any, **sections: Any) -> dict[str, Any]:
    return {"tuning": {"trials": 2, "spaces": {"every": {field: space}}}, **sections}


CIRCLE: dict[str, Any] = {}
CIRCLE["a"] = CIRCLE
WRONG = {
    "unknown field": (factor("rule.strenght", [1, 2]), "factors.rule.strenght", "did you mean 'rule.strength'?"),
    "unknown section": (factor("rul.strength", [1, 2]), "unknown recipe field 'rul.strength'", "did you mean 'rule'?"),
    "unknown in an alternative": (factor("n", {"a": {"rule.sid": 1}}), "factors.n: unknown", "mean 'rule.side'?"),
    "unknown in set": ({"set": {"training.epoch": 2}}, "set: unknown recipe field", "did you mean 'training.epochs'?"),
    "below a number": (factor("rule.strength.x", [1, 2]), "no cell can be built", "'strength' has no fields"),
    "changes nothing": (factor("title", ["a", "b"]), "factors.title: changes nothing", ""),
    "same twice under two names": (
        factor("n", {"a": {"rule.side": "centered"}, "b": {"rule.side": "centered"}}),
        "factors.n: changes nothing",
        "",
    ),
    "sweep that changes nothing": ({"sweeps": {"title": ["a"]}}, "sweeps.title: changes nothing", ""),
    "empty list": (factor("rule.side", []), "factors.rule.side: has no levels; allowed: at least one", ""),
    "empty alternatives": (factor("n", {}), "factors.n: has no levels", ""),
    "empty sweep": ({"sweeps": {"rule.side": []}}, "sweeps.rule.side: has no levels", ""),
    "no factors": ({"factors": {}}, "factors", "at least 1"),
    "level twice": (factor("training.batch", [1, 2, 1]), "factors.training.batch: holds the same level twice", ""),
    "1 and 1.0": (factor("training.batch", [1, 1.0]), "holds the same level twice", ""),
    "range of one value": (
        factor("s", {"field": "rule.strength", "range": [0.1, 0.1]}),
        "factors.s: holds the same level twice",
        "",
    ),
    "null twice": (factor("hardware", [None, None]), "holds the same level twice", ""),
    "clash": (factor("rule.strength", [0.1, 0.2]), "factors.rule.strength: sets rule.strength", "factors.rule sets"),
    "clash with a section": (factor("r", {"a": {"rule": {}}, "b": {}}), "factors.r: sets rule", "section before"),
    "swept factor": (
        factor("rule.side", ["centered", "positive"]) | {"sweeps": {"rule.side": ["random"]}},
        "sweeps.rule.side: sets rule.side, which factors.rule.side sets already",
        "",
    ),
    "tuned factor": (
        factor("network.initial_gains", [[0.1, 0.1], [0.2, 0.2]])
        | spaces("network.initial_gains", {"times": [0.5, 2]}),
        "tuning.spaces.every: sets network.initial_gains, which factors.network.initial_gains sets already",
        "",
    ),
    "million": (
        factor("s", {"field": "training.decay", "range": [0.1, 1], "steps": 1000})
        | {"sweeps": {"t": {"field": "rule.side", "range": [0.1, 1], "steps": 499}}},
        "the factors give 1,000,000 cells; allowed: up to 10,000",
        "--max-cells",
    ),
    "not a number": (factor("rule.side", [float("nan")]), "factors.rule.side.0: should be a text, a finite number", ""),
    "infinite": (factor("n", {"a": {"rule.side": float("inf")}}), "factors.n.a.rule.side", "finite"),
    "a circle": (factor("n", {"a": {"rule.side": CIRCLE}}), "factors.n.a.rule.side", "should be"),
    "range of nan": (factor("s", {"range": [float("nan"), 1]}), "factors.s.range.0", "finite"),
    "log from 0": (factor("s", {"range": [0, 1], "scale": "log"}), "factors.s: a range on a log scale", "above 0"),
    "levels and range": (factor("s", {"range": [0, 1], "levels": [1]}), "factors.s: needs levels or a range", ""),
    "factor that is a number": (factor("rule.side", 3), "factors.rule.side: should be a list of values", "(given: 3)"),
    "alternative that is a number": (factor("n", {"a": 3}), "factors.n.a: input should be a valid dictionary", ""),
    "name of a column": (factor("accuracy", {"a": {}}), "factors.accuracy: the table of results has a column", ""),
    "unknown compared": ({"compare": "ruel"}, "compare: unknown factor 'ruel'; did you mean 'rule'?", ""),
    "where of an unknown factor": ({"where": [{"then": {"rul": "weak"}}]}, "where: unknown factor 'rul'", "'rule'?"),
    "if of an unknown level": (
        {"where": [{"if": {"rule": "weka"}, "then": {"rule": "weak"}}]},
        "where: unknown level of rule 'weka'; did you mean 'weak'?",
        "",
    ),
    "then of an unknown level": ({"where": [{"then": {"rule": [1]}}]}, "where: unknown level of rule '1'", "strong"),
    "conditions without a cell": (
        {"where": [{"then": {"rule": "weak"}}, {"then": {"rule": "strong"}}]},
        "where: no cell fulfils all conditions",
        "",
    ),
    "space of an unknown level": (
        {"tuning": {"trials": 2, "spaces": {"weka": {"rule.side": {"choices": [1, 2]}}}}},
        "tuning.spaces: unknown level of rule 'weka'; did you mean 'weak'?",
        "",
    ),
    "a level without a space": (
        {"tuning": {"trials": 2, "spaces": {"weak": {"rule.strength": {"times": [0.5, 2]}}}}},
        "tuning.spaces: 'strong' has no space; allowed: one for every level of rule",
        "",
    ),
    "space of an unknown field": (spaces("rule.sid", {"range": [0, 1]}), "tuning.spaces.every", "mean 'rule.side'?"),
    "times a word": (spaces("rule.side", {"times": [0.5, 2]}), "rule.side has no number in the recipe", "allowed"),
    "range of a word": (spaces("rule.side", {"range": [0.5, 2]}), "tuning.spaces: rule.side = 0.5", "'positive'"),
    "range of what is not there": (spaces("hardware.rows", {"range": [1, 2]}), "hardware.rows = 1.0", "no fields"),
    "range beyond the allowed": (
        spaces("rule.loss", {"choices": ["squared", "no"]}),
        "tuning.spaces: rule.loss = ",
        "",
    ),
    "tuned structure": (spaces("rule.free.sweeps", {"choices": [4, 6]}), "rule.free.sweeps cannot be tuned", "numbers"),
    "tuned length": (spaces("training.epochs", {"choices": [1, 2]}), "training.epochs cannot be tuned", "length"),
    "tuned seed": (spaces("training.seed", {"choices": [1, 2]}), "training.seed cannot be tuned", ""),
    "nothing to validate on": (
        spaces(
            "network.initial_gains",
            {"times": [0.5, 2]},
            set={"data": {"kind": "images", "name": "digits"}, "hardware": None, "backprop": None},
        ),
        "tuning: the task holds no samples back for it",
        "data.validation",
    ),
    "unknown recipe": ({"recipe": "brailel"}, "no cell can be built: unknown recipe", "did you mean 'braille'?"),
    "no cell": ({"set": {"network.hidden": [0]}}, "no cell can be built: recipe braille: network.hidden.0", ""),
    "no title": ({"title": ""}, "title", "at least 1"),
    "too many seeds": ({"seeds": 65}, "seeds: input should be less than or equal to 64 (given: 65)", ""),
    "seeds true": ({"seeds": True}, "seeds: input should be a valid integer", ""),
    "no trials": ({"tuning": {"trials": 0, "spaces": {"every": {}}}}, "tuning.trials", "greater than or equal to 1"),
}
TEXTS = {
    "empty": ("", "not a mapping of fields"),
    "list": ("- a\n", "not a mapping of fields"),
    "not YAML": ("title: [", "not YAML"),
    "key twice": ("title: a\ntitle: b\n", "the key 'title' is given twice"),
    "a date": ("title: a\nfactors: {rule.side: [!!timestamp 2001-01-01]}\n", "factors.rule.side.0: should be a text"),
    "a set": ("title: a\nfactors: {rule.side: [!!set {a, b}]}\n", "factors.rule.side.0: should be a text"),
    "bytes": ("title: a\nfactors: {rule.side: [!!binary aGk=]}\n", "factors.rule.side.0: should be a text"),
    "mixed keys": ("title: a\nfactors: {rule.side: [{1: 2, a: 3}]}\n", "factors.rule.side.0: should be a text"),
}


def refused(done, folder) -> str:
    """What the program says where it refuses: one sentence, exit code 2, and nothing written."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 320
    assert [path.name for path in folder.iterdir()] == ["wrong.yaml"]
    return done.stderr


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_in_a_sentence(name, ohmgrad_here, tmp_path, monkeypatch):
    sections, *words = WRONG[name]
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(small.changed() | sections, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    told = refused(ohmgrad_here("study", "plan", "wrong.yaml", "--probe", "0", cwd=tmp_path), tmp_path)
    for each in words:
        assert each in told


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_study_is_told_in_a_sentence(name, ohmgrad_here, tmp_path):
    text, words = TEXTS[name]
    (tmp_path / "wrong.yaml").write_text(text)
    assert words in refused(ohmgrad_here("study", "run", "wrong.yaml", cwd=tmp_path), tmp_path)


def test_many_cells_are_planned_where_they_are_asked_for(ohmgrad_here, tmp_path):
    levels = [round(0.1 + 0.05 * place, 2) for place in range(12)]
    file = small.written(tmp_path / "many.yaml", factors={"rule.strength": levels})
    words = "study", "plan", file, "--probe", "0", "--json"
    assert "12 cells; allowed: up to 11" in ohmgrad_here(*words, "--max-cells", "11").stderr
    assert json.loads(ohmgrad_here(*words, "--max-cells", "12").stdout)["cells"] == 12


def test_factors_cross_and_sweeps_leave_from_every_crossing_one_at_a_time():
    found = expanded(
        factors={"rule": RULE, "rates": RATES},
        sweeps={"rule.free.sweeps": [3, 4], "batch": {"two": {"training.batch": 2}}},
    )
    crossed = list(itertools.product(RULE, RATES))
    steps = [("", ""), ("rule.free.sweeps", 3), ("rule.free.sweeps", 4), ("batch", "two")]
    assert [(*cell.levels.values(), cell.sweep, cell.level) for cell in found.cells] == [
        (*levels, *step) for levels in crossed for step in steps
    ]
    for cell in found.cells:
        assert cell.experiment is not None
        assert cell.experiment.rule.strength == RULE[cell.levels["rule"]]["rule.strength"]
        assert cell.experiment.rule.learning_rates == RATES[cell.levels["rates"]]["rule.learning_rates"]
        assert cell.experiment.rule.free.sweeps == (cell.level if cell.sweep == "rule.free.sweeps" else 6)
        assert cell.experiment.training.batch == (2 if cell.sweep == "batch" else 4)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ({"range": [0.1, 0.9], "steps": 3}, [0.1, 0.5, 0.9]),
        ({"range": [0.001, 0.1], "steps": 3, "scale": "log"}, [0.001, 0.01, 0.1]),
        ({"levels": [0.2, 0.1]}, [0.2, 0.1]),
    ],
)
def test_levels_of_a_field_are_listed_or_spaced(form, values):
    found = expanded(factors={"push": {"field": "rule.strength"} | form})
    assert [cell.levels["push"] for cell in found.cells] == values
    assert [cell.experiment.rule.strength for cell in found.cells if cell.experiment] == values


def test_conditions_drop_what_violates_them_and_the_count_is_kept():
    where = [{"if": {"rule": ["weak"]}, "then": {"rates": "low"}}]
    found = expanded(factors={"rule": RULE, "rates": RATES}, where=where)
    assert found.dropped == 1
    assert [tuple(cell.levels.values()) for cell in found.cells] == [
        ("strong", "low"), ("strong", "high"), ("weak", "low")
    ]  # fmt: skip


def test_conditions_name_levels_that_are_lists_and_null():
    factors = {"network.initial_gains": [[0.1, 0.1], [0.2, 0.2]], "rule.strength": [0.1, 0.2]}
    where = [{"if": {"network.initial_gains": [[0.1, 0.1]]}, "then": {"rule.strength": 0.2}}]
    assert expanded(factors=factors, where=where).dropped == 1
    factors = {"training.optimiser": [None, {"kind": "adam"}], "rule.strength": [0.1, 0.2]}
    where = [{"if": {"training.optimiser": None}, "then": {"rule.strength": 0.2}}]
    assert expanded(factors=factors, where=where).dropped == 1


def test_some_cells_are_those_at_their_places_among_all():
    made = study(factors={"rule": RULE, "rates": RATES}, where=[{"if": {"rule": "weak"}, "then": {"rates": "low"}}])
    every = cells.expanded(made).cells
    assert cells.some(made, {0, 2}) == [every[0], every[2]]


def test_cells_that_cannot_be_built_are_recorded_with_their_reason():
    sections = {"factors": {"network.hidden": [[8], [0], [8, 8]]}}
    found = expanded(**sections).cells
    assert [cell.experiment is None for cell in found] == [False, True, True]
    assert "network.hidden.0: input should be greater than or equal to 1" in found[1].reason
    assert "initial_gains" in found[2].reason
    planned = plan(study(**sections), workers=1)
    assert planned.failed == {found[1].key: found[1].reason, found[2].key: found[2].reason}
    assert [piece.keys for piece in planned.pieces] == [[found[0].key]]


def test_a_later_setting_overrides_and_a_kind_stays_behind_its_section():
    arrays = {"device": {"preset": "taox-1t1r"}, "array_pairs": 2}
    shared = small.TINY | {"hardware": arrays}
    found = expanded(set=shared, factors={"hardware.write.kind": ["single-pulse", "write-verify"]}).cells
    kinds = [cell.experiment.hardware.write.kind for cell in found if cell.experiment and cell.experiment.hardware]
    assert kinds == ["single-pulse", "write-verify"]
    named = {"a": {"hardware.write.kind": "write-verify", "hardware.write.pulse_budget": 3}, "b": {"hardware": None}}
    found = expanded(set=shared, factors={"scheme": named}).cells
    first, second = (cell.experiment for cell in found)
    assert first is not None and first.hardware is not None and second is not None
    assert (first.hardware.write.kind, first.hardware.write.pulse_budget) == ("write-verify", 3)
    assert second.hardware is None


def test_an_address_is_of_what_is_trained_and_of_nothing_else():
    (strong, weak), others = keys(), [keys(title="other"), keys(seeds=3), keys(seed=7)]
    assert strong != weak
    assert all(other == [strong, weak] for other in others)
    assert keys(factors={"rule": dict(reversed(RULE.items()))}) == [weak, strong]
    assert keys(set=small.IDEAL | {"training.seed": 5, "title": "x", "rule.free.sweeps": 6}) == [strong, weak]
    for field, value in (("training.epochs", 3), ("rule.free.sweeps", 7), ("data.copies", 2), ("evaluation.copies", 3)):
        assert not {strong, weak} & set(keys(set=small.IDEAL | {field: value}))
    experiment = resolve(recipes.load("braille", [f"{k}={json.dumps(v)}" for k, v in small.IDEAL.items()]))
    (cell,) = expanded(factors={"rule.side": ["centered"]}).cells
    assert cell.experiment is not None
    assert cell.key == cells.address(experiment.model_copy(update={"evaluation": cell.experiment.evaluation}))


def test_a_study_survives_its_own_text():
    hostile = {'<b>a</b>, "b"\n😀': {"rule.strength": 0.1}, "'": {"rule.strength": 10**30}, "π": {"hardware": None}}
    made = study(factors={"rule": hostile}, where=[{"then": {"rule": list(hostile)}}], sweeps={"rule.side": ["random"]})
    assert schema.of_text(made.as_text(), "study") == made


def test_a_study_may_set_fields_of_a_part_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "own_words.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    own = {"hardware": None, "backprop": None, "training.epochs": 2, "data": {"kind": "own_words:Patterns"}}
    found = expanded(set=own, factors={"data.scale": [0.5, 1.0]}).cells
    assert [cell.experiment and cell.experiment.data.scale for cell in found] == [0.5, 1.0]
    with pytest.raises(InputError, match=r"unknown recipe field 'data\.scael'"):
        expanded(set=own, factors={"data.scael": [0.5, 1.0]})


OWN = '''"""Four patterns, one class each."""

import jax.numpy as jnp

from ohmgrad.data import Task
from ohmgrad.parts import number


class Patterns(Task):
    scale: float = number(1.0, "largest value")

    @property
    def outputs(self):
        return 4

    @property
    def samples(self):
        return 4

    def epoch(self, key, batch):
        return jnp.arange(4).reshape(-1, batch), jnp.arange(4).reshape(-1, batch)

    def batch(self, part):
        return self.scale * jnp.eye(4)[part[0]], jnp.eye(4)[part[0]]

    def right(self, output, truth):
        return jnp.argmax(output, -1) == truth
'''
