"""Weights as pairs of devices, G+ on one array and G- on another, read and written through their converters."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware, tiles, writing
from ohmgrad.crossbar.converters import convert
from ohmgrad.crossbar.mapping import from_pair, to_pair
from ohmgrad.crossbar.writing import Tiles, WriteScheme
from ohmgrad.synapses.synapse import Synapse, digital_counts


class Crossbar(Synapse):
    """A weight matrix on pairs of arrays of one size.

    `conductances` are siemens; axis 2 is G+ and G-. A weight of `weight_max` is a difference of the device's whole
    range. `adc_full_scale_amperes` is the line current at which the converters clip. `scheme` writes the arrays.
    """

    conductances: Tiles
    scheme: WriteScheme
    shape: tuple[int, int] = eqx.field(static=True)
    weight_max: float = eqx.field(static=True)
    adc_full_scale_amperes: float = eqx.field(static=True)
    hardware: Hardware = eqx.field(static=True)

    @staticmethod
    def program(
        weights: Float[Array, "height width"],
        hardware: Hardware,
        weight_max: float,
        adc_full_scale_amperes: float,
        key: PRNGKeyArray,
    ) -> tuple["Crossbar", Counts]:
        """Arrays programmed to given weights by write-and-verify, from every device at its lowest conductance."""
        device, (height, width) = hardware.device, weights.shape
        difference = weights * (device.g_max_siemens - device.g_min_siemens) / weight_max
        pair = device.bound(device.g_min_siemens + to_pair(difference, hardware.pair_offset_siemens))
        used = tiles.cut_matrix(jnp.ones_like(pair), hardware.rows, hardware.columns) > 0
        goals = jnp.where(used, tiles.cut_matrix(pair, hardware.rows, hardware.columns), device.g_min_siemens)
        g = jnp.where(used, device.land(goals, key), goals)
        scheme = writing.begin(hardware.write_scheme, goals)
        crossbar = Crossbar(g, scheme, (height, width), weight_max, adc_full_scale_amperes, hardware)
        counts = Counts(
            programs=float(2 * weights.size),
            program_siemens=(used * (jnp.abs(g) + device.g_min_siemens)).sum() / 2,
            programmed_rows=float(hardware.rows),
        )
        return crossbar, counts

    @property
    def _siemens_per_weight(self) -> float:
        device = self.hardware.device
        return (device.g_max_siemens - device.g_min_siemens) / self.weight_max

    @property
    def weights(self):
        return from_pair(tiles.join_matrix(self.conductances, *self.shape)) / self._siemens_per_weight

    def read(self, x, key):
        return self._apply(x, self.conductances, self.shape, key)

    def read_transposed(self, y, key):
        return self._apply(y, jnp.transpose(self.conductances, (1, 0, 2, 4, 3)), (self.shape[1], self.shape[0]), key)

    def _apply(
        self, x: Float[Array, "batch inputs"], g: Tiles, shape: tuple[int, int], key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch outputs"], Counts]:
        """Currents of every tile, converted, then summed over tiles in digital.

        G- is driven with the opposite voltages and shares its lines' converters with G+: the pair subtracts by
        Kirchhoff's current law before it is converted.
        """
        volts = self.hardware.device.read_volts
        signal = tiles.cut_vector(convert(x, self.hardware.dac_bits, 1.0), g.shape[3])
        power = jnp.square(signal)
        amperes = volts * jnp.einsum("brn,rcnm->brcm", signal, g[:, :, 0] - g[:, :, 1])
        noise = self.hardware.device.read_noise_siemens
        if noise:
            # Independent noise of every device adds up, over a line of both arrays, to one Gaussian.
            sigma = volts * noise * jnp.sqrt(2 * power.sum(-1))
            amperes += sigma[:, :, None, None] * jax.random.normal(key, amperes.shape)
        amperes = convert(amperes, self.hardware.adc_bits, self.adc_full_scale_amperes)
        currents = amperes.sum(1).reshape(len(x), -1)[:, : shape[1]]
        watts = volts**2 * jnp.einsum("rn,rn->", power.sum(0), jnp.abs(g).sum((1, 2, 4)))
        counts = digital_counts(len(x), *shape)._replace(
            reads=float(len(x)),
            dac_conversions=float(len(x) * 2 * shape[0] * g.shape[1]),
            adc_conversions=float(len(x) * tiles.count(shape[0], g.shape[3]) * shape[1]),
            read_watts=watts,
        )
        return currents / (volts * self._siemens_per_weight), counts

    def write(self, pre, post, key) -> tuple["Crossbar", Counts]:
        """The summed outer products as conductance changes, half on each device of a pair, by the hardware's scheme."""
        half = pre.T @ post * (self._siemens_per_weight / 2)
        change = tiles.cut_matrix(jnp.stack([half, -half]), self.hardware.rows, self.hardware.columns)
        counts = digital_counts(len(pre), *self.shape)
        g, scheme, written = self.scheme.write(self.hardware.device, self.conductances, change, key)
        crossbar = eqx.tree_at(lambda c: (c.conductances, c.scheme), self, (g, scheme))
        return crossbar, counts._replace(update_macs=counts.macs).plus(written)
