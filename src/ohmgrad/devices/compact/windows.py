"""Window functions, which slow the state near its bounds in drift models."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ohmgrad.devices.compact.model import require
from ohmgrad.errors import unknown

KINDS = ("none", "strukov", "joglekar", "biolek", "prodromakis")


class Window(eqx.Module):
    """A window function: a factor on the rate of a state x in [0, 1].

    | kind | factor | source |
    |---|---|---|
    | none | 1: the state moves freely and is clipped at its bounds | |
    | strukov | x (1 - x) | Strukov et al., Nature 453, 80 (2008) |
    | joglekar | 1 - (2x - 1)^2p | Joglekar and Wolf, Eur. J. Phys. 30, 661 (2009) |
    | biolek | 1 - x^2p when rising, 1 - (1 - x)^2p when falling | Biolek et al., Radioengineering 18, 210 (2009) |
    | prodromakis | j (1 - ((x - 1/2)^2 + 3/4)^p) | Prodromakis et al., IEEE TED 58, 3099 (2011) |

    Strukov's, Joglekar's and Prodromakis's windows are 0 at both bounds, so a state exactly there never leaves;
    Biolek's lets it return.

    Raises:
        InputError: for an unknown kind, a p below 1, or a j that is not positive.
    """

    kind: str = "none"
    p: int = 1
    j: float = 1.0

    def __check_init__(self):
        if self.kind not in KINDS:
            raise unknown("window", self.kind, KINDS)
        require(self, "1 or more", p=self.p)
        require(self, "positive", j=self.j)

    def __call__(self, x: Float[Array, "*cells"], rising: Bool[Array, "*cells"]) -> Float[Array, "*cells"]:
        """The factor at state x, which rises where `rising` is true."""
        if self.kind == "none":
            return jnp.ones_like(x)
        if self.kind == "strukov":
            return x * (1 - x)
        if self.kind == "joglekar":
            return 1 - (2 * x - 1) ** (2 * self.p)
        if self.kind == "biolek":
            return 1 - jnp.where(rising, x, 1 - x) ** (2 * self.p)
        return self.j * (1 - ((x - 0.5) ** 2 + 0.75) ** self.p)
