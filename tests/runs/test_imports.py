"""Oracle: the settings of Matplotlib before ohmgrad came; the order of the rooms as documented."""

import ast
import re
import subprocess
import sys
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
    """The parts of ohmgrad that a file names in its imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "ohmgrad":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ohmgrad."):
            yield node.module.split(".")[1]


def test_only_the_terminal_stands_on_netlists():
    users = {path.relative_to(ROOM).parts[0] for path in ROOM.rglob("*.py") if "spice" in rooms_imported(path)}
    assert users - {"__init__.py"} == {
        "cli",
        "spice",
    }  # the package itself names all rooms, to be imported when asked for


def test_only_the_terminal_speaks_of_its_options():
    """An option in a text (`--out`) outside of the terminal: one of git's is all that there is."""
    spoken = set()
    for path in ROOM.rglob("*.py"):
        if path.relative_to(ROOM).parts[0] != "cli":
            texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
            spoken |= {option for text in texts for option in re.findall(r"(?<![\w-])--[a-z][\w-]+", str(text))}
    assert spoken == {"--error-unmatch"}
