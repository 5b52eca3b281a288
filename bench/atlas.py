"""Write the shipped atlas from the folder of the study `atlas`, finished or not.

    ohmgrad study run atlas --out DIR
    python bench/atlas.py DIR

Cells that are not done yet are counted in atlas.json.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import ohmgrad
from ohmgrad import files, studies
from ohmgrad.studies import atlas

HOME = Path(atlas.__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    whole = studies.plan(studies.load(atlas.STUDY))
    outcome = studies.gathered(studies.reopen(folder), folder)
    table = atlas.summary(outcome.table)
    about = {
        "cells": len(table),
        "of": len(whole.cells),
        "chips": whole.study.seeds,
        "command": f"ohmgrad study run {atlas.STUDY}",
        "version": ohmgrad.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }
    files.write(HOME / "atlas.csv", table.to_csv(index=False))
    files.write(HOME / "atlas.json", json.dumps(about, indent=1) + "\n")
    print(f"{len(table)} of {len(whole.cells)} cells; {(HOME / 'atlas.csv').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
