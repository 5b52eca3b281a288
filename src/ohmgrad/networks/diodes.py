"""Diodes between the hidden nodes of a resistive network and ground: ideal or exponential."""

import abc
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.parts import Number, Part, cast, number

Nodes = Float[Array, "batch nodes"]


class Diodes(Part):
    """A diode from each node to ground: it keeps the first half of the nodes above ground, the rest below."""

    @abc.abstractmethod
    def __call__(self, current: Nodes, conductance: Float[Array, "1 nodes"]) -> Nodes:
        """The equilibrium voltages of nodes.

        Args:
            current: Current into each node at ground from the rest of the network.
            conductance: Total conductance at each node.
        """

    @abc.abstractmethod
    def content(self, volts: Nodes) -> Nodes:
        """The integral of a diode's current over the voltage of its node (its co-content)."""


class Ideal(Diodes):
    """An ideal diode: voltages are clipped at ground."""

    kind: ClassVar[str] = "ideal"

    def __call__(self, current, conductance):
        volts = current / conductance
        return jnp.where(_kept_above(volts), jnp.maximum(volts, 0), jnp.minimum(volts, 0))

    def content(self, volts):
        return jnp.zeros_like(volts)


class Exponential(Diodes):
    """I = saturation (exp(V / volts) - 1), in the units of the network.

    The diode of Shockley (1949); `volts` is the ideality factor times kT/q. The equilibrium of a node with current I
    and conductance G, G v = I + diode current, is solved in closed form with the Wright omega function.
    """

    kind: ClassVar[str] = "exponential"
    saturation: Number = number(meaning="saturation current, in weight times voltage", gt=0, le=1e6)
    volts: Number = number(meaning="ideality factor times kT / q, in units of an input of 1", gt=0, le=1e6)

    def __call__(self, current, conductance):
        side = jnp.where(_kept_above(current), 1, -1).astype(current.dtype)
        # With w = -side v / volts the node's equation is w + share exp(w) = (saturation - side I) / (G volts) = c.
        scale = cast(self.volts, current)
        share = cast(self.saturation, current) / (conductance * scale)
        c = share - side * current / (conductance * scale)
        omega = wright_omega(c + jnp.log(share))
        conducts = omega > share
        # Two equivalent forms of w; each is used where it does not suffer from cancellation.
        w = jnp.where(conducts, jnp.log(jnp.where(conducts, omega / share, 1)), c - omega)
        return -side * scale * w

    def content(self, volts):
        side = jnp.where(_kept_above(volts), 1, -1).astype(volts.dtype)
        saturation, scale = cast(self.saturation, volts), cast(self.volts, volts)
        return saturation * (scale * jnp.expm1(-side * volts / scale) + side * volts)


def _kept_above(nodes: Nodes):
    return jnp.arange(nodes.shape[-1])[None] < nodes.shape[-1] // 2


@jax.custom_jvp
def wright_omega(y: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The Wright omega function: the omega > 0 with omega + ln omega = y.

    Two fourth-order steps (Fritsch, Shafer & Crowley, Commun. ACM 16:123, 1973) are exact to rounding in double
    precision.
    """
    # If omega is negligible compared with 1, omega = exp(y).
    tiny = y < -37
    middle = jnp.where(tiny, 0, y)
    large = jnp.maximum(middle, 1)
    start = jnp.where(middle > 1, large - jnp.log(large), jnp.exp((jnp.minimum(middle, 1) - 1) * 0.8))
    omega = jnp.where(middle > -1.5, start, jnp.exp(jnp.minimum(middle, 0)))
    for _ in range(2):
        rest = middle - omega - jnp.log(omega)
        one = 1 + omega
        both = one * (one + 2 / 3 * rest)
        omega = omega * (1 + rest / one * (both - rest / 2) / (both - rest))
    return jnp.where(tiny, jnp.exp(jnp.minimum(y, 0)), omega)


@wright_omega.defjvp
def _wright_omega_jvp(primals, tangents):
    omega = wright_omega(*primals)
    return omega, omega / (1 + omega) * tangents[0]
