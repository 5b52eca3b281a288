"""What accuracy costs: published models, scaling laws, forecasts with confidence intervals, and published claims.

This is a separate distribution that adds the command `limits` to ohmgrad. Its subpackages, each importing only those
before it, are `data`, `fit`, `forecast`, `claims`, `show` and `cli`. It uses no simulated chip, and JAX only in
`claims.simulation`. A subpackage is imported when it is first named (`ohmgrad_limits.fit`).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohmgrad_limits import claims, data, fit, forecast, show

__all__ = ["claims", "data", "fit", "forecast", "show"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"ohmgrad_limits.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
