"""Stanford-PKU RRAM model: a tunnelling gap that field and Joule heating open and close."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.compact.model import CompactModel, require
from ohmgrad.errors import InputError

BOLTZMANN_EV_PER_KELVIN = 8.617333262e-5
NANOMETRE = 1e-9


class StanfordPku(CompactModel):
    """Filament-gap model: Jiang et al., SISPAD 2014; Guan, Yu and Wong, IEEE Electron Device Letters 33, 1405 (2012).

    With the gap g: I = I0 exp(-g/g0) sinh(V/V0); dg/dt = -v0 exp(-Ea/kT) sinh(gamma a0 qV / (t_ox kT)), where
    gamma = gamma0 - beta (g / 1 nm)^3 and T = T_ambient + |V I| R_th. Gap and filament move only while the local field
    gamma |V| / t_ox exceeds F_min. The state is (gap_max - g) / (gap_max - gap_min). Positive voltage sets.

    Defaults: the parameters of the Verilog-A file rram_v_1_0_0 (nanoHUB, doi:10.4231/D37H1DN48), read in a copy of it;
    its user guide of May 2014 has the same but for gap_max, there 1.8 nm. Its random variations of the gap are not
    modelled. The step at F_min is smoothed to a logistic of relative width `threshold_width`, since the gap of a slow
    reset stays at that step, where no solver converges; a width of 0.05 % changes the voltages of slow sweeps by less
    than half a percent.

    Raises:
        InputError: for a parameter outside its range.
    """

    i0_amperes: float = 1e-3
    g0_metres: float = 0.25e-9
    v0_volts: float = 0.25
    velocity_metres_per_second: float = 10.0
    activation_electronvolts: float = 0.6
    gamma0: float = 16.0
    beta: float = 0.8
    atom_spacing_metres: float = 0.25e-9
    oxide_metres: float = 12e-9
    field_min_volts_per_metre: float = 1.4e9
    gap_min_metres: float = 0.2e-9
    gap_max_metres: float = 1.7e-9
    thermal_kelvin_per_watt: float = 2.1e3
    ambient_kelvin: float = 298.0
    threshold_width: float = 5e-4

    def __check_init__(self):
        require(self, "positive", i0_amperes=self.i0_amperes, g0_metres=self.g0_metres, v0_volts=self.v0_volts)
        require(self, "positive", velocity_metres_per_second=self.velocity_metres_per_second, gamma0=self.gamma0)
        require(self, "positive", atom_spacing_metres=self.atom_spacing_metres, oxide_metres=self.oxide_metres)
        require(self, "positive", field_min_volts_per_metre=self.field_min_volts_per_metre)
        require(self, "positive", ambient_kelvin=self.ambient_kelvin, threshold_width=self.threshold_width)
        require(self, "0 or more", activation_electronvolts=self.activation_electronvolts, beta=self.beta)
        require(self, "0 or more", thermal_kelvin_per_watt=self.thermal_kelvin_per_watt)
        require(self, "0 or more", gap_min_metres=self.gap_min_metres, gap_max_metres=self.gap_max_metres)
        if not self.gap_min_metres < self.gap_max_metres:
            raise InputError("StanfordPku needs gap_min_metres < gap_max_metres")

    def gap(self, state: Float[Array, "*cells"]) -> Float[Array, "*cells"]:
        """Distance between filament tip and electrode in metres."""
        return self.gap_max_metres - state * (self.gap_max_metres - self.gap_min_metres)

    def temperature(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        """Steady-state temperature of the filament in kelvin, under Joule heating."""
        return self.ambient_kelvin + jnp.abs(volts * self.current(state, volts)) * self.thermal_kelvin_per_watt

    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        return self.i0_amperes * jnp.exp(-self.gap(state) / self.g0_metres) * jnp.sinh(volts / self.v0_volts)

    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        thermal_volts = BOLTZMANN_EV_PER_KELVIN * self.temperature(state, volts)
        gamma = self.gamma0 - self.beta * (self.gap(state) / NANOMETRE) ** 3
        field = gamma * volts / self.oxide_metres
        barrier = self.activation_electronvolts / thermal_volts
        lowering = field * self.atom_spacing_metres / thermal_volts
        # Each exponential of the sinh is taken together with the barrier's, which neither over- nor underflows float32.
        metres_per_second = (
            0.5 * self.velocity_metres_per_second * (jnp.exp(lowering - barrier) - jnp.exp(-lowering - barrier))
        )
        excess = jnp.abs(field) / self.field_min_volts_per_metre - 1
        moving = jax.nn.sigmoid(excess / self.threshold_width)
        return moving * metres_per_second / (self.gap_max_metres - self.gap_min_metres)
