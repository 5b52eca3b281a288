"""The OpenAPI document: what FastAPI cannot tell from the routes, whose bodies are parsed by hand."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

_ERROR = {
    "description": "refused, with the reason",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
        }
    },
}
_STATUSES = ("400", "401", "403", "404", "405", "408", "413", "415", "429", "431", "503", "504")


def _of(kind: str, nullable: bool = False) -> dict[str, Any]:
    return {"type": [kind, "null"] if nullable else kind}


def _object(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [*properties, *required], "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_STR, _NUM, _INT, _BOOL, _OBJ = map(_of, ("string", "number", "integer", "boolean", "object"))
_READY = _object(ready=_BOOL)
_WHO = {"model": _STR, "version": _STR, "why": _STR, "scenario": _of("string", True), "seed": _INT}
_ANSWER = {"anyOf": [_STR, _list({"enum": [-1, 1]})]}
_SHAPED = _list(_object(name=_STR, datatype=_STR, shape=_list(_INT)))
_METADATA = _object(name=_STR, versions=_list(_STR), platform=_STR, inputs=_SHAPED, outputs=_SHAPED)
_ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("get", "/v2"): _object(name=_STR, version=_STR, extensions=_list(_STR)),
    ("get", "/v2/health/live"): _object(live=_BOOL),
    ("get", "/v2/health/ready"): _READY,
    ("get", "/v2/models/{name}"): _METADATA,
    ("get", "/v2/models/{name}/ready"): _READY,
    ("post", "/v2/models/{name}/infer"): _object(model_name=_STR, model_version=_STR, outputs=_SHAPED, parameters=_OBJ),
    ("post", "/v2/repository/index"): _list(_object(name=_STR, version=_STR, state=_STR, reason=_STR)),
    ("post", "/v2/repository/models/{name}/load"): _object(name=_STR, version=_STR, versions=_list(_STR)),
    ("post", "/v2/repository/models/{name}/unload"): _object(name=_STR),
    ("post", "/v1/predict"): _object(
        "residual", "joules", "seconds", id=_STR, answer=_ANSWER, output=_list(_of("number", True)), settled=_BOOL,
        sweeps=_NUM, gpu=_OBJ, **_WHO,
    ),
    ("post", "/v1/watch"): _object(
        answer=_ANSWER, output=_list(_NUM), residual=_NUM,
        layers=_list(_object(neurons=_INT, sweeps=_list(_list(_NUM)))), **_WHO,
    ),
    ("post", "/v1/label"): _object("answer", id=_STR, model=_STR, version=_STR, right=_BOOL),
    ("get", "/v1/signals"): _object(signals=_OBJ),
    ("put", "/v1/signals"): _object(signals=_OBJ),
    ("get", "/v1/models"): _object("default", models=_list(_OBJ), scenarios=_OBJ, fault=_STR),
}  # fmt: skip
"""What is answered in JSON; with a version in the path the same."""
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "items": {}},
        "parameters": {"type": "object"},
    },
}
_INFER = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "parameters": {"type": "object"},
    },
}
_LOAD = {"type": "object", "properties": {"parameters": {"type": "object"}}}
_INDEX = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
_TEXT = {"description": "counters", "content": {"text/plain": {"schema": {"type": "string"}}}}
_PICTURE = {"description": "a picture", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


def document(app: FastAPI, friendly: Mapping[str, type[BaseModel]]) -> None:
    """Complete the OpenAPI document of an application.

    Args:
        app: The application.
        friendly: Model of the body of each path below /v1 that takes one.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for path, operations in found["paths"].items():
                for method, operation in operations.items():
                    _complete(path, method, operation, friendly, schemas)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi


def _complete(
    path: str, method: str, operation: dict[str, Any], friendly: Mapping[str, type[BaseModel]], schemas: dict[str, Any]
) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    responses |= dict.fromkeys(_STATUSES, _ERROR)
    operation["parameters"] = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
    answer = _ANSWERS.get((method, path.replace("/versions/{version}", "")))
    if answer is not None:
        responses["200"] = {"description": "the answer", "content": {"application/json": {"schema": answer}}}
    if path == "/v2/health/ready":
        responses["503"] = {"description": "not ready", "content": {"application/json": {"schema": _READY}}}
    if path == "/metrics":
        responses["200"] = _TEXT
    if path.endswith("/layers/{layer}"):
        responses["200"] = _PICTURE
    if path.endswith("/infer"):
        responses["200"]["content"]["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    if (body := _body(path, method, friendly, schemas)) is not None:
        needed = not path.startswith("/v2/repository")
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": body}}}


def _body(path: str, method: str, friendly: Mapping[str, type[BaseModel]], schemas: dict[str, Any]) -> Any:
    """Schema of the body of an operation, or None."""
    if path.endswith("/infer"):
        return _INFER
    if path == "/v2/repository/index":
        return _INDEX
    if path.endswith("/load"):
        return _LOAD
    model = friendly.get(path.removeprefix("/v1/"))
    if model is None or method == "get":
        return None
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}
