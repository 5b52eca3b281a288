"""Oracle: the choice worked out by hand from accuracies and prices."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.serve.model import Price
from ohmgrad.serve.repository import Loaded, NotFound, Repository, Served
from ohmgrad.serve.samples import Samples
from ohmgrad.serve.scenarios import Asked, choose
from ohmgrad.serve.settings import ModelSettings, ServeSettings

NOON, NIGHT = datetime(2026, 11, 28, 12), datetime(2026, 11, 28, 23)
FIGURES = {
    "small": (0.93, 1e-9, 1e-6, Samples("image", (28, 28, 1), ("0", "1"), None)),
    "large": (0.99, 9e-9, 4e-6, Samples("image", (28, 28, 1), ("0", "1"), None)),
    "words": (0.97, 2e-9, 2e-6, Samples("dots", (60,), ("ohm", "volt"), None)),
}


def loaded(name: str, waiting: int) -> Any:
    right, joules, seconds, samples = FIGURES[name]
    price = Price(joules, seconds, 1e-6, 1e-9)
    model: Any = SimpleNamespace(accuracy=right, prices=SimpleNamespace(most=price), samples=samples)
    batcher: Any = SimpleNamespace(waiting=waiting)
    return Loaded(name, 1, model, batcher, "")


def repository(scenarios: dict[str, Any], default: str | None = None, waiting: int = 0) -> Repository:
    """A repository with the three models, of which none was trained."""
    models = {name: {"folder": name} for name in FIGURES}
    given = {"models": models, "scenarios": scenarios, "default": default, "batching": {"queue": 100}}
    found = object.__new__(Repository)
    found.settings = records.check(ServeSettings, given, "serve.yaml")
    settings = ModelSettings.model_validate({"folder": "x"})
    found.models = {name: Served(name, settings, {1: loaded(name, waiting)}, 1) for name in FIGURES}
    return found


def chosen(scenarios: dict[str, Any], asked: Asked = Asked(), now=NOON, signals=(), **more: Any) -> tuple[str, str]:  # noqa: B008
    found = choose(repository(scenarios, **more), asked, dict(signals), now)
    return found.loaded.name, found.why


def test_a_named_model_answers():
    assert chosen({}, Asked(model="large")) == ("large", "model 'large' was asked for")


def test_cheapest_that_is_right_often_enough():
    for least, expected in ((0.9, "small"), (0.95, "words"), (0.98, "large")):
        budget = {"best": "joules", "right": least}
        name, why = chosen({"thrifty": {"budget": budget}}, Asked(scenario="thrifty"))
        assert name == expected and f"at least {100 * least:g} % right" in why and "fewest joules" in why


def test_most_accurate_within_a_budget():
    budget = {"best": "accuracy", "joules": 5e-9}
    assert chosen({"s": {"budget": budget}}, Asked(scenario="s"))[0] == "words"
    assert chosen({"s": {"budget": budget}}, Asked(scenario="s", fields=("image",)))[0] == "small"
    assert (
        chosen({"s": {"budget": {"best": "seconds", "among": ["large", "words"]}}}, Asked(scenario="s"))[0] == "words"
    )


def test_no_model_within_the_budget():
    with pytest.raises(InputError, match="none of 3 models is within its budget"):
        chosen({"s": {"budget": {"best": "joules", "right": 0.999}}}, Asked(scenario="s"))


def test_the_small_one_while_the_battery_is_low():
    saving = {"saving": {"model": "small", "when": {"signals": {"battery": {"below": 0.2}}}}}
    assert chosen(saving, signals={"battery": 0.15}.items(), default="large") == (
        "small", "scenario 'saving' applies: battery is 0.15"
    )  # fmt: skip
    assert chosen(saving, signals={"battery": 0.2}.items(), default="large")[0] == "large"
    assert chosen(saving, default="large")[0] == "large"
    assert chosen(saving, Asked(signals={"battery": 0.1}), default="large")[0] == "small"


def test_by_time_of_day_across_midnight():
    night = {"night": {"model": "small", "when": {"hours": ["22:00", "06:00"]}}}
    assert chosen(night, now=NIGHT, default="large")[0] == "small"
    assert chosen(night, now=NOON, default="large")[0] == "large"


def test_by_load():
    busy = {"busy": {"model": "small", "when": {"load": {"above": 0.5}}}}
    assert chosen(busy, waiting=60, default="large") == (
        "small",
        "scenario 'busy' applies: the fullest queue is at 60 %",
    )
    assert chosen(busy, waiting=50, default="large")[0] == "large"


def test_by_kind_and_shape_of_the_sample():
    kinds = {"braille": {"model": "words", "when": {"input": "dots"}}, "else": {"model": "large", "when": {}}}
    assert chosen(kinds, Asked(fields=("word",)))[0] == "words"
    assert chosen(kinds, Asked(fields=("image",)))[0] == "large"
    shaped = {"s": {"model": "small", "when": {"shape": [28, 28, 1]}}}
    assert chosen(shaped, Asked(shape=(28, 28, 1)), default="words")[0] == "small"
    assert chosen(shaped, Asked(shape=(60,)), default="words")[0] == "words"


def test_first_scenario_in_order_answers_and_all_conditions_must_hold():
    both = {
        "first": {"model": "small", "when": {"hours": ["22:00", "06:00"], "signals": {"battery": {"below": 0.5}}}},
        "second": {"model": "words", "when": {"signals": {"battery": {"below": 0.9}}}},
    }
    assert chosen(both, now=NIGHT, signals={"battery": 0.4}.items())[0] == "small"
    assert chosen(both, now=NOON, signals={"battery": 0.4}.items())[0] == "words"


def test_without_a_default_the_only_fitting_model_answers():
    assert chosen({}, Asked(fields=("word",)))[0] == "words"
    with pytest.raises(InputError, match="2 models take such a sample and there is no default"):
        chosen({}, Asked(fields=("image",)))
    with pytest.raises(NotFound, match="unknown scenario 'x'"):
        chosen({}, Asked(scenario="x"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scenarios": {"s": {}}}, "needs either model or budget"),
        ({"scenarios": {"s": {"model": "nobody"}}}, "scenarios.s names 'nobody'"),
        ({"scenarios": {"s": {"model": "small", "when": {"hours": ["25:00", "06:00"]}}}}, "scenarios.s.when.hours"),
        ({"scenarios": {"s": {"model": "small", "when": {"load": {}}}}}, "needs below or above"),
        ({"scenarios": {"small": {"model": "small"}}}, "'small' is both a model and a scenario"),
        ({"default": "nobody"}, "default is 'nobody'"),
        ({"models": {"../x": {"folder": "x"}}}, "is no name"),
        ({"scenarios": {"s": {"budget": {"best": "price"}}}}, "best"),
    ],
)
def test_wrong_settings_are_one_sentence(given, said):
    models = {"models": {name: {"folder": name} for name in FIGURES}}
    with pytest.raises(InputError, match=said):
        records.check(ServeSettings, models | given, "serve.yaml")
