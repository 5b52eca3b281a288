"""Write schemes: how a write controller turns a weight update into pulses. One file per family of schemes."""

import importlib
import pkgutil

from ohmgrad.crossbar.schemes.counted import MixedPrecision, PulseCount
from ohmgrad.crossbar.schemes.eapu import ErrorAware
from ohmgrad.crossbar.schemes.exact import Exact
from ohmgrad.crossbar.schemes.region import Region
from ohmgrad.crossbar.schemes.scheme import Layout, Outer, Scheme, fire
from ohmgrad.crossbar.schemes.single import Manhattan, SinglePulse
from ohmgrad.crossbar.schemes.tiki_taka import TikiTaka
from ohmgrad.crossbar.schemes.trains import PulseTrains
from ohmgrad.crossbar.schemes.verified import WriteVerify

__all__ = [
    "ErrorAware",
    "Exact",
    "Layout",
    "Manhattan",
    "MixedPrecision",
    "Outer",
    "PulseCount",
    "PulseTrains",
    "Region",
    "Scheme",
    "SinglePulse",
    "TikiTaka",
    "WriteVerify",
    "fire",
]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)  # so that `Scheme.kinds()` knows every way of writing of this folder
