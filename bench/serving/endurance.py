"""Whether serving holds: requests across swaps of the model, and memory over many requests.

    python bench/serving/endurance.py RUN [--swaps 100] [--requests 200000]

Every swap replaces the files of a version by those of another training, which is loaded, compiled and checked before
it takes over. Each answer is compared with that of the version that it names. Needs hey and the extra serve.
"""

import argparse
import http.client
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")

import numpy as np
from load import body, load, sample, started

PORT, LARGEST, CLIENTS = 8520, 8, 4


def expected(folders: list[Path], x: np.ndarray) -> list[np.ndarray]:
    """The answers of the versions to a sample with seed 0."""
    from ohmgrad.serve import Model

    models = [Model(folder, largest=LARGEST) for folder in folders]
    return [each.answer(x[None], np.zeros(1, np.uint32)).output[0] for each in models]


def asks(request: bytes, stop: threading.Event, answers: list[tuple[int, str, list[float]]]) -> None:
    """Ask again and again over one connection; note status, version and output."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while not stop.is_set():
        connection.request("POST", "/v2/models/model/infer", request, {"content-type": "application/json"})
        reply = connection.getresponse()
        told = json.loads(reply.read())
        good = reply.status == 200
        answers.append((reply.status, told.get("model_version", ""), told["outputs"][0]["data"] if good else []))
    connection.close()


def swaps(run: str, other: str, number: int) -> None:
    """Put requests on a model while its versions are replaced."""
    folder = Path(tempfile.mkdtemp())
    trained = [Path(run), Path(other)]
    for version, source in enumerate(trained, start=1):
        shutil.copytree(source, folder / "model" / str(version))
    settings = {"models": {"model": {"folder": "model"}}, "batching": {"largest": LARGEST, "window_ms": 1.0}}
    (folder / "serve.yaml").write_text(json.dumps(settings))
    x = sample(run).astype(np.float32)
    known = expected(trained, x)
    content = json.loads(body(run)) | {"parameters": {"seed": 0}}
    request, stop, answers = json.dumps(content).encode(), threading.Event(), []
    words = [sys.executable, "-m", "ohmgrad", "serve", "--config", str(folder / "serve.yaml"), "--port", str(PORT)]
    with started(words, f"http://127.0.0.1:{PORT}", "/v2/models/model/infer", request):
        clients = [threading.Thread(target=asks, args=(request, stop, answers)) for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        began = time.perf_counter()
        for swap in range(number):
            # The new files of version 3, and back again: versions 1 and 2 stay.
            source, place = trained[swap % 2], folder / "model" / "3"
            fresh = folder / "fresh"
            shutil.copytree(source, fresh)
            for name in ("chips.safetensors", "recipe.yaml", "summary.json"):
                os.utime(fresh / name)
            if place.exists():
                place.rename(folder / f"old{swap}")
            fresh.rename(place)
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
            connection.request("POST", "/v2/repository/models/model/load", b"{}")
            reply = connection.getresponse()
            assert reply.status == 200, reply.read()
            connection.close()
        seconds = time.perf_counter() - began
        stop.set()
        for each in clients:
            each.join()
    failed = sum(status != 200 for status, _, _ in answers)
    wrong = sum(
        status == 200 and not any(np.allclose(output, each, atol=1e-5) for each in known)
        for status, _, output in answers
    )
    print(f"{len(answers):,} requests across {number} swaps in {seconds:.0f} s: {failed} failed, "
          f"{wrong} with an answer of neither training")  # fmt: skip


def memory(run: str, requests: int) -> None:
    """Resident memory while many requests are answered."""
    request = body(run)
    settings = Path(tempfile.mkdtemp()) / "serve.yaml"
    settings.write_text(json.dumps({"models": {"model": {"folder": str(Path(run).resolve())}}}))
    words = [sys.executable, "-m", "ohmgrad", "serve", "--config", str(settings), "--port", str(PORT + 1)]
    path = "/v2/models/model/infer"
    with started(words, f"http://127.0.0.1:{PORT + 1}", path, request) as server:
        done, failed = 0, 0
        while done < requests:
            found = load(server.url + path, request, 10)
            done, failed = done + int(10 * found.per_second), failed + found.failed
            print(f"{done:9,} requests  {server.megabytes:6.1f} MB  {failed} failed", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("other", help="another training of the same recipe")
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--requests", type=int, default=200_000)
    arguments = parser.parse_args()
    swaps(arguments.run, arguments.other, arguments.swaps)
    memory(arguments.run, arguments.requests)


if __name__ == "__main__":
    main()
