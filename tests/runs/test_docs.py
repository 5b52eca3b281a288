"""Every code block of README and docs is executed: Python as it stands, and every `ohmgrad` command line.

A block that begins with `# NAME` is a file, which stands beside the commands of its page.
"""

import re
import shlex

import pytest
from pages import BLOCK, FILE, ROOT, write_files

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(language):
    for page in PAGES:
        for number, (kind, text) in enumerate(BLOCK.findall(page.read_text())):
            if kind == language and not FILE.match(text):
                yield pytest.param(text, page, id=f"{page.stem}-{number}")


@pytest.mark.parametrize(("text", "page"), list(blocks("python")))
def test_python_blocks_run(text, page, tmp_path, monkeypatch):
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


@pytest.mark.parametrize(("text", "page"), list(blocks("console")))
def test_ohmgrad_commands_run(text, page, ohmgrad, tmp_path):
    write_files(page, tmp_path)
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


def test_no_block_is_of_a_kind_that_nothing_checks():
    for page in PAGES:
        kinds = {kind for kind, text in BLOCK.findall(page.read_text()) if not FILE.match(text)}
        assert kinds <= {"python", "console", "mermaid"}, page.name  # the drawing of the rooms: test_imports.py
