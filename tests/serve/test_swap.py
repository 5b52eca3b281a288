"""Oracle: which version said it answered, while versions are loaded, damaged, rolled back and killed."""

import json
import os
import shutil
import signal
import threading
import time

import pytest

from ohmgrad import chips
from ohmgrad.errors import InputError
from ohmgrad.serve.model import Model


@pytest.fixture
def versions(braille_run, tmp_path):
    """A model with two versions, and a serve.yaml that keeps its state."""
    for version in ("1", "2"):
        shutil.copytree(braille_run, tmp_path / "words" / version)
    return tmp_path


def write(folder, **settings):
    content = {
        "models": {"words": {"folder": "words"}},
        "batching": {"largest": 2, "window_ms": 1.0},
        "state": "state.json",
    }
    path = folder / "serve.yaml"
    path.write_text(json.dumps(content | settings))
    return path


def version(running, **body):
    return running.ask("/v1/predict", {"word": "ohm", "model": "words", **body}).json["version"]


def until(holds, seconds=60.0):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def test_versions_side_by_side_rolled_back_and_remembered_after_a_kill(serve, versions):
    path = write(versions)
    with serve("--config", path) as running:
        assert version(running) == "2" and version(running, version=1) == "1"
        assert running.ask("/v1/predict", {"word": "ohm", "model": "words", "version": 3}).status == 404
        rolled = running.ask("/v2/repository/models/words/load", {"parameters": {"version": "1"}})
        assert rolled.json == {"name": "words", "version": "1", "versions": ["1", "2"]}
        assert version(running) == "1" and version(running, version=2) == "2"
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(30)
    with serve("--config", path) as running:
        assert version(running) == "1"
        assert running.stop() == 0


def test_a_new_version_takes_over_only_if_it_is_whole_and_requests_go_on(serve, versions):
    path = write(versions)
    with serve("--config", path) as running:
        failed, seen, stop = [], set(), threading.Event()

        def load():
            while not stop.is_set():
                reply = running.ask("/v1/predict", {"word": "ohm", "model": "words"})
                if reply.status == 200:
                    seen.add(reply.json["version"])
                else:
                    failed.append(reply)

        clients = [threading.Thread(target=load) for _ in range(4)]
        for each in clients:
            each.start()
        shutil.copytree(versions / "words" / "2", versions / "words" / "3")
        weights = versions / "words" / "3" / "chips.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        refused = running.ask("/v2/repository/models/words/load", {})
        assert refused.status == 400 and "damaged" in refused.json["error"]
        assert version(running) == "2"
        assert "damaged" in running.ask("/v2/repository/index", {}).json[0]["reason"]
        shutil.copy(versions / "words" / "2" / "chips.safetensors", weights)
        assert running.ask("/v2/repository/models/words/load", {}).json["version"] == "3"
        path.write_text(path.read_text().replace('"folder": "words"', '"folder": "words", "version": 1'))
        until(lambda: version(running) == "1")
        until(lambda: "1" in seen)
        stop.set()
        for each in clients:
            each.join()
        assert not failed and seen == {"1", "2", "3"}


def test_a_wrong_file_of_settings_changes_nothing_and_is_told(serve, versions):
    path = write(versions)
    with serve("--config", path) as running:
        good = path.read_text()
        path.write_text(good.replace("words", "wrods"))
        until(lambda: running.ask("/v1/models").json["fault"])
        assert "wrods" in running.ask("/v1/models").json["fault"]
        assert version(running) == "2"
        path.write_text(good)
        until(lambda: not running.ask("/v1/models").json["fault"])
        assert version(running) == "2"


def test_models_of_the_command_line_outlive_changes_of_the_file_and_an_unload_is_no_fault(serve, versions, digits_run):
    path = write(versions, state=None)
    with serve(digits_run, "--config", path) as running:
        assert {each["name"] for each in running.told["models"]} == {"words", "digits"}
        path.write_text(path.read_text().replace('"folder": "words"', '"folder": "words", "version": 1'))
        until(lambda: version(running) == "1")
        assert running.ask("/v2/models/digits/ready").status == 200
        assert running.ask("/v2/repository/models/digits/unload", {}).status == 200
        assert running.ask("/v2/models/digits/ready").status == 404
        assert running.ask("/v2/health/ready").status == 200


def test_a_start_that_fails_forgets_nothing(serve, versions, ohmgrad):
    """The state names two models; while one is damaged nothing is served, and nothing of the state is lost."""
    shutil.copytree(versions / "words" / "1", versions / "other")
    path = write(versions, models={"words": {"folder": "words"}, "other": {"folder": "other"}})
    with serve("--config", path) as running:
        running.ask("/v2/repository/models/words/load", {"parameters": {"version": "1"}})
        assert running.stop() == 0
    state = (versions / "state.json").read_text()
    weights = versions / "other" / "chips.safetensors"
    weights.rename(versions / "kept")
    done = ohmgrad("serve", "--config", path, "--port", 0)
    assert done.returncode == 2 and (versions / "state.json").read_text() == state
    assert done.stderr.count("\n") == 1 and "other" in done.stderr


def test_a_model_whose_weights_are_noise_does_not_take_over(versions):
    """Its file is whole, but its probes come out at chance."""
    weights = versions / "words" / "2" / "chips.safetensors"
    tensors, about = chips.read(weights, "test")
    turned = {name: each[..., ::-1, :].copy() if name.endswith("arrays/g") else each for name, each in tensors.items()}
    chips.write(weights, turned, about)
    good, bad = (Model(versions / "words" / each, largest=2) for each in ("1", "2"))
    assert "probes right" in good.check()
    with pytest.raises(InputError, match="the model is damaged"):
        bad.check()


def test_terminating_answers_what_waits(serve, braille_run, tmp_path):
    path = tmp_path / "serve.yaml"
    models = {"words": {"folder": str(braille_run)}}
    path.write_text(json.dumps({"models": models, "batching": {"largest": 4, "window_ms": 500.0}}))
    with serve("--config", path) as running:
        replies = []
        asking = [
            threading.Thread(target=lambda: replies.append(running.ask("/v1/predict", {"word": "ohm"}).status))
            for _ in range(3)
        ]
        for each in asking:
            each.start()
        until(lambda: b'ohmgrad_queue_samples{model="words",version="1"} 3' in running.ask("/metrics").body)
        assert running.stop() == 0
        for each in asking:
            each.join()
        assert replies == [200, 200, 200]
