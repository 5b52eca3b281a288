"""Oracle: what `ohmgrad.cli.plugins` promises of commands that other distributions bring; distributions made here."""

import sys
from importlib.metadata import EntryPoints

import pytest

from ohmgrad.cli import plugins

COMMAND = """
import typer

app = typer.Typer(help="Its own help.")


@app.command("hello")
def hello():
    print("hello from elsewhere")


@app.command("other")
def other():
    "Two commands make a group."
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a distribution whose entry point is the command `elsewhere`, of the code given."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "elsewhere_code", raising=False)

    def make(code):
        (tmp_path / "elsewhere_code.py").write_text(code)
        about = tmp_path / "elsewhere-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\nSummary: Its summary.\n")
        (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nelsewhere = elsewhere_code:app\n")

    yield make
    sys.modules.pop("elsewhere_code", None)


def test_a_distribution_brings_a_command(install, ohmgrad_here):
    install(COMMAND)
    done = ohmgrad_here("elsewhere", "hello")
    assert (done.returncode, done.stdout) == (0, "hello from elsewhere\n"), done.stderr
    assert "Its own help." in ohmgrad_here("elsewhere", "--help").stdout
    done = ohmgrad_here("elsewhere", "goodbye")
    assert done.returncode == 2 and "ohmgrad elsewhere --help" in done.stderr


def test_the_help_says_its_summary_and_imports_nothing(install, ohmgrad_here):
    install("raise SystemExit('imported')")
    done = ohmgrad_here("--help")
    assert done.returncode == 0 and "Its summary." in done.stdout
    assert "elsewhere_code" not in sys.modules


@pytest.mark.parametrize("code", ["import no_such_module", "other = 1"])
def test_one_that_cannot_be_loaded_is_a_sentence(code, install, ohmgrad_here):
    install(code)
    done = ohmgrad_here("elsewhere", "hello")
    assert done.returncode == 2 and done.stdout == ""
    assert "elsewhere: elsewhere_code:app cannot be loaded" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_distribution_of_ours_that_is_not_installed_says_how_to(monkeypatch, ohmgrad_here):
    monkeypatch.setattr(plugins, "entry_points", lambda **_: EntryPoints())
    for words in (["limits"], ["limits", "forecast", "--benchmark", "imagenet"], ["limits", "--help"]):
        done = ohmgrad_here(*words)
        assert done.returncode == 2 and done.stdout == ""
        assert "pip install ./limits" in done.stderr and len(done.stderr.splitlines()) == 1
    done = ohmgrad_here("--help")
    assert done.returncode == 0 and "cost" in done.stdout
    assert "No such command 'limit'" in ohmgrad_here("limit").stderr
