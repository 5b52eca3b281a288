"""The routes of the Open Inference Protocol, version 2, in REST: health, metadata, inference, model repository."""

from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

import ohmgrad
from ohmgrad.errors import InputError
from ohmgrad.serve import protocol
from ohmgrad.serve.model import Model
from ohmgrad.serve.protocol import Tensor
from ohmgrad.serve.repository import Loaded, NotFound, Served
from ohmgrad.serve.scenarios import Asked
from ohmgrad.serve.server import SEEDS, Answered, Server

_OUTPUTS = ("output", "answer", "settled", "sweeps", "residual")
_SEEDED = ("INT32", "INT64", "UINT32", "UINT64")


def routes(app: FastAPI, server: Server) -> None:
    """Add the routes to an application.

    Args:
        app: The application.
        server: The server that answers.
    """
    _health(app, server)
    _models(app, server)
    _repository(app, server)


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


def version_number(text: str) -> int:
    """The number of a version in a path or a parameter. Raises NotFound if it is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound(f"version '{text[:40]}' is not a number")
    return int(text)


def _of_path(request: Request) -> int | None:
    """The version in the path of a request, if there is one."""
    version = request.path_params.get("version")
    return None if version is None else version_number(version)


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
    asked = Asked(model=name, version=None if version is None else version_number(version))
    body, json_bytes = await request.body(), request.headers.get(protocol.HEADER)
    wanted = await protocol.parsed(protocol.parse, body, json_bytes)
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
    """Name, type and shape of one sample of each output."""
    answer = ("BYTES", []) if model.samples.classes is not None else ("INT32", [model.outputs])
    kinds = [("FP32", [model.outputs]), answer, ("BOOL", []), ("FP32", []), ("FP32", [])]
    return [(name, *kind) for name, kind in zip(_OUTPUTS, kinds, strict=True)]


async def _inferred(server: Server, asked: Asked, wanted: protocol.Request) -> Response:
    odd = wanted.tensors.keys() - {"input", "seed"}
    if odd or "input" not in wanted.tensors:
        raise InputError(
            f"inputs: {sorted(odd)[0][:80] if odd else 'input'!r} is {'unknown' if odd else 'missing'}; "
            "allowed: input, seed"
        )
    if unknown := [name for name in wanted.outputs or () if name not in _OUTPUTS]:
        raise InputError(f"outputs: '{unknown[0][:80]}' is unknown; allowed: {', '.join(_OUTPUTS)}")
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
    types = {name: datatype for name, datatype, _ in _outputs_of(loaded.model)}
    found = (answers.output, named, answers.settled, answers.sweeps, answers.residual)
    arrays: dict[str, np.ndarray] = dict(zip(types, found, strict=True))
    names = list(arrays) if wanted.outputs is None else list(wanted.outputs)
    binary = {name: wanted.binary if wanted.outputs is None else wanted.outputs[name] for name in names}
    head: dict[str, Any] = {"model_name": loaded.name, "model_version": str(loaded.version)}
    head |= {"id": wanted.id} if wanted.id is not None else {}
    head["parameters"] = {"seed": answered.seed, "answer_id": answered.id, "why": answered.choice.why} | {
        name: value for name, value in answered.price._asdict().items() if value is not None
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
        served = await server.repository.load(name, version=None if version is None else version_number(str(version)))
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
