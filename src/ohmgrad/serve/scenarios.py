"""Chooses the model that answers a request: by name, by scenario, or by what holds at the moment."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import NamedTuple

from ohmgrad.errors import InputError, unknown
from ohmgrad.serve.model import Price
from ohmgrad.serve.repository import Loaded, NotFound, Repository
from ohmgrad.serve.settings import Budget, Scenario, When


class Asked(NamedTuple):
    """What a request says of who should answer it.

    Attributes:
        model: Name of a model.
        version: Version of it.
        scenario: Name of a scenario.
        fields: Fields by which it gives its sample; a model must take one of them. Empty: not known.
        signals: Numbers that the request gives.
        shape: Shape of its sample, if known.
    """

    model: str | None = None
    version: int | None = None
    scenario: str | None = None
    fields: tuple[str, ...] = ()
    signals: Mapping[str, float] = {}
    shape: tuple[int, ...] | None = None


class Choice(NamedTuple):
    """A model, the scenario that chose it (None: none), and why."""

    loaded: Loaded
    scenario: str | None
    why: str


def choose(repository: Repository, asked: Asked, signals: Mapping[str, float], now: datetime | None = None) -> Choice:
    """Choose the model that answers.

    Args:
        repository: The models and the scenarios.
        asked: What the request says.
        signals: Numbers that the server has been told.
        now: Local time; None: the present.

    Raises:
        NotFound: if the model, version or scenario is unknown or not loaded.
        InputError: if no model is within a scenario's budget, or nothing says who should answer.
    """
    if asked.model is not None:
        return Choice(repository.find(asked.model, asked.version), None, f"model '{asked.model}' was asked for")
    scenarios = repository.settings.scenarios
    if asked.scenario is not None:
        if asked.scenario not in scenarios:
            raise NotFound(str(unknown("scenario", asked.scenario[:80], scenarios)))
        return _in(repository, asked.scenario, scenarios[asked.scenario], asked, "was asked for")
    known = {**signals, **asked.signals}
    for name, scenario in scenarios.items():
        if scenario.when is not None and (why := holds(scenario.when, repository, asked, known, now)):
            return _in(repository, name, scenario, asked, why)
    return _default(repository, asked)


def _default(repository: Repository, asked: Asked) -> Choice:
    """The default model or scenario; without one, the only model that takes such a sample."""
    settings = repository.settings
    if settings.default in settings.scenarios:
        return _in(repository, settings.default, settings.scenarios[settings.default], asked, "is the default")
    if settings.default is not None:
        return Choice(repository.find(settings.default), None, f"model '{settings.default}' is the default")
    fit = [each for each in _answering(repository) if takes(each, asked)]
    if len(fit) == 1:
        return Choice(fit[0], None, f"model '{fit[0].name}' is the only one for such a sample")
    names = ", ".join(sorted(served.name for served in repository.models.values() if served.ready))
    raise InputError(f"model: {len(fit)} models take such a sample and there is no default; allowed: {names or 'none'}")


def _answering(repository: Repository) -> list[Loaded]:
    return [repository.find(served.name) for served in repository.models.values() if served.ready]


def takes(loaded: Loaded, asked: Asked) -> bool:
    """Whether a model takes the sample of a request."""
    samples = loaded.model.samples
    if asked.fields and not set(asked.fields) & set(samples.takes):
        return False
    return asked.shape is None or math.prod(asked.shape) == math.prod(samples.shape)


def _in(repository: Repository, name: str, scenario: Scenario, asked: Asked, why: str) -> Choice:
    why = f"scenario '{name}' {why}"
    if scenario.model is not None:
        return Choice(repository.find(scenario.model), name, why)
    assert scenario.budget is not None
    loaded, reason = _within(repository, scenario.budget, asked, name)
    return Choice(loaded, name, f"{why}; {reason}")


def _within(repository: Repository, budget: Budget, asked: Asked, name: str) -> tuple[Loaded, str]:
    """The best model within a budget, and why it is that."""
    fit = [each for each in _answering(repository) if budget.among is None or each.name in budget.among]
    fit = [each for each in fit if takes(each, asked)]
    allowed = [each for each in fit if _meets(each, budget)]
    if not allowed:
        raise InputError(f"scenario '{name}': none of {len(fit)} models is within its budget ({_limits(budget)})")
    best = min(allowed, key=lambda each: _rank(each, budget.best))
    joules, limits = _chip(best.model.prices.most)[0], _limits(budget)
    figures = f"{100 * best.model.accuracy:.1f} % right, {joules:.3g} J per answer"
    word = {"joules": "fewest joules", "seconds": "fewest seconds", "accuracy": "most right answers"}[budget.best]
    among = f"{len(allowed)} models{' with ' if limits else ''}{limits}"
    return best, f"'{best.name}' has the {word} of {among} ({figures})"


def _rank(loaded: Loaded, best: str) -> float:
    price = loaded.model.prices.most
    if best == "accuracy":
        return -loaded.model.accuracy
    joules, seconds = _chip(price)
    return joules if best == "joules" else seconds


def _chip(price: Price) -> tuple[float, float]:
    """Joules and seconds of an answer: on the chip, or, of models without one, on the digital processor."""
    if price.joules is None or price.seconds is None:
        return price.gpu_joules, price.gpu_seconds
    return price.joules, price.seconds


def _meets(loaded: Loaded, budget: Budget) -> bool:
    joules, seconds = _chip(loaded.model.prices.most)
    return (
        loaded.model.accuracy >= (budget.right or 0)
        and (budget.joules is None or joules <= budget.joules)
        and (budget.seconds is None or seconds <= budget.seconds)
    )


def _limits(budget: Budget) -> str:
    parts = [] if budget.right is None else [f"at least {100 * budget.right:g} % right"]
    parts += [] if budget.joules is None else [f"at most {budget.joules:g} J"]
    parts += [] if budget.seconds is None else [f"at most {budget.seconds:g} s"]
    return " and ".join(parts)


def _sides(shape: Sequence[int]) -> list[int]:
    """A shape without ones at its end: an image of one channel may be given with and without it."""
    sides = list(shape)
    while sides and sides[-1] == 1:
        sides.pop()
    return sides


def holds(
    when: When, repository: Repository, asked: Asked, signals: Mapping[str, float], now: datetime | None = None
) -> str:
    """Why a scenario applies, in words; empty if it does not.

    Args:
        when: Its conditions.
        repository: The models, for their queues.
        asked: What the request says.
        signals: Numbers that the server and the request give.
        now: Local time; None: the present.
    """
    reasons = []
    if when.input is not None or when.shape is not None:
        kinds = {each.model.samples.kind for each in _answering(repository) if takes(each, asked)}
        if when.input is not None and when.input not in kinds:
            return ""
        if when.shape is not None and (asked.shape is None or _sides(asked.shape) != _sides(when.shape)):
            return ""
        reasons.append(f"the sample is of kind {when.input}" if when.input else f"the sample has shape {when.shape}")
    if when.hours is not None:
        start, end = map(time.fromisoformat, when.hours)
        clock = (now or datetime.now()).time()
        if not (start <= clock < end if start <= end else clock >= start or clock < end):
            return ""
        reasons.append(f"it is between {when.hours[0]} and {when.hours[1]}")
    if when.load is not None:
        waiting = max((each.batcher.waiting for each in _answering(repository)), default=0)
        load = waiting / repository.settings.batching.queue
        if not when.load.holds(load):
            return ""
        reasons.append(f"the fullest queue is at {100 * load:.0f} %")
    for name, bound in when.signals.items():
        if name not in signals or not bound.holds(signals[name]):
            return ""
        reasons.append(f"{name} is {signals[name]:g}")
    return f"applies: {', '.join(reasons)}" if reasons else "applies always"
