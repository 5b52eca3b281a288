"""Gathers requests into batches: one thread owns a model and answers what has come in meanwhile."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ohmgrad.serve.model import Answers, Model

Watch = Callable[[int, float], None]
"""Callback after a batch: samples in it, and seconds that it took."""


class Overloaded(Exception):
    """The queue is full.

    Args:
        seconds: Time after which it is worth trying again.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("the queue is full; try again later")
        self.seconds = seconds


class Late(Exception):
    """A request was not answered within its time."""


class Limits(NamedTuple):
    """Limits of the queue of a model.

    Attributes:
        window_seconds: A batch waits so long for further requests, from its first one on.
        queue: Largest number of waiting samples; more are refused.
    """

    window_seconds: float
    queue: int


class _Waiting(NamedTuple):
    x: np.ndarray
    seeds: np.ndarray
    came: float
    deadline: float | None
    answer: asyncio.Future


class Batcher:
    """Answers requests with a model in batches, in the order in which they came.

    Args:
        model: The model.
        limits: Limits of the queue.
        watch: Callback after every batch.
    """

    def __init__(self, model: Model, limits: Limits, watch: Watch = lambda *_: None) -> None:
        self.model, self._limits, self._watch = model, limits, watch
        self._queue: deque[_Waiting] = deque()
        self._some, self._step_seconds = asyncio.Event(), 0.0
        self.waiting = 0
        """Samples that wait."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def answer(self, x: np.ndarray, seeds: np.ndarray, seconds: float | None = None) -> Answers:
        """Answer the samples of a request.

        Args:
            x: The samples, as of `Model.answer`: float32, (samples, ...).
            seeds: Seed of each sample: uint32.
            seconds: Time within which an answer is wanted; None: any.

        Raises:
            Overloaded: if the queue is full.
            Late: if there is no answer in time.
        """
        if self.waiting and self.waiting + len(x) > self._limits.queue:
            raise Overloaded(max(1.0, self._step_seconds * self.waiting / self.model.largest))
        now = time.monotonic()
        deadline = None if seconds is None else now + seconds
        future = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(x, seeds, now, deadline, future))
        self.waiting += len(x)
        self._some.set()
        if seconds is None:
            return await future
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise Late(f"no answer within {seconds:g} seconds") from None

    async def close(self) -> None:
        """Answer all that waits, then stop."""
        while self._queue or self.waiting:
            await asyncio.sleep(0.005)
        self._worker.cancel()
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._gathered()
            batch = self._taken()
            if batch:
                await self._answered(loop, batch)

    async def _gathered(self) -> None:
        """Wait until there is a full batch, or the window of the first request has passed."""
        await self._some.wait()
        while self._queue and self.waiting < self.model.largest:
            left = self._queue[0].came + self._limits.window_seconds - time.monotonic()
            if left <= 0:
                return
            self._some.clear()
            try:
                async with asyncio.timeout(left):
                    await self._some.wait()
            except TimeoutError:
                self._some.set()

    def _taken(self) -> list[_Waiting]:
        """The next requests that fit into one batch; those that are too late or given up are dropped."""
        batch, samples, now = [], 0, time.monotonic()
        while self._queue:
            first = self._queue[0]
            if first.answer.done() or (first.deadline is not None and first.deadline < now):
                self._queue.popleft()
                self.waiting -= len(first.x)
                if not first.answer.done():
                    first.answer.set_exception(Late("no answer in time"))
                continue
            if batch and samples + len(first.x) > self.model.largest:
                break
            batch.append(self._queue.popleft())
            samples += len(first.x)
        if not self._queue:
            self._some.clear()
        return batch

    async def _answered(self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting]) -> None:
        began, samples = time.monotonic(), sum(len(each.x) for each in batch)
        x, seeds = (np.concatenate(part) for part in ([each.x for each in batch], [each.seeds for each in batch]))
        try:
            answers = await loop.run_in_executor(self._thread, self.model.answer, x, seeds)
        except Exception as error:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
            return
        finally:
            self.waiting -= samples
        self._step_seconds = time.monotonic() - began
        self._watch(samples, self._step_seconds)
        place = 0
        for each in batch:
            part = Answers(*(array[place : place + len(each.x)] for array in answers))
            place += len(each.x)
            if not each.answer.done():
                each.answer.set_result(part)
