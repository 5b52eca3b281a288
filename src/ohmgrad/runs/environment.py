"""What a run was made with: versions, machine, commit."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jax

import ohmgrad


def describe(seeds: list[int]) -> dict:
    """Everything beside the recipe that the numbers of a run may depend on."""
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
    }


def _commit() -> str | None:
    """The git commit that the running sources belong to; None where they are installed or git is not there."""
    here = Path(__file__)
    try:
        tracked = subprocess.run(
            ["git", "ls-files", "--error-unmatch", here.name], cwd=here.parent, capture_output=True, check=False
        )
        if tracked.returncode:
            return None
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip()
