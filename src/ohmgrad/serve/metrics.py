"""Counters of a server, for Prometheus."""

from typing import Any, NamedTuple

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ohmgrad.serve.model import Answers, Price
from ohmgrad.serve.repository import Repository
from ohmgrad.serve.scenarios import Choice

_SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5)
_MODEL = ("model", "version")


class _Seen(NamedTuple):
    """Counters of one model, version and scenario: looking them up takes longer than counting."""

    seconds: Histogram
    answers: Counter
    unsettled: Counter
    joules: Counter
    gpu_joules: Counter


class Metrics:
    """The counters of one server, with a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        labels = (*_MODEL, "scenario")
        self.requests = Counter("ohmgrad_requests", "Requests by outcome", ("path", "status"), registry=registry)
        self.seconds = Histogram(
            "ohmgrad_request_seconds", "Seconds from request to answer", labels, buckets=_SECONDS, registry=registry
        )
        self.answers = Counter("ohmgrad_answers", "Samples answered", labels, registry=registry)
        self.unsettled = Counter("ohmgrad_unsettled", "Answers that did not settle", labels, registry=registry)
        machines = (*labels, "machine")
        self.joules = Counter("ohmgrad_joules", "Joules of the answers, as priced", machines, registry=registry)
        self.batch = Histogram(
            "ohmgrad_batch_samples", "Samples in a batch", _MODEL, buckets=[2**k for k in range(13)], registry=registry
        )
        self.step = Histogram(
            "ohmgrad_batch_seconds", "Seconds of a batch in the model", _MODEL, buckets=_SECONDS, registry=registry
        )
        self.queue = Gauge("ohmgrad_queue_samples", "Samples that wait", _MODEL, registry=registry)
        self.accuracy = Gauge(
            "ohmgrad_labelled_right",
            "Share of right answers where a label came back",
            _MODEL,
            registry=registry,
        )
        self.labels = Counter("ohmgrad_labels", "Labels that came back", _MODEL, registry=registry)
        self._seen: dict[tuple[Any, ...], _Seen] = {}
        self._right: dict[tuple[str, str], list[int]] = {}

    def batched(self, name: str, version: int):
        """The callback of a batcher."""
        batch, step = self.batch.labels(name, version), self.step.labels(name, version)

        def watch(samples: int, seconds: float) -> None:
            batch.observe(samples)
            step.observe(seconds)

        return watch

    def responded(self, path: str, status: int) -> None:
        """Count a response: path infer, predict or other, and its status."""
        self.requests.labels(path, status).inc()

    def answered(self, choice: Choice, answers: Answers, price: Price, seconds: float) -> None:
        """Count a request's answers, each at a price."""
        loaded, number = choice.loaded, len(answers.output)
        seen = self._of(loaded.name, loaded.version, choice.scenario or "")
        seen.seconds.observe(seconds)
        seen.answers.inc(number)
        seen.unsettled.inc(number - int(np.count_nonzero(answers.settled)))
        seen.joules.inc(number * (price.joules or 0.0))
        seen.gpu_joules.inc(number * price.gpu_joules)

    def _of(self, *labels: Any) -> "_Seen":
        """The counters of a model, version and scenario."""
        if labels not in self._seen:
            chip, gpu = (self.joules.labels(*labels, machine) for machine in ("chip", "gpu"))
            unsettled = self.unsettled.labels(*labels)
            self._seen[labels] = _Seen(self.seconds.labels(*labels), self.answers.labels(*labels), unsettled, chip, gpu)
        return self._seen[labels]

    def labelled(self, name: str, version: int, right: bool) -> None:
        """Count a label that came back for an answer."""
        tally = self._right.setdefault((name, str(version)), [0, 0])
        tally[0] += right
        tally[1] += 1
        self.labels.labels(name, version).inc()
        self.accuracy.labels(name, version).set(tally[0] / tally[1])

    def text(self, repository: Repository) -> bytes:
        """All counters in Prometheus' text format."""
        self.queue.clear()
        for served in repository.models.values():
            for loaded in served.versions.values():
                self.queue.labels(loaded.name, loaded.version).set(loaded.batcher.waiting)
        return generate_latest(self.registry)
