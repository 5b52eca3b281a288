"""Limits on requests, and who may change what is served: wrapped around the application."""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ohmgrad.serve.settings import Bounds

LOG = logging.getLogger("ohmgrad.serve")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Protects = Literal["changes", "all"]
_HEADER_BYTES, _HEADER_SECONDS = 32_768, 10.0
_OPEN = frozenset({"/v2/health/live", "/v2/health/ready"})
"""Paths that never need a token, for whoever watches over the server."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def changes(scope: Scope) -> bool:
    """Whether a request changes what is served."""
    path = scope["path"]
    if path == "/v2/repository/index":
        return False
    return path.startswith("/v2/repository/") or (path.startswith("/v1/signals") and scope["method"] != "GET")


class Refused(Exception):
    """A request is refused."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Guard:
    """Refuses requests that are too large, too slow, from foreign web pages, or without the token.

    Args:
        app: The application.
        bounds: Limits on requests.
        token: The token; None: none is needed.
        protects: Whether the token is needed for what changes the server, or for all requests.
    """

    def __init__(self, app: App, bounds: Bounds, token: str | None, protects: Protects) -> None:
        self._app, self._bounds, self._protects = app, bounds, protects
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = _headers(scope)
            self._check_who(scope, headers)
            body = await self._body(headers, receive)
        except Refused as refused:
            await _error(send, refused.status, refused.why)
            return
        await self._app(scope, _replayed(body, receive), send)

    def _check_who(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2] != headers.get(b"host"):
            raise Refused(403, "requests from pages of other hosts are refused")
        if self._token is None or scope["path"] in _OPEN or not (self._protects == "all" or changes(scope)):
            return
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Refused(401, "this needs the header Authorization: Bearer TOKEN with the server's token")

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The body, of limited size and duration."""
        most = self._bounds.body_bytes
        if b"content-encoding" in headers:
            raise Refused(415, "compressed bodies are not supported")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > most or len(length) > 19:
            raise Refused(413, f"the body is larger than {most} bytes")
        body, size = [], 0
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(400, "the request ended early")
                    body.append(message.get("body", b""))
                    size += len(body[-1])
                    if size > most:
                        raise Refused(413, f"the body is larger than {most} bytes")
                    if not message.get("more_body"):
                        return b"".join(body)
        except TimeoutError:
            raise Refused(408, f"the body took longer than {self._bounds.body_seconds:g} seconds") from None


def _headers(scope: Scope) -> dict[bytes, bytes]:
    found = {}
    for name, value in scope["headers"]:
        if name in found and name in (b"content-length", b"authorization", b"host", b"inference-header-content-length"):
            raise Refused(400, f"the header {name.decode('latin-1')} is given twice")
        found[name] = value
    return found


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A source of messages that gives the body, then what else comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _error(send: Send, status: int, why: str) -> None:
    import json

    body = json.dumps({"error": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in (408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class LimitedProtocol(HttpToolsProtocol):
    """HTTP with limits on the size of a request's headers, and on the time that they take."""

    _header_bytes = 0
    _in_headers = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > _HEADER_BYTES:
            self._stop("431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_headers:
            self._begin()

    def on_headers_complete(self) -> None:
        self._end()
        super().on_headers_complete()

    def _begin(self) -> None:
        self._in_headers, self._header_bytes = True, 0
        self._timer = self.loop.call_later(_HEADER_SECONDS, self._stop, "408 Request Timeout")

    def _end(self) -> None:
        self._in_headers = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self, status: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
            self.transport.close()
