"""Oracle: tritonclient, the client of NVIDIA's inference server; the run's own `predict` for the answers."""

import json
import shutil

import numpy as np
import pytest
import tritonclient.http as triton
from served import WORDS, serving
from tritonclient.utils import InferenceServerException

from ohmgrad.data import braille


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.url.removeprefix("http://")) as found:
        yield found


def asked(name: str, array: np.ndarray, datatype: str = "FP32", binary: bool = True) -> triton.InferInput:
    found = triton.InferInput(name, list(array.shape), datatype)
    found.set_data_from_numpy(array, binary_data=binary)
    return found


def words(*names: str) -> np.ndarray:
    return np.stack([braille.pattern(name) for name in names]).astype(np.float32)


def test_lives_and_is_ready(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("braille")
    assert client.is_model_ready("braille", "1") and not client.is_model_ready("braille", "2")
    assert not client.is_model_ready("nobody")


def test_metadata(client):
    assert client.get_server_metadata()["extensions"] == ["model_repository", "binary_tensor_data"]
    found = client.get_model_metadata("braille")
    assert found["versions"] == ["1"] and found["inputs"][0] == {
        "name": "input", "datatype": "FP32", "shape": [-1, 60]
    }  # fmt: skip
    shapes = {each["name"]: each["shape"] for each in found["outputs"]}
    assert shapes == {"output": [-1, 6], "answer": [-1], "settled": [-1], "sweeps": [-1], "residual": [-1]}
    assert client.get_model_metadata("digits")["inputs"][0]["shape"] == [-1, 8, 8, 1]
    assert {each["name"] for each in client.get_model_repository_index()} == {"braille", "digits"}


@pytest.mark.parametrize("binary", [True, False])
def test_answers_in_json_and_binary(client, binary):
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("answer", "output", "settled")]
    found = client.infer("braille", [asked("input", words(*WORDS), binary=binary)], outputs=outputs)
    assert [str(name, "utf-8") if isinstance(name, bytes) else name for name in found.as_numpy("answer")] == WORDS
    assert found.as_numpy("output").shape == (6, 6) and found.as_numpy("output").dtype == np.float32
    assert found.as_numpy("settled").dtype == bool


def test_binary_and_json_say_the_same(client):
    found = []
    for binary in (True, False):
        seeds = asked("seed", np.arange(6, dtype=np.uint32), "UINT32", binary)
        outputs = [triton.InferRequestedOutput("output", binary_data=binary)]
        found.append(client.infer("braille", [asked("input", words(*WORDS), binary=binary), seeds], outputs=outputs))
    np.testing.assert_array_equal(found[0].as_numpy("output"), found[1].as_numpy("output"))


def test_answers_are_those_of_the_run(client, digits_run):
    """On ideal weights there is no noise, so the run's own prediction is the answer."""
    import ohmgrad as toolkit

    run = toolkit.load(digits_run)
    images = np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1)).astype(np.float32) / 16
    found = client.infer("digits", [asked("input", images)])
    expected = run.predict(images.reshape(5, -1)).mean(0)
    np.testing.assert_allclose(found.as_numpy("output"), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("nobody", [asked("input", words("ohm"))], "unknown model"),
        ("braille", [asked("input", words("ohm")[:, :59])], "a sample has shape"),
        ("braille", [asked("inputs", words("ohm"))], "allowed: input, seed"),
        ("braille", [asked("input", words("ohm") * np.nan)], "NaN"),
        ("braille", [asked("input", words("ohm") * 2)], "out of range"),
        ("braille", [asked("input", words("ohm").astype(np.float64), "FP64")], "datatype FP64"),
        ("braille", [asked("input", words("ohm")), asked("seed", np.arange(2, dtype=np.uint32), "UINT32")], "seed"),
    ],
)
def test_errors_reach_the_client(client, name, inputs, said):
    with pytest.raises(InferenceServerException, match=said):
        client.infer(name, inputs)


def test_loads_and_unloads(ohmgrad, braille_run, tmp_path):
    shutil.copytree(braille_run, tmp_path / "models" / "words")
    settings = {"repository": "models", "batching": {"largest": 2}}
    path = tmp_path / "serve.yaml"
    path.write_text(json.dumps(settings))
    with serving(ohmgrad.environment, "--config", path) as running:
        client = triton.InferenceServerClient(running.url.removeprefix("http://"))
        assert client.get_model_repository_index()[0]["state"] == "UNAVAILABLE"
        client.load_model("words")
        assert client.is_model_ready("words")
        client.unload_model("words")
        assert not client.is_model_ready("words")
        with pytest.raises(InferenceServerException, match="unknown model"):
            client.load_model("..")
        client.close()
