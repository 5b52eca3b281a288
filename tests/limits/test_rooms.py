"""Oracle: the ground plan. Each room builds on those before it, and no room but the command knows the terminal."""

import ast
from pathlib import Path

import pytest

import ohmgrad
import ohmgrad_limits

ROOMS = ("data", "fit", "forecast", "claims", "show", "cli")
FOLDER, CORE = (Path(package.__path__[0]) for package in (ohmgrad_limits, ohmgrad))


def imported(file):
    """The full names of all modules that a file imports, and of what it takes from them."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_down(room):
    files = list((FOLDER / room).rglob("*.py"))
    assert len(files) > 1
    above = ROOMS[ROOMS.index(room) + 1 :]
    for file in files:
        for name in imported(file):
            parts = name.split(".")
            assert parts[0] != "ohmgrad_limits" or parts[1] not in above, f"{file.name} imports {name}"
            assert room == "cli" or not name.startswith("ohmgrad.cli"), f"{file.name} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_hands_out_its_public_names(room):
    module = __import__(f"ohmgrad_limits.{room}", fromlist=["__all__"])
    assert module.__doc__ and all(hasattr(module, name) for name in module.__all__)


def test_ohmgrad_does_not_know_of_it():
    assert not [file for file in CORE.rglob("*.py") for name in imported(file) if name.startswith("ohmgrad_limits")]


def test_pictures_leave_pyplot_and_its_backend_alone():
    assert not [file for file in FOLDER.rglob("*.py") for name in imported(file) if "pyplot" in name]
