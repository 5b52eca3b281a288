"""The real program serving runs: how tests start it, ask it and stop it."""

import contextlib
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

WORDS = ["ohm", "volt", "watt", "ampere", "farad", "henry"]


class Reply(NamedTuple):
    """A response to an HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Serving(NamedTuple):
    """A running server."""

    url: str
    told: dict[str, Any]
    process: subprocess.Popen[str]
    log: list[str]

    def ask(self, path: str, body: Any = None, method: str | None = None, **headers: str) -> Reply:
        """Send a request; a body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def stop(self) -> int:
        """Tell it to end, and wait until it has."""
        self.process.terminate()
        return self.process.wait(60)


@contextlib.contextmanager
def serving(environment: dict[str, str], *arguments: str | Path) -> Iterator[Serving]:
    """Run the real program until the block ends."""
    words = [sys.executable, "-m", "ohmgrad", "serve", *map(str, arguments), "--port", "0", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None and process.stderr is not None
    log: list[str] = []
    reader = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        first = process.stdout.readline()
        assert first, "".join(log)
        told = json.loads(first)
        yield Serving(told["url"], told, process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        reader.join(10)
        process.stdout.close()
        process.stderr.close()


def config(folder: Path, **settings: Any) -> Path:
    """A serve.yaml with small batches, which compile quickly."""
    path = folder / "serve.yaml"
    path.write_text(json.dumps({"batching": {"largest": 8, "window_ms": 1.0}, **settings}))
    return path
