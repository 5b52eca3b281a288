"""Pages, pictures and tables of runs, devices and studies, in one style.

A module is imported when it is first named (`ohmgrad.report.page.write(folder)`).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohmgrad.report import assess, device, fit, loops, page, pictures, scaling, style, terminal

__all__ = ["assess", "device", "fit", "loops", "page", "pictures", "scaling", "style", "terminal"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"ohmgrad.report.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
