"""Pages, pictures and tables of runs, devices and studies, in one style.

A module is imported when it is first named (`ohmgrad.report.page.write(folder)`).
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from ohmgrad.report import assess, device, fit, loops, page, pictures, scaling, study, style, terminal

__all__ = ["assess", "device", "fit", "loops", "page", "pictures", "scaling", "study", "style", "terminal"]
__getattr__, *_ = lazy_loader.attach(__name__, __all__)
