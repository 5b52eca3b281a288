"""What docs/serving.md shows, against the real program: its serve.yaml, its client, its curl lines."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Serving, serving

from ohmgrad.serve import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\w+\.\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
CURLS = re.findall(r"^    (curl .*)$", PAGE, re.MULTILINE)
MODELS = {"words", "digits-small", "digits-large"}


@pytest.fixture(scope="module")
def page(ohmgrad, braille_run, digits_run, tmp_path_factory) -> Iterator[tuple[Serving, Path]]:
    """A server with the page's serve.yaml, and its folder."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("page")
    for name, run in (("braille", braille_run), ("small", digits_run), ("large", digits_run)):
        shutil.copytree(run, folder / "runs" / name)
    Image.new("L", (28, 28), 90).save(folder / "seven.png")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with serving(ohmgrad.environment, "--config", folder / "serve.yaml") as running:
        yield running, folder


def test_its_settings_are_valid_and_served(page):
    running, folder = page
    settings = load(folder / "serve.yaml")
    assert set(settings.models) == MODELS and next(iter(settings.scenarios)) == "saving"
    assert {model["name"] for model in running.told["models"]} == MODELS
    image = {"image": [[[90]] * 8] * 8}
    low = running.ask("/v1/predict", image | {"signals": {"battery": 0.1}}).json
    assert (low["model"], low["scenario"]) == ("digits-small", "saving")
    assert running.ask("/v1/predict", {"word": "ohm"}).json["scenario"] == "reading"
    assert "right" in running.ask("/v1/predict", image, Ohmgrad_Scenario="thrifty").json["why"]
    index = {row["name"]: row["state"] for row in running.ask("/v2/repository/index", {}).json}
    assert index == dict.fromkeys(MODELS, "READY") | dict.fromkeys(("braille", "small", "large"), "UNAVAILABLE")


def test_its_client_is_answered(page):
    running, folder = page
    address = running.url.removeprefix("http://")
    done = subprocess.run(
        [sys.executable, "client.py", address], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'name': 'words'" in done.stdout and "True" in done.stdout


@pytest.mark.parametrize("line", CURLS)
def test_its_curl_lines_are_answered(page, line):
    running, folder = page
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is not installed")
        pytest.skip("curl is not installed")
    words = line.replace("http://127.0.0.1:8000", running.url).replace("curl", "curl --silent --fail-with-body", 1)
    done = subprocess.run(words, shell=True, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_version_that_was_chosen_stays_until_another_is(serve, braille_run, tmp_path):
    for version in ("1", "2"):
        shutil.copytree(braille_run, tmp_path / "words" / version)
    (tmp_path / "serve.yaml").write_text("models: {words: {folder: words}}\nbatching: {largest: 1}\n")
    with serve("--config", tmp_path / "serve.yaml") as running:
        path = "/v2/repository/models/words/load"
        assert running.ask(path, {"parameters": {"version": "1"}}).json["version"] == "1"
        (tmp_path / "words" / "2").rename(tmp_path / "words" / "3")
        assert running.ask(path, {}).json == {"name": "words", "version": "1", "versions": ["1", "3"]}
        assert running.ask(path, {"parameters": {"version": "3"}}).json["version"] == "3"
        assert running.ask("/v2/repository/models/words/unload", {}).status == 200
        assert running.ask("/v2/health/ready").status == 200
