"""Oracle: every fault of the command is one sentence that says what is wrong, exit code 2, and nothing else."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn

TOKEN = "OHMGRAD_TOKEN"
Damage = Callable[[Path], Any]


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)


def check_sentence(result, says: str) -> None:
    assert result.returncode == 2, (result.stdout, result.stderr)
    assert result.stdout == ""
    text = " ".join(result.stderr.split("\n"))
    assert says in text
    assert result.stderr.count("\n") == 1, "one line on a wide terminal"
    assert "Traceback" not in text


@pytest.fixture
def serve_here(ohmgrad_here, monkeypatch):
    async def started(*_, **__):
        pytest.fail("it serves in spite of the fault")

    monkeypatch.setattr(uvicorn.Server, "serve", started)
    monkeypatch.setenv("COLUMNS", "2000")
    return lambda *words: ohmgrad_here("serve", "--port", "0", *words)


FLAGS = {
    "nothing to serve": ([], "nothing to serve"),
    "folder that is not there": (["nowhere"], "nowhere holds no finished run"),
    "file in place of a folder": ([__file__], "holds no finished run"),
    "port that is none": (["RUN", "--port", "http"], "--port"),
    "port below 0": (["RUN", "--port", "-1"], "--port"),
    "port above 65535": (["RUN", "--port", "65536"], "--port"),
    "unknown flag": (["RUN", "--tls"], "--tls"),
    "no file of settings": (["--config", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    "folder in place of settings": (["--config", "/"], "--config"),
    "no file of the token": (["RUN", "--token-file", "nowhere"], "--token-file"),
    "token of endless length": (["RUN", "--token-file", "/dev/zero"], "--token-file"),
    "token for all without one": (["RUN", "--token-for-all"], "there is no token"),
    "all addresses without a token": (["RUN", "--host", "0.0.0.0"], "which needs a token"),
    "all addresses of IPv6": (["RUN", "--host", "::"], "which needs a token"),
    "no address, which means all": (["RUN", "--host", ""], "which needs a token"),
    "name of another machine": (["RUN", "--host", "ohmgrad.example"], "which needs a token"),
    "the same run twice": (["RUN", "RUN"], "two folders are called"),
    "folder whose name is none": (["/"], "cannot name a model"),
}


@pytest.mark.parametrize("fault", FLAGS)
def test_flags(fault, serve_here, digits_run):
    words, says = FLAGS[fault]
    check_sentence(serve_here(*(str(digits_run) if word == "RUN" else word for word in words)), says)


@pytest.mark.parametrize(
    ("token", "says"),
    [(b"short", "5 characters"), (b"", "0 characters"), (b"  \n", "0 characters"), ("ü".encode() * 20, "ASCII"),
     (b"\xff" * 20, "--token-file"), (b"x" * 5000, "--token-file")],
)  # fmt: skip
def test_tokens(token, says, serve_here, digits_run, tmp_path):
    (tmp_path / "token").write_bytes(token)
    check_sentence(serve_here(digits_run, "--token-file", tmp_path / "token"), says)


def test_a_short_token_of_the_environment_is_not_told(serve_here, digits_run, monkeypatch):
    monkeypatch.setenv(TOKEN, "hunter2")
    result = serve_here(digits_run)
    check_sentence(result, "7 characters")
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "a" * 70, "1::2::3", "é" * 70])
def test_addresses_that_are_none(host, serve_here, digits_run, monkeypatch):
    monkeypatch.setenv(TOKEN, "x" * 20)
    check_sentence(serve_here(digits_run, "--host", host), "cannot be had")


FIELDS: dict[str, tuple[Any, str]] = {
    "unknown field": ({"model": {}}, "did you mean 'models'"),
    "not a mapping": ([], "not a mapping"),
    "model without a folder": ({"models": {"a": {}}}, "models.a.folder"),
    "model that is a text": ({"models": {"a": "RUN"}}, "models.a"),
    "name with a slash": ({"models": {"../a": {"folder": "RUN"}}}, "'../a' is no name"),
    "empty name": ({"models": {"": {"folder": "RUN"}}}, "is no name"),
    "folder that is not there": ({"models": {"a": {"folder": "nowhere"}}}, "holds no finished run"),
    "unknown arm": ({"models": {"a": {"folder": "RUN", "arm": "leg"}}}, "no arm 'leg'"),
    "unknown way of answering": ({"models": {"a": {"folder": "RUN", "answering": "all"}}}, "models.a.answering"),
    "version that is not there": ({"models": {"a": {"folder": "RUN", "version": 3}}}, "version 3"),
    "version 0": ({"models": {"a": {"folder": "RUN", "version": 0}}}, "models.a.version"),
    "unknown default": ({"models": {"a": {"folder": "RUN"}}, "default": "b"}, "default is 'b'"),
    "scenario of an unknown model": ({"models": {"a": {"folder": "RUN"}}, "scenarios": {"s": {"model": "b"}}}, "'b'"),
    "scenario of nothing": ({"models": {"a": {"folder": "RUN"}}, "scenarios": {"s": {}}}, "either model or budget"),
    "scenario and model of one name": (
        {"models": {"a": {"folder": "RUN"}}, "scenarios": {"a": {"model": "a"}}},
        "both a model and a scenario",
    ),
    "hours that are none": (
        {"models": {"a": {"folder": "RUN"}}, "scenarios": {"s": {"model": "a", "when": {"hours": ["25:00", "1"]}}}},
        "scenarios.s.when.hours",
    ),
    "bound that bounds nothing": (
        {"models": {"a": {"folder": "RUN"}}, "scenarios": {"s": {"model": "a", "when": {"load": {}}}}},
        "needs below or above",
    ),
    "no batch": ({"models": {"a": {"folder": "RUN"}}, "batching": {"largest": 0}}, "batching.largest"),
    "endless window": ({"models": {"a": {"folder": "RUN"}}, "batching": {"window_ms": 1e9}}, "batching.window_ms"),
    "no queue": ({"models": {"a": {"folder": "RUN"}}, "batching": {"queue": -1}}, "batching.queue"),
    "no body": ({"models": {"a": {"folder": "RUN"}}, "limits": {"body_bytes": 1}}, "limits.body_bytes"),
    "no time": ({"models": {"a": {"folder": "RUN"}}, "limits": {"body_seconds": 0}}, "limits.body_seconds"),
    "text for a number": ({"models": {"a": {"folder": "RUN"}}, "limits": {"samples": "4"}}, "limits.samples"),
    "state that is a folder": ({"models": {"a": {"folder": "RUN"}}, "state": "."}, "state"),
    "state in no folder": ({"models": {"a": {"folder": "RUN"}}, "state": "none/state.json"}, "state"),
}


@pytest.mark.parametrize("fault", FIELDS)
def test_fields_of_settings(fault, serve_here, digits_run, tmp_path):
    content, says = FIELDS[fault]
    path = tmp_path / "serve.yaml"
    path.write_text(json.dumps(content).replace('"RUN"', json.dumps(str(digits_run))))
    check_sentence(serve_here("--config", path), says)
    assert [each.name for each in tmp_path.iterdir()] == ["serve.yaml"]


@pytest.mark.parametrize("text", ["models: [", "a: 1\na: 2", "&a [*a]", "!!python/object/apply:os.system [id]", "\x00"])
def test_settings_that_are_not_yaml(text, serve_here, tmp_path):
    (tmp_path / "serve.yaml").write_text(text)
    check_sentence(serve_here("--config", tmp_path / "serve.yaml"), "serve.yaml")


def test_a_damaged_state(serve_here, digits_run, tmp_path):
    (tmp_path / "serve.yaml").write_text(
        json.dumps({"models": {"a": {"folder": str(digits_run)}}, "state": "state.json"})
    )
    for content in ("", "{", "[]", "{}", '{"models": {"a": 1}, "settings": {}}', '{"models": 1, "settings": 1}'):
        (tmp_path / "state.json").write_text(content)
        check_sentence(serve_here("--config", tmp_path / "serve.yaml"), "state")
        assert (tmp_path / "state.json").read_text() == content


def cut(name: str) -> Damage:
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:-20])


def without(name: str) -> Damage:
    return lambda run: (run / name).unlink()


def replaced(name: str, content: str | bytes) -> Damage:
    return lambda run: (run / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def summary(**fields: Any) -> Damage:
    def change(run: Path) -> None:
        path = run / "summary.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change


def pickled(run: Path) -> None:
    """A pickle, which leaves a file behind when it is read, in place of the weights."""
    import pickle

    class Enemy:
        def __reduce__(self):
            return os.mkdir, (str(run / "ran"),)

    (run / "chips.safetensors").write_bytes(pickle.dumps(Enemy()))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "not finished": (without("summary.json"), "holds no finished run"),
    "summary cut short": (cut("summary.json"), "summary.json is not JSON"),
    "summary of nothing": (replaced("summary.json", "{}"), "damaged"),
    "summary without classes": (summary(classes=None), "damaged"),
    "summary without figures": (summary(test_accuracy={}), "damaged"),
    "weights cut short": (cut("chips.safetensors"), "damaged"),
    "weights gone": (without("chips.safetensors"), "damaged"),
    "weights empty": (replaced("chips.safetensors", ""), "damaged"),
    "weights that are a pickle": (pickled, "damaged"),
    "recipe gone": (without("recipe.yaml"), "damaged"),
    "recipe that is not YAML": (replaced("recipe.yaml", "title: ["), "recipe.yaml: not YAML"),
    "recipe with an object": (replaced("recipe.yaml", "!!python/object/apply:os.system [id]"), "not YAML"),
    "recipe of another run": (replaced("recipe.yaml", "title: x"), "recipe.yaml"),
    "probes that are none": (replaced("probes.safetensors", "words"), "is not a file of tensors"),
}


@pytest.mark.parametrize("fault", DAMAGES)
def test_runs_that_cannot_be_served(fault, serve_here, digits_run, tmp_path):
    damage, says = DAMAGES[fault]
    run = shutil.copytree(digits_run, tmp_path / "run")
    damage(run)
    check_sentence(serve_here(run), says)
    assert not (run / "ran").exists()


def test_weights_that_are_not_those_written_are_found_out(serve_here, digits_run, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    run = shutil.copytree(digits_run, tmp_path / "run")
    path = run / "chips.safetensors"
    with safe_open(path, "np") as opened:
        about = opened.metadata()
    save_file({name: -each if each.dtype.kind == "f" else each for name, each in load_file(path).items()}, path, about)
    check_sentence(serve_here(run), "its content is not what was written")


def test_the_program_itself(ohmgrad, digits_run, tmp_path):
    """A port in use, in a process of its own: nothing but the sentence is on the terminal."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = ohmgrad("serve", digits_run, "--port", str(port), "--json", cwd=tmp_path)
    check_sentence(result, f"--port: 127.0.0.1:{port} cannot be had")
    assert not list(tmp_path.iterdir())
