"""Oracle: the settings of Matplotlib before ohmgrad is imported; the drawing of the rooms in docs/architecture.md."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import ohmgrad

ROOM = Path(ohmgrad.__file__).parent

SCRIPT = """
import importlib, json, pkgutil, sys
import matplotlib
matplotlib.rcParams["font.size"] = 17


def settings():  # to ask for the backend as usual would choose one
    return {name: dict.__getitem__(matplotlib.rcParams, name) for name in matplotlib.rcParams}


before = settings()
import ohmgrad
for found in pkgutil.walk_packages(ohmgrad.__path__, "ohmgrad."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
assert "ohmgrad.report.fit" in sys.modules and "matplotlib.figure" in sys.modules
from ohmgrad.report import loops
import numpy as np
loops.hysteresis({"device": (np.linspace(-1, 1, 5), np.linspace(-1, 1, 5) ** 3)})
assert before == settings(), "settings were changed"
assert "matplotlib.pyplot" not in sys.modules, "pyplot was imported"
"""


def test_no_module_and_no_picture_changes_a_users_matplotlib():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def rooms_imported(path):
    """The rooms of ohmgrad that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "ohmgrad":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ohmgrad."):
            yield node.module.split(".")[1]


DRAWING = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text().split("```mermaid")[1].split("```")[0]
ARROWS = [tuple(arrow) for arrow in re.findall(r"^ +(\w+) --> (\w+)$", DRAWING, re.MULTILINE)]
GROUND = set(re.findall(r"\w+", re.findall(r'ground\["(.*)"\]', DRAWING)[0]))


def imports_between_rooms():
    """Pairs of an importing and an imported room; the modules of the ground floor are one room."""
    for path in ROOM.rglob("*.py"):
        importing = path.relative_to(ROOM).parts[0].removesuffix(".py")
        if importing not in ("__init__", "__main__"):  # the package names all rooms, the program starts the terminal
            for imported in set(rooms_imported(path)) - {importing, "__version__"}:
                yield tuple("ground" if name in GROUND else name for name in (importing, imported))


def reached(room):
    return {room}.union(*(reached(below) for above, below in ARROWS if above == room))


def test_the_drawing_has_an_arrow_for_every_import_and_an_import_for_every_arrow():
    imports = set(imports_between_rooms())
    assert len(imports) > 40
    not_drawn = {(room, below) for room, below in imports if below not in reached(room)}
    assert not not_drawn
    assert {arrow for arrow in ARROWS if arrow[0] != "limits"} <= imports  # `limits` is a distribution of its own


def test_no_import_goes_up():
    TopologicalSorter({room: {below for above, below in ARROWS if above == room} for room, _ in ARROWS}).prepare()


def test_every_module_is_drawn():
    modules = {path.relative_to(ROOM).parts[0].removesuffix(".py") for path in ROOM.rglob("*.py")}
    assert (
        modules - {"__init__", "__main__"}
        == {room for arrow in ARROWS for room in arrow} - {"limits", "ground"} | GROUND
    )


def test_only_the_terminal_names_its_options():
    """An option in a text (`--out`) outside of `cli`: only one of git's."""
    spoken = set()
    for path in ROOM.rglob("*.py"):
        if path.relative_to(ROOM).parts[0] != "cli":
            texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
            spoken |= {option for text in texts for option in re.findall(r"(?<![\w-])--[a-z][\w-]+", str(text))}
    assert spoken == {"--error-unmatch"}
