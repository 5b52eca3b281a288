"""The code blocks of README and docs."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.(?:py|yaml))\n")
"""How a block begins that is a file."""


def write_files(page: Path, folder: Path) -> None:
    """Puts the files that a page shows into a folder."""
    for _, text in BLOCK.findall(page.read_text()):
        if named := FILE.match(text):
            (folder / named[1]).write_text(text)
