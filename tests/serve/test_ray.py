"""A real Ray of this machine with two replicas. Oracle: the model in this process, without Ray and without HTTP."""

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from served import WORDS, Serving, config

from ohmgrad.data import braille
from ohmgrad.serve.model import Model

MARK = "OHMGRAD_TESTED_REPLICAS"
SCRIPT = """
import sys
from pathlib import Path

import ray
from ray import serve

from ohmgrad.serve import load
from ohmgrad.serve.ray import application

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
serve.start(http_options={"port": int(sys.argv[1])}, logging_config={"log_level": "ERROR"})
for line in sys.stdin:
    serve.run(application(load(Path(line.strip())), replicas=2))
    print("runs", flush=True)
serve.shutdown()
ray.shutdown()
"""
REQUESTS, KILLED_AFTER, PAIRS = 200, 50, 12
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError)
"""The client tries again where the connection broke or the status is 5xx, for at most `PATIENCE` seconds."""
PATIENCE = 30.0


class Cluster(NamedTuple):
    """Two replicas behind Ray's proxy, and the process that runs their application."""

    serving: Serving
    mark: str
    folder: Path

    def run(self, **settings: Any) -> None:
        """Run the application with these settings, in place of the one that runs."""
        process = self.serving.process
        assert process.stdin is not None and process.stdout is not None
        batching = {"largest": 2, "window_ms": 1.0}  # two sizes to compile
        process.stdin.write(f"{config(self.folder, batching=batching, **settings)}\n")
        process.stdin.flush()
        lines = iter(process.stdout.readline, "")  # Ray tells of killed replicas in between
        assert any(line == "runs\n" for line in lines), process.communicate()[1]

    def replicas(self) -> set[int]:
        """Process numbers of the replicas of this test."""
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"{MARK}={self.mark}".encode() in (process / "environ").read_bytes()
                if ours and (process / "cmdline").read_bytes().startswith(b"ray::ServeReplica:default:ohmgrad"):
                    found.add(int(process.name))
            except OSError:
                continue
        return found

    def answered(self) -> dict[str, float]:
        """Samples that each replica has answered."""
        families = text_string_to_metric_families(self.serving.ask("/metrics").body.decode())
        samples = [each for family in families if family.name == "ohmgrad_answers" for each in family.samples]
        return {each.labels["replica"]: each.value for each in samples if each.name == "ohmgrad_answers_total"}


@pytest.fixture(scope="module")
def cluster(ohmgrad, tmp_path_factory) -> Iterator[Cluster]:
    """Ray Serve without an application."""
    if importlib.util.find_spec("ray") is None:
        if os.environ.get("CI"):
            pytest.fail("ray is not installed")
        pytest.skip("ray is not installed")
    folder, port = tmp_path_factory.mktemp("ray"), 8320 + os.getpid() % 60
    (folder / "amdsmi.py").write_text("raise ImportError\n")  # without AMD's library it raises what Ray does not expect
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory(prefix="r") as short:  # Ray's sockets allow 107 characters
        environment = ohmgrad.environment | {
            "PYTHONPATH": os.pathsep.join(paths),
            "RAY_TMPDIR": short,
            "RAY_USAGE_STATS_ENABLED": "0",
            MARK: str(folder),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(port)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Cluster(Serving(f"http://127.0.0.1:{port}", {}, process, []), str(folder), folder)
        finally:
            process.communicate(timeout=60)


def ask(serving: Serving, word: str, seed: int) -> dict[str, Any]:
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            reply = serving.ask("/v1/predict", {"word": word, "seed": seed})
            if reply.status < 500 or time.monotonic() > ends:
                assert reply.status == 200, reply.body
                return reply.json
        except BROKEN:
            if time.monotonic() > ends:
                raise
        time.sleep(0.05)


def test_a_replica_killed_under_load_loses_no_answer_and_changes_none(cluster, braille_run):
    cluster.run(models={"words": {"folder": str(braille_run)}})
    first = cluster.replicas()
    assert len(first) == 2
    killed, done = min(first), []

    def one(number: int) -> dict[str, Any]:
        reply = ask(cluster.serving, WORDS[number % len(WORDS)], number % PAIRS)
        done.append(number)
        return reply

    with ThreadPoolExecutor(8) as clients:
        coming = [clients.submit(one, number) for number in range(REQUESTS)]
        while len(done) < KILLED_AFTER:
            time.sleep(0.005)
        before = cluster.answered()
        assert len(before) == 2 and min(before.values()) > 0  # both answer
        os.kill(killed, signal.SIGKILL)
        replies = [each.result() for each in coming]
    x = np.stack([braille.pattern(WORDS[number % len(WORDS)]) for number in range(PAIRS)]).astype(np.float32)
    expected = Model(braille_run, largest=2).answer(x, np.arange(PAIRS, dtype=np.uint32)).output
    for number, reply in enumerate(replies):
        assert reply["output"] == replies[number % PAIRS]["output"]
        np.testing.assert_allclose(reply["output"], expected[number % PAIRS], atol=1e-6)
    assert len({str(reply["output"]) for reply in replies[:PAIRS]}) == PAIRS  # the seed does change something
    ends = time.monotonic() + PATIENCE
    while len(cluster.replicas() - {killed}) < 2:
        assert time.monotonic() < ends, "Ray starts no other replica"
        time.sleep(0.2)


def test_what_one_replica_cannot_do_alone_is_refused(cluster):
    for method, path in (
        ("POST", "/v2/repository/models/words/load"),
        ("POST", "/v2/repository/models/words/unload"),
        ("PUT", "/v1/signals"),
        ("POST", "/v1/label"),
    ):
        reply = cluster.serving.ask(path, {}, method)
        assert reply.status == 409 and "replica" in reply.json["error"]
    assert cluster.serving.ask("/v2/repository/index", {}).json[0]["state"] == "READY"
    assert cluster.serving.ask("/v2/health/ready").json == {"ready": True}


def test_other_settings_replace_those_that_run_without_a_failed_request(cluster, braille_run):
    found, stop = [], threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            reply = cluster.serving.ask("/v1/predict", {"word": "ohm"})
            found.append(reply.json["model"] if reply.status == 200 else reply.body)

    asking = threading.Thread(target=ask_on)
    asking.start()
    cluster.run(models={"others": {"folder": str(braille_run)}})
    stop.set()
    asking.join()
    assert set(found) <= {"words", "others"} and "words" in found
    assert cluster.serving.ask("/v1/predict", {"word": "ohm"}).json["model"] == "others"
