"""What accuracy costs: published models, scaling laws through them, forecasts with their intervals, and what was said.

A distribution of its own beside ohmgrad, whose terminal it gives the command `limits`. Its rooms, each built on those
before it: `data`, `fit`, `forecast`, `claims`, `show`; `cli` is the command. Knows no chip, and imports no JAX but in
`claims.simulation`. A room is imported when it is first named (`ohmgrad_limits.fit`).
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
