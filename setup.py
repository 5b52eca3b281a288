"""Keeps the commit that a package was built from, so that a run can name it; everything else is in pyproject.toml."""

import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithCommit(build_py):
    """Writes ohmgrad/commit.txt where the sources are a git checkout."""

    def run(self):
        super().run()
        if self.editable_mode or not (ROOT / ".git").exists():
            return
        try:
            commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return
        (Path(self.build_lib) / "ohmgrad" / "commit.txt").write_text(commit.stdout)


setup(cmdclass={"build_py": BuildWithCommit})
