"""The environment of a run: software versions, machine, commit."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import jax

import ohmgrad
from ohmgrad.parts import custom


def describe(seeds: list[int], modules: Sequence[str] = ()) -> dict:
    """Describe everything besides the recipe on which the numbers of a run may depend, as JSON.

    Args:
        seeds: One seed per chip.
        modules: Folders of the recipe's user-defined modules.
    """
    packages = ("jax", "jaxlib", "equinox", "numpy", "safetensors", "pydantic")
    device = jax.devices()[0]
    return {
        "ohmgrad": ohmgrad.__version__,
        "commit": _commit(),
        "seeds": seeds,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": f"{device.platform}: {device.device_kind}",
        "packages": {package: version(package) for package in packages},
        "modules": custom.sources(modules),
    }


def _commit() -> str | None:
    """The git commit of the running sources, or of the built package; None if neither is known."""
    built = resources.files("ohmgrad").joinpath("commit.txt")
    if built.is_file():
        return built.read_text().strip()
    here = Path(__file__)
    try:
        for command in (["git", "ls-files", "--error-unmatch", here.name], ["git", "rev-parse", "HEAD"]):
            answer = subprocess.run(command, cwd=here.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
