"""`ohmgrad limits claims`: published claims, checked against the data."""

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad_limits.cli import grids


def claims_command(as_json: AsJson = False) -> None:
    """Check claims of papers and the press against the data: reproduced, differs, or cannot be checked.

    Examples:

      ohmgrad limits claims
      ohmgrad limits claims --json
    """
    from ohmgrad_limits.claims import judged
    from ohmgrad_limits.show import tables

    found = judged()
    print_json({"claims": [each.as_dict() for each in found]}) if as_json else grids.show(tables.claims(found))
