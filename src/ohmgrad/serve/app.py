"""The HTTP interface: the Open Inference Protocol, version 2, and beside it /v1 for people, the page, and metrics."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from importlib import resources
from typing import Annotated, Any

import jax
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import ohmgrad
from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.quantity import Strict
from ohmgrad.serve import lab, protocol
from ohmgrad.serve.batching import Late, Overloaded
from ohmgrad.serve.documents import document
from ohmgrad.serve.guard import Guard, Protects
from ohmgrad.serve.lab import NONE, Effects
from ohmgrad.serve.model import GPU_BATCH, Model
from ohmgrad.serve.protocol import Tensor
from ohmgrad.serve.repository import Loaded, NotFound, Served
from ohmgrad.serve.samples import GIVEN, Samples
from ohmgrad.serve.scenarios import Asked, choose
from ohmgrad.serve.server import SEEDS, Answered, Server

_SEEDED = ("INT32", "INT64", "UINT32", "UINT64")
_LARGE = 1 << 17
"""Bodies above this size are parsed in a thread, while other requests go on."""
_INFER = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
SCENARIO = "ohmgrad-scenario"
"""HTTP header that names a scenario."""
_PAGE = resources.files("ohmgrad.serve").joinpath("page")
_KINDS = {"lab.js": "text/javascript", "lab.css": "text/css"}
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


def application(server: Server, token: str | None = None, protects: Protects = "changes") -> ASGIApp:
    """The application.

    Args:
        server: The server, started.
        token: The token; None: none is needed.
        protects: Whether the token is needed for what changes the server, or for all requests.
    """
    app = FastAPIOffline(title="ohmgrad", version=ohmgrad.__version__, redoc_url=None, redirect_slashes=False)
    _errors(app)
    for routes in (_page, _health, _models, _repository, _friendly):
        routes(app, server)
    document(app, {"predict": Ask, "watch": Watched, "label": Label, "signals": Signalled})
    return _Counted(Guard(_Direct(app, server), server.settings.limits, token, protects), server)


class _Counted:
    """Counts the outcomes of requests, those that are refused included.

    Args:
        app: The guarded application.
        server: The server.
    """

    def __init__(self, app: Guard, server: Server) -> None:
        self._app, self._server = app, server

    async def __call__(self, scope, receive, send) -> None:
        path = scope.get("path", "")
        name = "infer" if path.endswith("/infer") else "predict" if path == "/v1/predict" else "other"

        async def counted(message) -> None:
            if message["type"] == "http.response.start":
                self._server.metrics.responded(name, message["status"])
            await send(message)

        await self._app(scope, receive, counted)


class _Direct:
    """Answers what is asked most often without FastAPI, whose layers take longer than the answer.

    Args:
        app: The application, which answers everything else.
        server: The server.
    """

    def __init__(self, app: FastAPI, server: Server) -> None:
        self._app, self._server = app, server

    async def __call__(self, scope, receive, send) -> None:
        path = scope["path"] if scope.get("method") == "POST" else ""
        match = _INFER.fullmatch(path)
        if not match and path != "/v1/predict":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await (
                infer(self._server, request, *match.groups()) if match else predict(self._server, request)
            )
        except (InputError, Overloaded, Late) as error:
            response = refusal(error)
        await response(scope, receive, send)


def refusal(error: InputError | Overloaded | Late) -> JSONResponse:
    """The response to a request that cannot be answered."""
    if isinstance(error, InputError):
        return _says(404 if isinstance(error, NotFound) else 400, str(error))
    if isinstance(error, Overloaded):
        return _says(429, str(error), {"retry-after": str(round(error.seconds))})
    return _says(504, str(error))


def _says(status: int, why: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": why}, status, headers)


def _errors(app: FastAPI) -> None:
    """Errors as the protocol wants them: a status, and {"error": sentence}."""

    @app.exception_handler(InputError)
    @app.exception_handler(Overloaded)
    @app.exception_handler(Late)
    async def refused(_: Request, error: InputError | Overloaded | Late):
        return refusal(error)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException):
        return _says(error.status_code, str(error.detail), dict(error.headers or {}))


def _page(app: FastAPI, server: Server) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return Response(_PAGE.joinpath("lab.html").read_text("utf-8"), media_type="text/html")

    @app.get("/page/{name}", include_in_schema=False)
    async def part(name: str) -> Response:
        if name not in _KINDS:
            raise NotFound(f"no such page: {name[:40]}")
        return Response(_PAGE.joinpath(name).read_text("utf-8"), media_type=_KINDS[name])

    @app.get("/metrics")
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(server.metrics.text(server.repository), media_type=server.metrics.content_type)


def _health(app: FastAPI, server: Server) -> None:
    @app.get("/v2")
    async def server_metadata() -> JSONResponse:
        """Name, version and extensions of the server."""
        extensions = ["model_repository", "binary_tensor_data"]
        return JSONResponse({"name": "ohmgrad", "version": ohmgrad.__version__, "extensions": extensions})

    @app.get("/v2/health/live")
    async def live() -> JSONResponse:
        """Whether the server runs."""
        return JSONResponse({"live": True})

    @app.get("/v2/health/ready")
    async def ready() -> JSONResponse:
        """Whether all models answer; 503 if not."""
        answers = server.repository.ready
        return JSONResponse({"ready": answers}, 200 if answers else 503)


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound(f"version '{text[:40]}' is not a number")
    return int(text)


def _of_path(request: Request) -> int | None:
    """The version in the path of a request, if there is one."""
    version = request.path_params.get("version")
    return None if version is None else _version(version)


def _models(app: FastAPI, server: Server) -> None:
    """Metadata, readiness and inference, with and without a version."""

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def model_metadata(request: Request, name: str) -> JSONResponse:
        """Versions, inputs and outputs of a model."""
        repository = server.repository
        loaded = repository.find(name, _of_path(request))
        return JSONResponse(_metadata(loaded, repository.models[name]))

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(request: Request, name: str) -> JSONResponse:
        """Whether a model answers."""
        server.repository.find(name, _of_path(request))
        return JSONResponse({"ready": True})

    @app.post("/v2/models/{name}/infer")
    @app.post("/v2/models/{name}/versions/{version}/infer")
    async def infer_tensors(request: Request, name: str) -> Response:
        """Answer the samples of a tensor. The body is JSON, or JSON followed by binary data."""
        return await infer(server, request, name, request.path_params.get("version"))


async def infer(server: Server, request: Request, name: str, version: str | None) -> Response:
    """Answer a request for inference of the Open Inference Protocol.

    Args:
        server: The server.
        request: The request.
        name: The model.
        version: Its version; None: the one that answers.

    Raises:
        InputError: if the request is wrong, or the model is not served.
        Overloaded: if the queue is full.
        Late: if there is no answer in time.
    """
    asked = Asked(model=name, version=None if version is None else _version(version))
    body, json_bytes = await request.body(), request.headers.get(protocol.HEADER)
    if len(body) > _LARGE:
        wanted = await asyncio.to_thread(protocol.parse, body, json_bytes)
    else:
        wanted = protocol.parse(body, json_bytes)
    return await _inferred(server, asked, wanted)


def _metadata(loaded: Loaded, served: Served) -> dict[str, Any]:
    model = loaded.model
    inputs = [
        {"name": "input", "datatype": "FP32", "shape": [-1, *model.samples.shape]},
        {"name": "seed", "datatype": "UINT32", "shape": [-1], "parameters": {"optional": True}},
    ]
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, *rest]} for name, datatype, rest in _outputs_of(model)
    ]
    return {
        "name": loaded.name,
        "versions": [str(version) for version in served.versions],
        "platform": "ohmgrad",
        "inputs": inputs,
        "outputs": outputs,
    }


def _outputs_of(model: Model) -> list[tuple[str, str, list[int]]]:
    named = ("answer", "BYTES", []) if model.samples.classes is not None else ("answer", "INT32", [model.outputs])
    return [
        ("output", "FP32", [model.outputs]),
        named,
        ("settled", "BOOL", []),
        ("sweeps", "FP32", []),
        ("residual", "FP32", []),
    ]


async def _inferred(server: Server, asked: Asked, wanted: protocol.Request) -> Response:
    odd = wanted.tensors.keys() - {"input", "seed"}
    if odd or "input" not in wanted.tensors:
        raise InputError(
            f"inputs: {sorted(odd)[0][:80] if odd else 'input'!r} is {'unknown' if odd else 'missing'}; "
            "allowed: input, seed"
        )
    given = wanted.tensors["input"]
    if given.datatype != "FP32" or given.array.ndim < 1:
        raise InputError(f"input: datatype {given.datatype}; allowed: FP32")
    seed, timeout = wanted.parameters.get("seed"), wanted.parameters.get("timeout")
    if seed is not None and not (type(seed) is int and 0 <= seed < SEEDS):
        raise InputError(f"parameters.seed: not a whole number; allowed: 0 to {SEEDS - 1}")
    if timeout is not None and not (type(timeout) is int and 0 < timeout < 10**12):
        raise InputError("parameters.timeout: not a number of microseconds; allowed: whole numbers above 0")
    seeds = _seeds(wanted.tensors.get("seed"), len(given.array))
    limit = None if timeout is None else timeout / 1e6
    answered = await server.answer(asked, given.array, seed if seeds is None else seeds, limit)
    return _response(answered, wanted)


def _seeds(tensor: Tensor | None, samples: int) -> np.ndarray | None:
    if tensor is None:
        return None
    if tensor.datatype not in _SEEDED or tensor.array.shape != (samples,):
        raise InputError(f"seed: {tensor.datatype} {list(tensor.array.shape)}; allowed: UINT32 [{samples}]")
    if samples and not (int(tensor.array.min()) >= 0 and int(tensor.array.max()) < SEEDS):
        raise InputError(f"seed: a number is out of range; allowed: 0 to {SEEDS - 1}")
    return tensor.array.astype(np.uint32)


def _response(answered: Answered, wanted: protocol.Request) -> Response:
    loaded, answers = answered.choice.loaded, answered.answers
    classes = loaded.model.samples.classes
    named = np.array(classes, object)[answers.output.argmax(-1)] if classes else np.where(answers.output > 0, 1, -1)
    arrays: dict[str, np.ndarray] = dict(
        zip(
            ("output", "answer", "settled", "sweeps", "residual"),
            (answers.output, named, answers.settled, answers.sweeps, answers.residual),
            strict=True,
        )
    )
    types = {name: datatype for name, datatype, _ in _outputs_of(loaded.model)}
    names = list(arrays) if wanted.outputs is None else list(wanted.outputs)
    if odd := [name for name in names if name not in arrays]:
        raise InputError(f"outputs: '{odd[0][:80]}' is unknown; allowed: {', '.join(arrays)}")
    binary = {name: wanted.binary if wanted.outputs is None else wanted.outputs[name] for name in names}
    head: dict[str, Any] = {"model_name": loaded.name, "model_version": str(loaded.version)}
    head |= {"id": wanted.id} if wanted.id is not None else {}
    price = loaded.model.prices.after(float(np.add.reduce(answers.sweeps)) / len(answers.sweeps))
    head["parameters"] = {"seed": answered.seed, "answer_id": answered.id, "why": answered.choice.why} | {
        name: value for name, value in price._asdict().items() if value is not None
    }
    body, text = protocol.packed(head, [Tensor(name, types[name], arrays[name]) for name in names], binary)
    if text is None:
        return Response(body, media_type="application/json")
    return Response(body, media_type="application/octet-stream", headers={protocol.HEADER: str(text)})


def _repository(app: FastAPI, server: Server) -> None:
    @app.post("/v2/repository/index")
    async def index(request: Request) -> JSONResponse:
        """All models: those that answer, those that failed, and those that could be loaded."""
        only = _object(await request.body()).get("ready") is True
        rows = _index(server)
        return JSONResponse([row for row in rows if not only or row["state"] == "READY"])

    @app.post("/v2/repository/models/{name}/load")
    async def load(request: Request, name: str) -> JSONResponse:
        """Load a model, or its new versions, or with parameters.version choose the version that answers."""
        parameters = _object(await request.body()).get("parameters", {})
        version = parameters.get("version") if isinstance(parameters, dict) else None
        if version is not None and not isinstance(version, str | int):
            raise InputError("parameters.version: not a version; allowed: the number of one")
        served = await server.repository.load(name, version=None if version is None else _version(str(version)))
        return JSONResponse(
            {"name": name, "version": str(served.version), "versions": [str(v) for v in served.versions]}
        )

    @app.post("/v2/repository/models/{name}/unload")
    async def unload(name: str) -> JSONResponse:
        """Stop serving a model; what waits is answered first."""
        await server.repository.unload(name)
        return JSONResponse({"name": name})


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body that may be empty."""
    found = protocol.parse_json(body) if body.strip() else {}
    if not isinstance(found, dict):
        raise InputError("the body is not a JSON object")
    return found


def _index(server: Server) -> list[dict[str, str]]:
    rows = []
    for served in server.repository.models.values():
        state = "READY" if served.ready else "UNAVAILABLE"
        for version in served.versions or [None]:
            about = "" if version is None else str(version)
            rows.append({"name": served.name, "version": about, "state": state, "reason": served.reason})
    known = server.repository.models.keys()
    more = [name for name in server.repository.available() if name not in known]
    return rows + [{"name": name, "version": "", "state": "UNAVAILABLE", "reason": "not loaded"} for name in more]


def _friendly(app: FastAPI, server: Server) -> None:
    @app.post("/v1/predict")
    async def predict_one(request: Request) -> Response:
        """Answer one sample: a Braille word, dots, an image or numbers. A picture may also be the whole body."""
        return await predict(server, request)

    looks = lab.Looks()

    @app.post("/v1/watch")
    async def watch(request: Request) -> JSONResponse:
        """Answer one sample on the first chip, with its neurons sweep by sweep, and other effects of the hardware."""
        ask, picture = await _asked(request, Watched)
        choice = choose(server.repository, _who(request, ask, picture), server.signals)
        model = choice.loaded.model
        x = model.samples.prepared(_sample(ask, picture)(model.samples))
        seed = ask.seed or 0
        found = await looks.look(model, x, seed, ask.effects)
        who = {"model": choice.loaded.name, "version": str(choice.loaded.version), "why": choice.why}
        return JSONResponse(found | who | {"scenario": choice.scenario, "seed": seed})

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

    @app.get("/v1/models")
    async def models() -> JSONResponse:
        """All models that answer, with what they take, how often they are right, and what an answer costs."""
        served = [each for each in server.repository.models.values() if each.ready]
        rows = [describe(server.repository.find(each.name), each) for each in served]
        scenarios = {name: each.model_dump(exclude_none=True) for name, each in server.settings.scenarios.items()}
        told = {"models": rows, "scenarios": scenarios, "default": server.settings.default, "fault": server.fault}
        return JSONResponse(told)

    @app.get("/v1/models/{name}/layers/{layer}")
    async def layer(name: str, layer: str, version: str | None = None) -> Response:
        """A weight matrix of the first chip as a picture: red positive, blue negative."""
        model = server.repository.find(name, None if version is None else _version(version)).model
        return Response(lab.picture(model, _version(layer)), media_type="image/png")


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
                query[field] = _version(query[field]) if field == "version" else _seed(query[field])
        return records.check(kind, query, "the request"), body
    content = await asyncio.to_thread(protocol.parse_json, body) if len(body) > _LARGE else protocol.parse_json(body)
    ask = records.check(kind, content, "the request")
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
        found = (
            samples.of_request(ask.model_dump(include=set(GIVEN))) if picture is None else samples.of_picture(picture)
        )
        return found[None]

    return of


def _seconds(ask: Ask) -> float | None:
    return None if ask.timeout_ms is None else ask.timeout_ms / 1000


def _told(answered: Answered) -> dict[str, Any]:
    """The answer to a friendly request, as JSON."""
    choice, answers = answered.choice, answered.answers
    model, output = choice.loaded.model, answers.output[0]
    sweeps, price = float(answers.sweeps[0]), model.prices.after(float(answers.sweeps[0]))
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
        "sweeps": sweeps,
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


def describe(loaded: Loaded, served: Served) -> dict[str, Any]:
    """A model that answers, as JSON."""
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
        "layers": [list(each.shape) for each in model.layers()],
        "siemens": lab.siemens(model),
        "right": model.accuracy,
        "price": price._asdict() | {"machine": model.prices.machine},
        "checked": loaded.checked,
    }
