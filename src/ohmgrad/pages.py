"""Templates of HTML pages: strict about what is undefined, escaping all that is not markup."""

import jinja2


def environment(room: str) -> jinja2.Environment:
    """For the templates of a room (a package of ohmgrad)."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("ohmgrad", room),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
