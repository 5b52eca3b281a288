"""Linear ion drift: the boundary of a doped layer moves with the current."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.compact.model import CompactModel, require
from ohmgrad.devices.compact.windows import Window


class LinearIonDrift(CompactModel):
    """Linear ion drift: Strukov, Snider, Stewart and Williams, Nature 453, 80 (2008), equations 5 and 6.

    The state x is w/D, the doped share of the film: M(x) = R_on x + R_off (1 - x), dx/dt = mu R_on / D^2 i f(x), with
    the window f of `Window`. A positive voltage raises the conductance.

    Defaults: D and mu as in the caption of the paper's figure 2; R_on and R_off (ratio 160) as in the SPICE listing of
    Biolek et al., Radioengineering 18, 210 (2009). That figure 2b has the ratio 160 too is from memory.

    Raises:
        InputError: for a parameter that is not positive.
    """

    r_on_ohms: float = 100.0
    r_off_ohms: float = 16e3
    length_metres: float = 10e-9
    mobility_m2_per_volt_second: float = 1e-14
    window: Window = Window()

    def __check_init__(self):
        require(
            self,
            "positive",
            r_on_ohms=self.r_on_ohms,
            r_off_ohms=self.r_off_ohms,
            length_metres=self.length_metres,
            mobility_m2_per_volt_second=self.mobility_m2_per_volt_second,
        )

    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        return volts / (self.r_on_ohms * state + self.r_off_ohms * (1 - state))

    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        drift = self.mobility_m2_per_volt_second * self.r_on_ohms / self.length_metres**2
        state, volts = jnp.broadcast_arrays(state, volts)
        return drift * self.current(state, volts) * self.window(state, volts >= 0)
