"""Starts servers and puts load on them with hey (Debian's package of that name)."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Load(NamedTuple):
    """What a server did under load: answers per second, latencies in milliseconds, answers that were not 200."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


class Started(NamedTuple):
    """A server that answers: its address, process, seconds until its first answer, and memory then."""

    url: str
    process: subprocess.Popen
    seconds: float

    @property
    def megabytes(self) -> float:
        """Resident memory of the server and its processes, in MB."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1e6


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def started(command: list[str], url: str, path: str, body: bytes) -> Iterator[Started]:
    """Run a server until the block ends; wait until it answers a request."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not answers(url + path, body):
            if process.poll() is not None or time.perf_counter() - began > 300:
                raise SystemExit(f"{' '.join(command)}: it does not answer")
            time.sleep(0.05)
        yield Started(url, process, time.perf_counter() - began)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def answers(url: str, body: bytes) -> bool:
    """Whether a server answers a request with 200."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def load(
    url: str, body: bytes, seconds: float, clients: int = 64, per_second: float | None = None, json_bytes: int = 0
) -> Load:
    """Put load on a server.

    Args:
        url: Address that takes the requests.
        body: Their body.
        seconds: Duration.
        clients: Number of clients; each asks again when it has its answer.
        per_second: Requests per second of all clients together. None: as many as they can.
        json_bytes: Bytes of JSON before binary data; 0: all is JSON.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        rate = [] if per_second is None else ["-q", f"{per_second / clients:g}"]
        rate += ["-H", f"Inference-Header-Content-Length: {json_bytes}"] if json_bytes else []
        words = ["hey", "-z", f"{seconds:g}s", "-c", str(clients), "-m", "POST", "-T", "application/json", *rate]
        said = subprocess.run([*words, "-D", file.name, url], capture_output=True, text=True, check=True).stdout
    rates = re.search(r"Requests/sec:\s+([\d.]+)", said)
    tails = {int(share): 1000 * float(each) for share, each in re.findall(r"(\d+)%+ in ([\d.]+) secs", said)}
    codes = {int(code): int(number) for code, number in re.findall(r"\[(\d+)\]\s+(\d+) responses", said)}
    errors = sum(int(number) for number in re.findall(r"^\s*\[(\d+)\]\s+(?:Post|Get)", said, re.MULTILINE))
    assert rates is not None, said
    failed = sum(number for code, number in codes.items() if code != 200) + errors
    return Load(float(rates[1]), tails.get(50, 0.0), tails.get(99, 0.0), failed)


def ours(run: str, port: int, **batching: Any) -> list[str]:
    """The command that serves a run, with settings of its batches."""
    folder = Path(tempfile.mkdtemp())
    settings = {"models": {"model": {"folder": str(Path(run).resolve())}}, "batching": batching}
    (folder / "serve.yaml").write_text(json.dumps(settings))
    return [sys.executable, "-m", "ohmgrad", "serve", "--config", str(folder / "serve.yaml"), "--port", str(port)]


def sample(run: str) -> np.ndarray:
    """A sample of a run, as it is given."""
    from ohmgrad.serve import Model

    shape = Model(Path(run), largest=1).samples.shape
    drawn = np.random.default_rng(0)
    return drawn.choice([-1.0, 1.0], shape) if len(shape) == 1 else drawn.integers(0, 256, shape) / 255


def body(run: str) -> bytes:
    """A request with one sample, in the Open Inference Protocol's JSON."""
    x = sample(run).astype(np.float32)
    data = [round(float(value), 4) for value in x.ravel()]
    tensor = {"name": "input", "datatype": "FP32", "shape": [1, *x.shape], "data": data}
    return json.dumps({"inputs": [tensor], "outputs": [{"name": "output"}]}).encode()


def binary(run: str, samples: int) -> tuple[bytes, int]:
    """A request with several samples as binary data, answered in binary data, and its bytes of JSON."""
    x = np.stack([sample(run)] * samples).astype("<f4")
    tensor = {"name": "input", "datatype": "FP32", "shape": list(x.shape)}
    tensor["parameters"] = {"binary_data_size": x.nbytes}
    wanted = [{"name": "output", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [tensor], "outputs": wanted}).encode()
    return head + x.tobytes(), len(head)
