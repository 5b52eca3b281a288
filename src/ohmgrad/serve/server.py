"""What a server holds and does, apart from HTTP: models, signals, counters, and its file of settings."""

import asyncio
import logging
import os
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.serve import settings as settings_of
from ohmgrad.serve.metrics import Metrics
from ohmgrad.serve.model import Answers, Price
from ohmgrad.serve.repository import Loaded, NotFound, Repository
from ohmgrad.serve.samples import Samples
from ohmgrad.serve.scenarios import Asked, Choice, choose
from ohmgrad.serve.settings import ModelSettings, ServeSettings

LOG = logging.getLogger("ohmgrad.serve")
_LOOK_SECONDS = 0.5
_KEPT_ANSWERS, _MOST_SIGNALS = 4096, 1000
SEEDS = 1 << 32
_DRAWN = random.Random(os.urandom(32))
"""Seeds and names of answers. A system call for each would take a tenth of a request's time."""


Given = np.ndarray | Callable[[Samples], np.ndarray]
"""Samples, (samples, *shape), or a function that makes them from what a model's samples are."""


class Answered(NamedTuple):
    """Answers to a request.

    Attributes:
        choice: Who answered, and why.
        answers: The answers.
        price: What one of them costs, on the mean.
        seed: Seed of the first sample; the next one has the next seed.
        id: Names the answer, for a label that comes back later.
    """

    choice: Choice
    answers: Answers
    price: Price
    seed: int
    id: str


class Server:
    """Models, signals and counters of one server. Make it inside a running event loop.

    Args:
        settings: Its settings.
        config: The file that they are from; it is watched, and changes in it are applied. None: there is none.
        more: Models beside those of the settings, which no change of the file unloads.

    Raises:
        InputError: if one of them has the name of a model or scenario of the settings.
    """

    def __init__(
        self, settings: ServeSettings, config: Path | None = None, more: Mapping[str, ModelSettings] | None = None
    ) -> None:
        self._more = more or {}
        self.metrics = Metrics()
        self.repository = Repository(settings.with_models(self._more), self.metrics.batched)
        self.signals: dict[str, float] = {}
        self.fault = ""
        """Why the last change of the file of settings was not applied; empty: it was."""
        self._config, self._seen, self._watching = config, _stamp(config) if config else None, None
        self._answered: OrderedDict[str, tuple[str, int, str]] = OrderedDict()

    @property
    def settings(self) -> ServeSettings:
        """The settings that are in force."""
        return self.repository.settings

    async def start(self) -> None:
        """Load the models, and begin to watch the file of settings.

        Raises:
            InputError: if a model cannot be loaded.
        """
        await self.repository.start()
        if self._config is not None:
            self._watching = asyncio.get_running_loop().create_task(self._watch(self._config))

    async def close(self) -> None:
        """Answer what waits, then stop."""
        if self._watching is not None:
            self._watching.cancel()
        await self.repository.close()

    async def answer(
        self,
        asked: Asked,
        samples: Given,
        seed: int | np.ndarray | None = None,
        seconds: float | None = None,
    ) -> Answered:
        """Answer a request.

        Args:
            asked: What it says of who should answer.
            samples: The samples.
            seed: Seed of the read noise of the first sample, or of each (uint32). None: drawn.
            seconds: Time within which an answer is wanted; None: any.

        Raises:
            NotFound: if the model, version or scenario is not served.
            InputError: if the samples are not the model's.
            Overloaded: if the queue is full.
            Late: if there is no answer in time.
        """
        began = time.perf_counter()
        choice = choose(self.repository, asked, self.signals)
        model = choice.loaded.model
        given: np.ndarray = samples(model.samples) if callable(samples) else samples
        if not 1 <= len(given) <= self.settings.limits.samples:
            raise InputError(f"input: {len(given)} samples; allowed: 1 to {self.settings.limits.samples}")
        model.samples.check(given)
        seeds = _seeds(seed, len(given))
        answers = await choice.loaded.batcher.answer(given, seeds, seconds)
        price = model.prices.after(float(np.add.reduce(answers.sweeps)) / len(given))
        self.metrics.answered(choice, answers, price, time.perf_counter() - began)
        return Answered(choice, answers, price, int(seeds[0]), self._keep(choice.loaded, answers))

    def _keep(self, loaded: Loaded, answers: Answers) -> str:
        """Remember what was answered first, for a label that comes back; of the oldest nothing is kept."""
        identity = f"{_DRAWN.getrandbits(64):016x}"
        named = loaded.model.samples.named(answers.output[0])
        self._answered[identity] = loaded.name, loaded.version, str(named)
        while len(self._answered) > _KEPT_ANSWERS:
            self._answered.popitem(last=False)
        return identity

    def label(self, identity: str, truth: Any) -> dict[str, Any]:
        """Take the right answer to an earlier request, once.

        Args:
            identity: The id of the answer.
            truth: The name of the right class, or the right dots.

        Returns:
            Whether the answer was right, and by which model and version it was given.

        Raises:
            NotFound: if there is no such answer, or none any more.
            InputError: if the model has no such class.
        """
        if identity not in self._answered:
            raise NotFound(
                f"id: no answer '{identity[:40]}' is remembered; the last {_KEPT_ANSWERS} are, until labelled"
            )
        name, version, answer = self._answered[identity]
        classes = self.repository.find(name).model.samples.classes
        if classes is not None and truth not in classes:
            raise InputError(f"label: '{str(truth)[:40]}' is no class of '{name}'; allowed: {', '.join(classes)}")
        del self._answered[identity]
        right = str(truth) == answer
        self.metrics.labelled(name, version, right)
        return {"id": identity, "model": name, "version": str(version), "answer": answer, "right": right}

    def tell(self, signals: Mapping[str, float | None]) -> None:
        """Set numbers that scenarios look at; None forgets one.

        Raises:
            InputError: if there would be too many.
        """
        if len(self.signals.keys() | signals.keys()) > _MOST_SIGNALS:
            raise InputError(f"signals: more than {_MOST_SIGNALS} names; allowed: forget some by null")
        for name, value in signals.items():
            if value is None:
                self.signals.pop(name, None)
            else:
                self.signals[name] = value

    async def _watch(self, config: Path) -> None:
        """Apply the file of settings whenever it has changed."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if (now := _stamp(config)) != self._seen:
                self._seen = now
                await self._reread(config)

    async def _reread(self, config: Path) -> None:
        try:
            await self.repository.apply(settings_of.load(config).with_models(self._more))
            self.fault = ""
            LOG.info("%s is applied", config)
        except InputError as error:
            self.fault = str(error)
            LOG.warning("%s is not applied: %s", config, error)


def _seeds(seed: int | np.ndarray | None, samples: int) -> np.ndarray:
    """A seed per sample: consecutive ones from the first, unless each is given."""
    if isinstance(seed, np.ndarray):
        return seed
    first = _DRAWN.randrange(SEEDS) if seed is None else seed
    return ((first + np.arange(samples, dtype=np.uint64)) % SEEDS).astype(np.uint32)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
