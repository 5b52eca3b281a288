"""What accuracy costs: published models, scaling laws, forecasts with confidence intervals, and published claims.

This is a separate distribution that adds the command `limits` to ohmgrad. Its subpackages, each importing only those
before it, are `data`, `fit`, `forecast`, `claims`, `show` and `cli`. It uses no simulated chip, and JAX only in
`claims.simulation`. A subpackage is imported when it is first named (`ohmgrad_limits.fit`).
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from ohmgrad_limits import claims, data, fit, forecast, show

__all__ = ["claims", "data", "fit", "forecast", "show"]
__getattr__, *_ = lazy_loader.attach(__name__, __all__)
