"""The HTTP application: routes, the page, errors, counts, and the guard around them."""

import re
from importlib import resources

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import ohmgrad
from ohmgrad.errors import InputError
from ohmgrad.serve import friendly, inference
from ohmgrad.serve.batching import Late, Overloaded
from ohmgrad.serve.documents import document
from ohmgrad.serve.friendly import Ask, Label, Signalled, Watched
from ohmgrad.serve.guard import Guard, Protects
from ohmgrad.serve.repository import NotFound
from ohmgrad.serve.server import Server

_INFER = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
_PAGE = resources.files("ohmgrad.serve").joinpath("page")
_KINDS = {"lab.js": "text/javascript", "lab.css": "text/css"}


def application(server: Server, token: str | None = None, protects: Protects = "changes") -> ASGIApp:
    """The application.

    Args:
        server: The server, started.
        token: The token; None: none is needed.
        protects: Whether the token is needed for what changes the server, or for all requests.
    """
    app = FastAPIOffline(title="ohmgrad", version=ohmgrad.__version__, redoc_url=None, redirect_slashes=False)
    _errors(app)
    for routes in (_page, inference.routes, friendly.routes):
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
            if match:
                response = await inference.infer(self._server, request, *match.groups())
            else:
                response = await friendly.predict(self._server, request)
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
