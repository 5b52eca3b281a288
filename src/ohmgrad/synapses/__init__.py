"""Who implements the three verbs: floating-point weights, with an optimiser or without, devices on crossbars; kernels
unrolled, and complex vectors split, on either."""

from typing import TYPE_CHECKING, Any

from ohmgrad.synapses.complex import Complex, as_real
from ohmgrad.synapses.convolution import Convolution
from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Fixed, Ideal
from ohmgrad.synapses.synapse import Standing, Synapse

if TYPE_CHECKING:
    from ohmgrad.synapses.optimised import Optimised

__all__ = ["Complex", "Convolution", "Crossbar", "Fixed", "Ideal", "Optimised", "Standing", "Synapse", "as_real"]


def __getattr__(name: str) -> Any:
    if name == "Optimised":  # it brings optax along
        from ohmgrad.synapses.optimised import Optimised

        return Optimised
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
