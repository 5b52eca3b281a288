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
_STATUSES = ("400", "401", "403", "404", "408", "413", "415", "429", "431", "503", "504")
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
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi


def _complete(
    path: str, method: str, operation: dict[str, Any], friendly: Mapping[str, type[BaseModel]], schemas: dict[str, Any]
) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    responses |= dict.fromkeys(_STATUSES, _ERROR)
    if path == "/v2/health/ready":
        ready = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
        responses["503"] = {"description": "not ready", "content": {"application/json": {"schema": ready}}}
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
