"""Runs a server until it is told to stop, then lets it answer what waits."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn
import uvloop

from ohmgrad import files
from ohmgrad.errors import InputError
from ohmgrad.serve.app import application
from ohmgrad.serve.guard import LimitedProtocol, Protects, is_loopback
from ohmgrad.serve.server import Server
from ohmgrad.serve.settings import ModelSettings, ServeSettings

TOKEN = "OHMGRAD_TOKEN"
"""Environment variable that may hold the token."""
_DRAIN_SECONDS = 30
_SHORTEST = 16


class Address(NamedTuple):
    """Where a server listens, and who may change it.

    Attributes:
        host: Address.
        port: Port; 0: any that is free.
        token: The token; None: none is needed.
        protects: Whether the token is needed for what changes the server, or for all requests.
    """

    host: str
    port: int
    token: str | None
    protects: Protects

    @property
    def url(self) -> str:
        """The address as a browser takes it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            self.host, f"[{self.host}]" if ":" in self.host else self.host
        )
        return f"http://{host}:{self.port}"


def token(path: Path | None) -> str | None:
    """The token: of a file, else of the environment, else none.

    Args:
        path: The file, or None.

    Raises:
        InputError: if the file cannot be read, or the token is too short.
    """
    found = os.environ.get(TOKEN) if path is None else files.read(path, "`token_file`", 4096)
    if found is None:
        return None
    found = found.strip()
    if len(found) < _SHORTEST or not found.isascii():
        raise InputError(f"`token_file`: the token has {len(found)} characters; allowed: {_SHORTEST} or more of ASCII")
    return found


def run(
    settings: ServeSettings,
    more: Mapping[str, ModelSettings],
    address: Address,
    config: Path | None,
    ready: Callable[[Server, Address], None],
) -> None:
    """Serve until SIGTERM or SIGINT; then answer what waits, and return.

    Args:
        settings: Settings of the server.
        more: Models beside those of the settings.
        address: Where it listens.
        config: File of the settings, to watch for changes; None: there is none.
        ready: Called when it answers, with the port that it got.

    Raises:
        InputError: if a model cannot be loaded, the port is in use, or the address needs a token.
    """
    if address.token is None and not is_loopback(address.host):
        raise InputError(
            f"`host`: {address.host} can be reached from other machines, which needs a token: `token_file`, or the "
            f"environment variable {TOKEN}"
        )
    _log(logging.NullHandler())  # a model that cannot be loaded at the start is told by the error alone
    with _bound(address) as listening:
        there = address._replace(port=listening.getsockname()[1])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, more, there, config, ready, listening))


async def _serve(settings, more, address: Address, config, ready, listening: socket.socket) -> None:
    server = Server(settings, config, more)
    try:
        await server.start()
        _log(logging.StreamHandler())
        web = uvicorn.Config(
            application(server, address.token, address.protects),
            http=LimitedProtocol,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        _listen(listening, address)
        ready(server, address)
        await _Web(web).serve(sockets=[listening])
    finally:
        await server.close()


class _Web(uvicorn.Server):
    """A web server that ends quietly when it is told to: the exit code is 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(each)


def _bound(address: Address) -> socket.socket:
    """The socket that is listened on. Raises InputError if it cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except (OSError, OverflowError, ValueError, TypeError) as error:  # a name may not be encodable
        listening.close()
        raise _not_had(address, error) from None
    return listening


def _listen(listening: socket.socket, address: Address) -> None:
    """Begin to listen. Raises InputError if another program, bound at the same time, listens already."""
    try:
        listening.listen(2048)
    except OSError as error:
        raise _not_had(address, error) from None


def _not_had(address: Address, error: Exception) -> InputError:
    return InputError(f"`port`: {address.host}:{address.port} cannot be had ({error}); allowed: another port")


class _Lines(logging.Formatter):
    """A log line as a JSON object, without payloads."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {"time": self.formatTime(record), "level": record.levelname, "logger": record.name}
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} ({type(record.exc_info[1]).__name__})"
        return json.dumps(entry | {"message": text})


def _log(handler: logging.Handler) -> None:
    """Log one JSON object a line."""
    handler.setFormatter(_Lines())
    logging.captureWarnings(True)
    for name in ("ohmgrad.serve", "uvicorn", "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "ohmgrad.serve" else logging.WARNING)
