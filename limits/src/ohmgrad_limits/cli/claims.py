"""`ohmgrad limits claims`: what was said, and what the data say."""

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad_limits.cli import grids


def claims_command(as_json: AsJson = False) -> None:
    """Hold what papers and the press said against the data: reproduced, differs, cannot be checked.

    Examples:

      ohmgrad limits claims
      ohmgrad limits claims --json
    """
    from ohmgrad_limits.claims import judged
    from ohmgrad_limits.show import tables

    found = judged()
    print_json({"claims": [each.as_dict() for each in found]}) if as_json else grids.show(tables.claims(found))
