"""A server as an application of Ray Serve: replicas on one machine or many, each with all models."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import JSONResponse, Response

from ohmgrad.errors import InputError
from ohmgrad.serve import app
from ohmgrad.serve.guard import Guard, Receive, Scope, Send, changes
from ohmgrad.serve.run import token
from ohmgrad.serve.server import Server
from ohmgrad.serve.settings import ServeSettings

if TYPE_CHECKING:
    from ray.serve import Application

NAME = "ohmgrad"
"""Name of the deployment."""
_CHANGED = (
    "this would change one replica and not the others; deploy the application again with other settings, and give "
    "signals with each request"
)
_LABELLED = "an answer is remembered only by the replica that gave it; labels are not taken"


class Replica:
    """A server in a process of Ray Serve.

    Args:
        settings: Its settings.

    Raises:
        InputError: if a model cannot be loaded.
    """

    async def __init__(self, settings: ServeSettings) -> None:
        self._server = Server(settings)
        await self._server.start()

    def __serve_build_asgi_app__(self) -> "ReplicaApplication":
        return ReplicaApplication(self._server, token(None))

    def counters(self) -> tuple[str, str]:
        """The name of this replica, and its counters in Prometheus' text format."""
        return _context().replica_tag, self._server.metrics.text(self._server.repository).decode()


class ReplicaApplication:
    """The application of a replica: that of a server, apart from what concerns all replicas.

    Args:
        server: The server, started. It is closed with the application.
        token: The token, which all requests need; None: none is needed.
    """

    def __init__(self, server: Server, token: str | None) -> None:
        self._server, self._app = server, app.application(server, token, "all")
        self._together = Guard(_together, server.settings.limits, token, "all")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and (_refusal(scope) or scope["path"] == "/metrics"):
            await self._together(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._server.close()
        await send({"type": "lifespan.shutdown.complete"})


def _refusal(scope: Scope) -> str:
    """Why one replica cannot do what is asked; empty: it can."""
    if changes(scope):
        return _CHANGED
    return _LABELLED if scope["path"] == "/v1/label" else ""


async def _together(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse what one replica cannot do; answer with the counters of all."""
    if why := _refusal(scope):
        await JSONResponse({"error": why}, 409)(scope, receive, send)
        return
    from ray.serve import get_deployment_handle

    every = await get_deployment_handle(NAME, _context().app_name).broadcast("counters").results_async()
    await Response(generate_latest(_Merged(every)), media_type=CONTENT_TYPE_LATEST)(scope, receive, send)


@dataclass(frozen=True)
class _Merged:
    """Counters of several replicas as one registry, with a label for the replica."""

    texts: Iterable[tuple[str, str]]

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for replica, text in self.texts:
            for family in text_string_to_metric_families(text):
                kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                kept.samples += [each._replace(labels={**each.labels, "replica": replica}) for each in family.samples]
        return families.values()


def _context() -> Any:
    from ray.serve import get_replica_context

    return get_replica_context()


def application(settings: ServeSettings, replicas: int = 1, most: int | None = None) -> "Application":
    """An application for `ray.serve.run`, below the path "/".

    All replicas need the folders of the models under the same paths. If a machine has the environment variable
    OHMGRAD_TOKEN, its replicas ask for that token in every request. What is served is changed by running an application
    with other settings; requests to load, unload or choose a version are refused, and there is no file of state.

    Args:
        settings: Settings of every replica.
        replicas: Number of replicas; with `most`, the smallest.
        most: Largest number of replicas. There are as many as keep about one largest batch of requests in each.
            None: the number is fixed.

    Returns:
        The application.

    Raises:
        InputError: if Ray Serve is missing.
    """
    serve = _ray_serve()
    scale: dict[str, Any] = {"num_replicas": replicas}
    if most is not None:
        bounds = {"min_replicas": replicas, "max_replicas": most}
        scale = {"autoscaling_config": {**bounds, "target_ongoing_requests": settings.batching.largest}}
    # A replica gathers and refuses requests itself; Ray's own limit would keep its batches small.
    deployment: Callable[..., Any] = serve.deployment(name=NAME, max_ongoing_requests=settings.batching.queue, **scale)
    return deployment(serve.ingress()(Replica)).bind(settings.model_copy(update={"state": None}))


def _ray_serve() -> Any:
    try:
        from ray import serve
    except ImportError as error:
        raise InputError(f"Ray Serve needs {error.name or 'ray'}: pip install 'ohmgrad[cluster,serve]'") from None
    except Exception as error:  # Ray imports drivers of accelerators, which fail in their own ways
        raise InputError(f"Ray cannot be imported ({type(error).__name__}: {error})") from None
    return serve
