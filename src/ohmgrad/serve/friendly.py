"""The routes below /v1, for people and scripts: one sample in, its answer and what it took out."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import jax
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.quantity import Strict
from ohmgrad.serve import lab, protocol
from ohmgrad.serve.inference import version_number
from ohmgrad.serve.lab import NONE, Effects
from ohmgrad.serve.model import GPU_BATCH
from ohmgrad.serve.repository import Loaded, Served
from ohmgrad.serve.samples import GIVEN, Samples
from ohmgrad.serve.scenarios import Asked, choose
from ohmgrad.serve.server import SEEDS, Answered, Server

SCENARIO = "ohmgrad-scenario"
"""HTTP header that names a scenario."""
_Signals = dict[Annotated[str, Field(max_length=64)], float]


class Ask(Strict):
    """A request to `/v1/predict`: a sample, and who should answer."""

    model: str | None = Field(None, description="model that answers; none: a scenario, or the default, chooses")
    version: int | None = Field(None, description="version of the model; none: the one that answers")
    scenario: str | None = Field(None, description="scenario that chooses the model")
    word: str | None = Field(None, description="a Braille word of 3 to 10 letters")
    dots: list[Any] | None = Field(None, description="dots: 1 raised, -1 flat, 0 unreadable")
    image: str | list[Any] | None = Field(None, description="base64 of a picture file, or pixels from 0 to 255")
    input: list[Any] | None = Field(None, description="the numbers of a sample")
    seed: Annotated[int, Field(ge=0, lt=SEEDS)] | None = Field(None, description="seed of the read noise; none: drawn")
    timeout_ms: Annotated[float, Field(gt=0, le=1e6)] | None = Field(None, description="time for the answer")
    signals: _Signals = Field(default_factory=dict, description="numbers that scenarios look at, such as battery")


class Watched(Ask):
    """A request to `/v1/watch`."""

    effects: Effects = Field(default_factory=lambda: NONE, description="changes of the hardware for this answer")


class Label(Strict):
    """A label for an earlier answer."""

    id: str = Field(description="id of the answer")
    label: Any = Field(description="name of the right class, or the right dots")


class Signalled(Strict):
    """Numbers that scenarios look at."""

    signals: dict[Annotated[str, Field(max_length=64)], float | None] = Field(max_length=100)


def routes(app: FastAPI, server: Server) -> None:
    """Add the routes to an application.

    Args:
        app: The application.
        server: The server that answers.
    """
    _answers(app, server)
    _labels_and_signals(app, server)
    _facts(app, server)


def _answers(app: FastAPI, server: Server) -> None:
    looks = lab.Looks()

    @app.post("/v1/predict")
    async def predict_one(request: Request) -> Response:
        """Answer one sample: a Braille word, dots, an image or numbers. A picture may also be the whole body."""
        return await predict(server, request)

    @app.post("/v1/watch")
    async def watch(request: Request) -> JSONResponse:
        """Answer one sample on the first chip, with its neurons sweep by sweep, and other effects of the hardware."""
        ask, picture = await _asked(request, Watched)
        choice = choose(server.repository, _who(request, ask, picture), server.signals)
        model = choice.loaded.model
        x = _sample(ask, picture)(model.samples)
        model.samples.check(x)
        seed = ask.seed or 0
        found = await looks.look(model, x, seed, ask.effects)
        who = {"model": choice.loaded.name, "version": str(choice.loaded.version), "why": choice.why}
        return JSONResponse(found | who | {"scenario": choice.scenario, "seed": seed})


def _labels_and_signals(app: FastAPI, server: Server) -> None:
    @app.post("/v1/label")
    async def label(request: Request) -> JSONResponse:
        """Tell the right answer to an earlier request, for the accuracy in /metrics."""
        given = records.check(Label, protocol.parse_json(await request.body()), "the request")
        return JSONResponse(server.label(given.id, given.label))

    @app.get("/v1/signals")
    async def signals() -> JSONResponse:
        """The numbers that scenarios look at."""
        return JSONResponse({"signals": server.signals})

    @app.put("/v1/signals")
    async def tell(request: Request) -> JSONResponse:
        """Set numbers that scenarios look at, such as the charge of a battery; null forgets one."""
        given = records.check(Signalled, protocol.parse_json(await request.body()), "the request")
        server.tell(given.signals)
        return JSONResponse({"signals": server.signals})


def _facts(app: FastAPI, server: Server) -> None:
    @app.get("/v1/models")
    async def models() -> JSONResponse:
        """All models that answer, with what they take, how often they are right, and what an answer costs."""
        scenarios = {name: each.model_dump(exclude_none=True) for name, each in server.settings.scenarios.items()}
        told = {"scenarios": scenarios, "default": server.settings.default, "fault": server.fault}
        return JSONResponse({"models": described(server)} | told)

    @app.get("/v1/models/{name}/layers/{layer}")
    async def layer(name: str, layer: str, version: str | None = None) -> Response:
        """A weight matrix of the first chip as a picture: red positive, blue negative."""
        model = server.repository.find(name, None if version is None else version_number(version)).model
        return Response(lab.picture(model, version_number(layer)), media_type="image/png")


async def predict(server: Server, request: Request) -> Response:
    """Answer a friendly request for one sample; arguments and errors as of `infer`."""
    ask, picture = await _asked(request, Ask)
    answered = await server.answer(_who(request, ask, picture), _sample(ask, picture), ask.seed, _seconds(ask))
    return JSONResponse(_told(answered))


async def _asked(request: Request, kind: type[Any]) -> tuple[Any, bytes | None]:
    """The request, and its picture if that is the whole body."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("image/"):
        query: dict[str, Any] = dict(request.query_params)
        for field in ("version", "seed"):
            if field in query:
                query[field] = version_number(query[field]) if field == "version" else _seed(query[field])
        return records.check(kind, query, "the request"), body
    ask = records.check(kind, await protocol.parsed(protocol.parse_json, body), "the request")
    given = [name for name in GIVEN if getattr(ask, name) is not None]
    if len(given) != 1:
        raise InputError(f"the request gives {' and '.join(given) or 'no sample'}; allowed: one of {', '.join(GIVEN)}")
    return ask, None


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise InputError(f"seed: '{text[:20]}' is not a whole number; allowed: 0 to {SEEDS - 1}")
    return int(text)


def _who(request: Request, ask: Ask, picture: bytes | None) -> Asked:
    fields = tuple(name for name in GIVEN if getattr(ask, name) is not None) or (("image",) if picture else ())
    scenario = ask.scenario or request.headers.get(SCENARIO)
    shape = None
    for value in (ask.input, ask.image if isinstance(ask.image, list) else None):
        if value is not None:
            with suppress(ValueError):  # the model that is chosen says what is wrong with it
                shape = protocol.numbers(value).shape
    return Asked(ask.model, ask.version, scenario, fields, ask.signals, shape)


def _sample(ask: Ask, picture: bytes | None) -> Callable[[Samples], np.ndarray]:
    def of(samples: Samples) -> np.ndarray:
        if picture is not None:
            return samples.of_picture(picture)[None]
        return samples.of_request(ask.model_dump(include=set(GIVEN)))[None]

    return of


def _seconds(ask: Ask) -> float | None:
    return None if ask.timeout_ms is None else ask.timeout_ms / 1000


def _told(answered: Answered) -> dict[str, Any]:
    """The answer to a friendly request, as JSON."""
    choice, answers = answered.choice, answered.answers
    model, output = choice.loaded.model, answers.output[0]
    price = answered.price
    told: dict[str, Any] = {
        "id": answered.id,
        "model": choice.loaded.name,
        "version": str(choice.loaded.version),
        "scenario": choice.scenario,
        "why": choice.why,
        "answer": model.samples.named(output),
        "output": [float(value) if np.isfinite(value) else None for value in output],
    }
    if getattr(model.rule, "loss", None) == "cross-entropy" and model.answering != "vote":
        told["probabilities"] = np.asarray(jax.nn.softmax(output)).tolist()
    return told | {
        "seed": answered.seed,
        "settled": bool(answers.settled[0]),
        "sweeps": float(answers.sweeps[0]),
        "residual": float(answers.residual[0]) if np.isfinite(answers.residual[0]) else None,
        "joules": price.joules,
        "seconds": price.seconds,
        "gpu": {
            "machine": model.prices.machine,
            "batch": GPU_BATCH,
            "joules": price.gpu_joules,
            "seconds": price.gpu_seconds,
        },
    }


def described(server: Server) -> list[dict[str, Any]]:
    """All models that answer, as JSON."""
    served = [each for each in server.repository.models.values() if each.ready]
    return [_described(server.repository.find(each.name), each) for each in served]


def _described(loaded: Loaded, served: Served) -> dict[str, Any]:
    model, price = loaded.model, loaded.model.prices.most
    return {
        "name": loaded.name,
        "title": model.recipe.title,
        "versions": [str(version) for version in served.versions],
        "version": str(loaded.version),
        "arm": model.arm,
        "answering": model.answering,
        "takes": model.samples.takes,
        "kind": model.samples.kind,
        "shape": list(model.samples.shape),
        "classes": None if model.samples.classes is None else list(model.samples.classes),
        "settles": model.settles,
        "layers": [list(shape) for shape in model.rule.shapes],
        "siemens": model.siemens,
        "right": model.accuracy,
        "price": price._asdict() | {"machine": model.prices.machine},
        "checked": loaded.checked,
    }
