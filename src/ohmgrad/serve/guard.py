"""Limits on requests, and who may change what is served: wrapped around the application."""

import asyncio
import hmac
import ipaddress
import json
import resource
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ohmgrad.serve.settings import Bounds

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Protects = Literal["changes", "all"]
_HEADER_BYTES, _HEADER_SECONDS = 32_768, 10.0
_LARGE, _WRONG = "431 Request Header Fields Too Large", "400 Bad Request"
_SLOW, _FULL = "408 Request Timeout", "503 Service Unavailable"
_STOPS = {
    _LARGE: f"the headers are larger than {_HEADER_BYTES} bytes",
    _WRONG: "this is no valid HTTP request",
    _SLOW: f"the headers took longer than {_HEADER_SECONDS:g} seconds",
    _FULL: "too many connections; try again later",
}
_WRITE_SECONDS = 30.0
"""A client that takes nothing of an answer for so long is cut off."""
_LINGER_SECONDS = 1.0
_CONNECTIONS, _OTHER_FILES = 4096, 64
"""Most connections, and files that the process needs beside them."""
_IN_A_ROW = 16
"""Most requests that wait on a connection behind the one that is being answered."""
_BODIES = 32
"""Bodies of the largest size that may be held at the same time."""
_ONCE = frozenset(
    {b"content-length", b"transfer-encoding", b"authorization", b"host", b"origin", b"inference-header-content-length"}
)
"""Headers that may not be given twice."""
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
        token: The token; None: none is needed, and only names of this machine are answered to.
        protects: Whether the token is needed for what changes the server, or for all requests.
    """

    def __init__(self, app: App, bounds: Bounds, token: str | None, protects: Protects) -> None:
        self._app, self._bounds, self._protects = app, bounds, protects
        self._token = None if token is None else token.encode()
        self._held = 0
        """Bytes of all bodies that are held at the moment."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        pieces: list[bytes] = []
        try:
            headers = _headers(scope)
            self._check_who(scope, headers)
            await self._read(headers, receive, pieces)
            await self._app(scope, _replayed(b"".join(pieces), receive), send)
        except Refused as refused:
            await _refuse(refused, receive, send)
        finally:
            self._held -= sum(map(len, pieces))

    def _check_who(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        host, origin = headers.get(b"host"), headers.get(b"origin")
        if host is None and scope["http_version"] != "1.0":
            raise Refused(400, "the header Host is missing")
        if host is not None and self._token is None and not is_loopback(_name(host)):
            # A foreign page whose name is made to lead here (DNS rebinding) counts as this server's own to a browser.
            raise Refused(403, "without a token only requests to localhost, 127.0.0.1 or [::1] are answered")
        if origin is not None and origin.partition(b"://")[2].lower() != (host or b"").lower():
            raise Refused(403, "requests from pages of other hosts are refused")
        if self._token is None or scope["path"] in _OPEN or not (self._protects == "all" or changes(scope)):
            return
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Refused(401, "this needs the header Authorization: Bearer TOKEN with the server's token")

    async def _read(self, headers: dict[bytes, bytes], receive: Receive, pieces: list[bytes]) -> None:
        """Read the body, of limited size and duration."""
        most, size = self._bounds.body_bytes, 0
        if b"content-encoding" in headers:
            raise Refused(415, "compressed bodies are not supported")
        if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
            raise Refused(415, "no transfer encoding but chunked is supported")
        if int(headers.get(b"content-length", b"0")) > most:  # digits, or the parser had refused it
            raise Refused(413, f"the body is larger than {most} bytes")
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(400, "the request ended early")
                    piece = message.get("body", b"")
                    pieces.append(piece)
                    size += len(piece)
                    self._held += len(piece)
                    if size > most:
                        raise Refused(413, f"the body is larger than {most} bytes")
                    if self._held > _BODIES * most:
                        raise Refused(429, "too many large bodies at the same time; try again later")
                    if not message.get("more_body"):
                        return
        except TimeoutError:
            raise Refused(408, f"the body took longer than {self._bounds.body_seconds:g} seconds") from None


def _name(host: bytes) -> str:
    """The name in a header Host, without port and brackets."""
    text = host.decode("latin-1").strip()
    return text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0].lower()


def _headers(scope: Scope) -> dict[bytes, bytes]:
    found = {}
    for name, value in scope["headers"]:
        if name in found and name in _ONCE:
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


async def _refuse(refused: Refused, receive: Receive, send: Send) -> None:
    """Say why, let the client send on for a moment, as many read only when they have sent all, and close."""
    body = json.dumps({"error": refused.why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.status == 429:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if refused.status != 408:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await receive()).get("more_body"):
                    pass
    await send({"type": "http.response.body", "body": b""})


class _TooLarge(Exception):
    """Headers, or what else is no body, are too large."""


class LimitedProtocol(HttpToolsProtocol):
    """HTTP with limits on connections, on requests in a row, and on the size and time of what is no body."""

    _bytes = _fields = _body = 0
    _in_headers = False
    _timer: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > min(_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OTHER_FILES):
            self._stop(_FULL)
        else:
            self._begin()

    def connection_lost(self, exc) -> None:
        self._end()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_headers and (self.cycle is None or self.cycle.response_complete):
            self._begin()  # also blank lines before a request take time
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > _HEADER_BYTES + 8 * self._body:  # beside a body: headers, sizes of chunks, trailers
            self._stop(_LARGE)

    def send_400_response(self, msg: str) -> None:
        self._stop(_LARGE if self._fields > _HEADER_BYTES else _WRONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_headers:
            self._begin()
        self._bytes = self._fields = self._body = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end()
        if len(self.pipeline) >= _IN_A_ROW:
            raise _TooLarge
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(_WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _count(self, number: int) -> None:
        self._fields += number
        if self._fields > _HEADER_BYTES:
            raise _TooLarge

    def _begin(self) -> None:
        self._in_headers, self._bytes = True, 0
        self._timer = self.loop.call_later(_HEADER_SECONDS, self._stop, _SLOW)

    def _end(self) -> None:
        self._in_headers = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self, status: str) -> None:
        """Close the connection; say why, unless that would be taken for the answer to another request."""
        cycle, in_headers = self.cycle, self._in_headers
        self._end()
        if self.transport.is_closing():
            return
        answering = cycle is not None and not cycle.response_complete
        if not (answering and (in_headers or self.pipeline or cycle.response_started)):
            body = json.dumps({"error": _STOPS[status]}).encode()
            head = f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()
