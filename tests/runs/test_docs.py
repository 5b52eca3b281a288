"""Every code block of README and docs is executed: Python as it stands, and every `ohmgrad` command line."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    for page in PAGES:
        for number, (kind, text) in enumerate(BLOCK.findall(page.read_text())):
            if kind == language:
                yield pytest.param(text, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("text", list(blocks("python")))
def test_python_blocks_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(text, "block", "exec"), names)
    made = {"trained", "result"} & names.keys()
    assert "assert" in text or made, "a block that checks nothing and trains nothing proves nothing"
    if "result" in names:  # chance is at most 1/2, of the shipped words 1/64
        assert names["result"].accuracy["ideal"].mean > 0.5 or "assert" in text
        assert names["result"].ledger["chip_energy_joules"]["nominal"] > 0
    if "trained" in names:
        assert names["trained"].loss[-1].mean() < 0.8 * names["trained"].loss[0].mean()


@pytest.mark.parametrize("text", list(blocks("console")))
def test_ohmgrad_commands_run(text, ohmgrad, tmp_path):
    commands = [part.strip() for line in text.splitlines() for part in line.split("&&")]
    for command in commands:
        words = shlex.split(command)
        if words[0] != "ohmgrad":
            assert words[0] in ("pip", "pytest"), f"{command} is not known to this test"
            continue
        target = None
        if ">" in words:
            words, target = words[: words.index(">")], tmp_path / words[-1]
        done = ohmgrad(*words[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        if target:
            target.write_text(done.stdout)


def test_every_local_link_leads_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_no_block_is_of_a_kind_that_nothing_executes():
    for page in PAGES:
        kinds = {kind for kind, _ in BLOCK.findall(page.read_text())}
        assert kinds <= {"python", "console"}, page.name
