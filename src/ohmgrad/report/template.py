"""HTML pages from templates: one style, strict about what is undefined, escaping all that is not markup."""

from typing import Any

import jinja2

from ohmgrad import __version__
from ohmgrad.report import numbers


def render(name: str, package: str = "ohmgrad.report", **values: Any) -> str:
    """A page from a template of a package, which may extend `base.html.j2`.

    Args:
        name: The template's file in the package.
        package: Where it lies.
        values: What it may name, beside `numbers` (the functions of that module) and `version`.
    """
    homes = [jinja2.PackageLoader(home, "") for home in dict.fromkeys((package, "ohmgrad.report"))]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(homes),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name).render(numbers=numbers, version=__version__, **values)
