"""Templates of HTML pages: strict about what is undefined, escaping all that is not markup."""

import jinja2


def environment(room: str, package: str = "ohmgrad") -> jinja2.Environment:
    """For the templates of a room (a folder of a package)."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, room),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
