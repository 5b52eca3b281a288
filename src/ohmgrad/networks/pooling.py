"""Pooling of 2 x 2 windows, and its transpose, which distributes an activity to the positions of the window."""

import abc
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.parts import Number, Part, cast, number

Maps = Float[Array, "batch 2*height 2*width kernels"]
Pooled = Float[Array, "batch height width kernels"]
Shares = Any
"""Numbers or booleans of the shape of the maps, or None if all positions of a window have the same share."""


class Pooling(Part):
    """A convex function of a window, and its gradient: the share of each position of the window.

    Convexity makes a layer's coupling to non-negative neurons above concave in the layer's activity, so moving to the
    minimum of the linearised energy never raises the energy itself.
    """

    @abc.abstractmethod
    def __call__(self, maps: Maps) -> tuple[Pooled, Shares]:
        """Pool maps: one number per window, and the shares of its positions, which add up to 1."""

    @abc.abstractmethod
    def spread(self, activity: Pooled, shares: Shares) -> Maps:
        """Multiply activities by the shares of the positions of their windows: the transpose of the gradient."""


class MaxPooling(Pooling):
    """The maximum of a 2 x 2 window.

    The position of the maximum (the first if there are several) has share 1, the others 0.
    """

    kind: ClassVar[str] = "max"

    def __call__(self, maps):
        places = _places(maps)
        largest = jnp.maximum(jnp.maximum(places[0], places[1]), jnp.maximum(places[2], places[3]))
        shares, taken = [], jnp.zeros(largest.shape, bool)
        for place in places:
            shares.append((place == largest) & ~taken)
            taken |= shares[-1]
        return largest, _maps(shares)

    def spread(self, activity, shares):
        return jnp.where(shares, _maps([activity] * 4), 0)


class AveragePooling(Pooling):
    """The mean of a 2 x 2 window."""

    kind: ClassVar[str] = "average"

    def __call__(self, maps):
        places = _places(maps)
        return (places[0] + places[1] + places[2] + places[3]) / 4, None

    def spread(self, activity, shares):
        return _maps([activity / 4] * 4)


class SoftPooling(Pooling):
    """log(mean(exp(sharpness x))) / sharpness over a 2 x 2 window."""

    kind: ClassVar[str] = "soft"
    sharpness: Number = number(1.0, "towards 0: the mean; towards infinity: the maximum", gt=0, le=1e3)

    def __call__(self, maps):
        sharpness = cast(self.sharpness, maps)
        places = sharpness * jnp.stack(_places(maps))
        mean = jax.nn.logsumexp(places, 0) - jnp.log(4.0)
        return (mean / sharpness).astype(maps.dtype), _maps([*jax.nn.softmax(places, 0)])

    def spread(self, activity, shares):
        return shares * _maps([activity] * 4)


class Unpooled(Pooling):
    """No pooling: a window is one position."""

    def __call__(self, maps):
        return maps, None

    def spread(self, activity, shares):
        return activity


def _places(maps):
    """The four positions of all windows, as four separate arrays."""
    batch, height, width, kernels = maps.shape
    windows = maps.reshape(batch, height // 2, 2, width // 2, 2, kernels)
    return [windows[:, :, i, :, j] for i in range(2) for j in range(2)]


def _maps(places):
    """The inverse of `_places`."""
    batch, height, width, kernels = places[0].shape
    rows = [jnp.stack(pair, 3) for pair in (places[:2], places[2:])]
    return jnp.stack(rows, 2).reshape(batch, 2 * height, 2 * width, kernels)
