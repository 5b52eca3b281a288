"""HTML pages from templates: one style, undefined names are errors, and all values are escaped."""

from typing import Any

import jinja2

from ohmgrad import __version__
from ohmgrad.report import numbers


def render(name: str, package: str = "ohmgrad.report", **values: Any) -> str:
    """Render a page from a template, which may extend `base.html.j2`.

    Args:
        name: File name of the template.
        package: Package that contains it.
        values: Values for the template, beside `numbers` (the functions of that module) and `version`.
    """
    loaders = [jinja2.PackageLoader(each, "") for each in dict.fromkeys((package, "ohmgrad.report"))]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name).render(numbers=numbers, version=__version__, **values)
