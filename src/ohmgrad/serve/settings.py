"""Settings of a server: serve.yaml, or the command line."""

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ohmgrad import files, records
from ohmgrad.errors import InputError
from ohmgrad.quantity import Strict
from ohmgrad.runs.folder import SUMMARY
from ohmgrad.serve.model import Answering
from ohmgrad.serve.samples import Kind

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""What the name of a model or a scenario may be."""
Version = Annotated[int, Field(ge=1, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1)]
_Positive = Annotated[float, Field(gt=0, le=1e6)]


class ModelSettings(Strict):
    """A model: the folder of a finished run, or a folder of such folders named 1, 2, ..., which are its versions."""

    folder: str = Field(description="folder of a finished run, or of its versions")
    arm: str | None = Field(None, description="arm of the run that answers; none: crossbar if there is one")
    answering: Answering = Field("first", description="which chips answer: the first, the mean or the vote of all")
    version: Version | None = Field(None, description="version that answers where none is named; none: the latest")


class Bound(Strict):
    """A bound on a number: below, above, or both."""

    below: float | None = Field(None, description="it holds below this")
    above: float | None = Field(None, description="it holds above this")

    @model_validator(mode="after")
    def _some(self) -> "Bound":
        if self.below is None and self.above is None:
            raise ValueError("needs below or above")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value is within the bounds."""
        return (self.below is None or value < self.below) and (self.above is None or value > self.above)


class When(Strict):
    """When a scenario applies by itself: all conditions that are given must hold."""

    input: Kind | None = Field(None, description="kind of the sample: dots, image, signal or numbers")
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(None, description="shape of the sample")
    hours: Annotated[list[str], Field(min_length=2, max_length=2)] | None = Field(
        None, description='local time from and until, as ["22:00", "06:00"]'
    )
    load: Bound | None = Field(None, description="share of the fullest queue that is in use")
    signals: dict[str, Bound] = Field(
        default_factory=dict, description="numbers that the caller or PUT /v1/signals gives, such as battery"
    )

    @field_validator("hours")
    @classmethod
    def _times(cls, hours: list[str] | None) -> list[str] | None:
        for hour in hours or ():
            time.fromisoformat(hour)
        return hours


class Budget(Strict):
    """Chooses among models by what they cost and how often they are right, from their own ledgers and tests."""

    best: Literal["joules", "seconds", "accuracy"] = Field(
        description="which is best: fewest joules or seconds per answer of the chip, or the most right answers"
    )
    right: Share | None = Field(None, description="smallest share of right answers")
    joules: _Positive | None = Field(None, description="most joules per answer of the chip")
    seconds: _Positive | None = Field(None, description="most seconds per answer of the chip")
    among: list[str] | None = Field(None, min_length=1, description="only these models; none: all")


class Scenario(Strict):
    """Which model answers in a scenario: one by name, or the best one within a budget."""

    model: str | None = Field(None, description="name of the model")
    budget: Budget | None = Field(None, description="choose the model by budget instead")
    when: When | None = Field(None, description="when it applies by itself; none: only where a request names it")

    @model_validator(mode="after")
    def _one(self) -> "Scenario":
        if (self.model is None) == (self.budget is None):
            raise ValueError("needs either model or budget")
        return self


class Batching(Strict):
    """How requests are gathered."""

    window_ms: Annotated[float, Field(ge=0, le=1000)] = Field(2.0, description="a batch waits so long for more")
    largest: Annotated[int, Field(ge=1, le=4096)] = Field(64, description="largest batch in samples")
    queue: Annotated[int, Field(ge=1, le=1_000_000)] = Field(4096, description="most samples that may wait")


class Bounds(Strict):
    """Limits on requests."""

    body_bytes: Annotated[int, Field(ge=1024, le=10**9)] = Field(8_000_000, description="largest body")
    samples: Annotated[int, Field(ge=1, le=10**6)] = Field(4096, description="most samples in a request")
    body_seconds: _Positive = Field(10.0, description="a request's body must have arrived within this time")


class ServeSettings(Strict):
    """Settings of a server. Folders are relative to the file that names them."""

    models: dict[str, ModelSettings] = Field(default_factory=dict, description="models by name")
    repository: str | None = Field(None, description="folder whose models can be loaded while serving")
    default: str | None = Field(None, description="model or scenario that answers where a request names none")
    scenarios: dict[str, Scenario] = Field(default_factory=dict, description="scenarios by name, in order")
    batching: Batching = Field(
        default_factory=lambda: Batching.model_validate({}), description="how requests are gathered"
    )
    limits: Bounds = Field(default_factory=lambda: Bounds.model_validate({}), description="limits on requests")
    state: str | None = Field(None, description="file that keeps which models and versions are served")

    @model_validator(mode="after")
    def _names(self) -> "ServeSettings":
        for name in [*self.models, *self.scenarios]:
            if not NAME.fullmatch(name):
                raise ValueError(f"'{name}' is no name; allowed: letters, digits, dots, dashes, underscores")
        if both := self.models.keys() & self.scenarios.keys():
            raise ValueError(f"'{min(both)}' is both a model and a scenario")
        for name, scenario in self.scenarios.items():
            named = [scenario.model] if scenario.model else (scenario.budget and scenario.budget.among) or []
            for model in named:
                if model not in self.models and self.repository is None:
                    raise ValueError(f"scenarios.{name} names '{model}'; models: {', '.join(self.models) or 'none'}")
        if self.default is not None and self.default not in {*self.models, *self.scenarios}:
            raise ValueError(f"default is '{self.default}'; allowed: {', '.join([*self.models, *self.scenarios])}")
        return self

    def with_models(self, more: Mapping[str, ModelSettings]) -> "ServeSettings":
        """The settings with more models.

        Args:
            more: Models by name.

        Raises:
            InputError: if a name is taken.
        """
        if both := more.keys() & {*self.models, *self.scenarios}:
            raise InputError(f"RUN: '{min(both)}' is also a model or a scenario of the settings")
        return self.model_copy(update={"models": {**more, **self.models}})


def load(path: Path) -> ServeSettings:
    """Read a file of settings; its folders become paths relative to it.

    Raises:
        InputError: if it cannot be read, or a field is wrong.
    """
    what = str(path)
    settings = records.load(ServeSettings, records.read(path, "`config`"), what)
    at = path.parent
    models = {name: each.model_copy(update={"folder": _at(at, each.folder)}) for name, each in settings.models.items()}
    changes: dict[str, Any] = {"models": models}
    for field in ("repository", "state"):
        if (given := getattr(settings, field)) is not None:
            changes[field] = _at(at, given)
    return settings.model_copy(update=changes)


def _at(folder: Path, path: str) -> str:
    return str(folder / files.at_home(Path(path)))


def of_runs(folders: list[Path]) -> dict[str, ModelSettings]:
    """Models of folders that the command line names; a model has the name of its folder.

    Raises:
        InputError: if two have the same name, or a name is not allowed.
    """
    found: dict[str, ModelSettings] = {}
    for folder in folders:
        name = folder.resolve().name
        if not NAME.fullmatch(name):
            raise InputError(f"RUN: the folder's name '{name}' cannot name a model; give it one in serve.yaml")
        if name in found:
            raise InputError(f"RUN: two folders are called '{name}'; give them names in serve.yaml")
        found[name] = ModelSettings.model_validate({"folder": str(folder)})
    return found


def versions(folder: Path) -> dict[int, Path]:
    """The versions of a model: its folder as version 1, or its subfolders with numbers as names.

    Raises:
        InputError: if there is none.
    """
    if files.exists(folder / SUMMARY):
        return {1: folder}
    numbered = {}
    if folder.is_dir():
        numbered = {int(each.name): each for each in folder.iterdir() if re.fullmatch(r"[1-9][0-9]{0,8}", each.name)}
    found = {version: numbered[version] for version in sorted(numbered) if files.exists(numbered[version] / SUMMARY)}
    if not found:
        raise InputError(f"{folder} holds no finished run ({SUMMARY} is missing), nor folders 1, 2, ... that hold one")
    return found
