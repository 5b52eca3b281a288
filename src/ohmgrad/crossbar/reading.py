"""What a vector of voltages on the lines of arrays makes at the other lines: currents, noise, conversion, power."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.crossbar.arrays import Arrays, Tiles
from ohmgrad.crossbar.converters import quantise
from ohmgrad.crossbar.hardware import Hardware
from ohmgrad.crossbar.mapping import Mapping
from ohmgrad.crossbar.wires import Ports, ports

Signal = Float[Array, "vectors tiles lines"]
Lines = Float[Array, "vectors row_tiles column_tiles groups lines"]
Reference = Float[Array, "row_tiles column_tiles rows"]


class Circuit(eqx.Module):
    """Arrays as a read meets them: conductances, what wires make of them, and reference devices where there are any.

    `reference` stand at mid-range beside each tile's rows; their current is subtracted on the wire.
    """

    g: Tiles
    ports: Ports | None
    reference: Reference | None

    @property
    def transfer(self) -> Tiles:
        """Line current per volt on the crossing line."""
        return self.g if self.ports is None else self.ports.transfer

    def net(self, hardware: Hardware) -> Float[Array, "row_tiles column_tiles groups rows columns"]:
        """Of the devices of each group, added up with their signs."""
        return grouped(self.transfer, hardware.mapping)


def conductances(arrays: Arrays, hardware: Hardware) -> Tiles:
    """Of every device with its access transistor in series."""
    g = arrays.visible
    return g / (1 + g * hardware.access_ohms) if hardware.access_ohms else g


def solved(arrays: Arrays, hardware: Hardware) -> Ports | None:
    """What the wires make of all arrays; nothing where they have no resistance."""
    wires = hardware.wires
    if wires is None:
        return None
    return jax.vmap(jax.vmap(jax.vmap(lambda g: ports(g, wires))))(conductances(arrays, hardware))


class Reading(NamedTuple):
    """What came out of the converters, in amperes, summed over tiles and digits; what it took."""

    amperes: Float[Array, "vectors tiles lines"]
    reads: Float[Array, ""] | float
    watts: Float[Array, ""]
    """V^2 G, summed over devices and vectors."""


def read(
    circuit: Circuit,
    signal: Signal,
    full_scale: Float[Array, ""],
    hardware: Hardware,
    key: PRNGKeyArray,
    transposed: bool,
) -> Reading:
    """One verb: numbers in [-1, 1] at the rows (`transposed`: at the columns), currents at the other lines."""
    planes, weights = hardware.dac.planes(signal)
    keys = jax.random.split(key, len(weights))
    parts = [
        _once(circuit, plane, full_scale, hardware, plane_key, transposed)
        for plane, plane_key in zip(planes, keys, strict=True)
    ]
    amperes = sum(weight * part.amperes for weight, part in zip(weights, parts, strict=True))
    watts = jnp.stack([part.watts for part in parts]).sum()
    return Reading(jnp.asarray(amperes), sum(part.reads for part in parts), watts)


def _once(circuit, plane, full_scale, hardware, key, transposed) -> Reading:
    """One application of voltages; again with smaller ones where that clips and the converter is told to."""
    adc, first_key, second_key = hardware.adc, *jax.random.split(key)
    amperes = currents(circuit, plane, hardware, first_key, transposed)
    reads, gain = float(len(plane)), jnp.ones((len(plane), 1, 1))
    if adc.bits is not None and adc.range == "vector":
        full_scale = jnp.maximum(jnp.abs(amperes).max((1, 2, 3, 4), keepdims=True), 1e-15)
    elif adc.bits is not None and adc.bound_management:
        over = jnp.abs(amperes).max((1, 2, 3, 4)) / full_scale
        halvings = jnp.ceil(jnp.log2(jnp.clip(over, 1, 2**10)))
        gain = (2.0**-halvings)[:, None, None]
        plane = quantise(plane * gain, hardware.dac.bits, 1.0)
        amperes = currents(circuit, plane, hardware, second_key, transposed)
        reads += halvings.sum()
    converted = adc.convert(amperes, full_scale)
    digits = jnp.array(hardware.mapping.digits, jnp.float32)
    summed = jnp.einsum("k,brckm->bcm" if not transposed else "k,brckm->brm", digits, converted)
    middle = hardware.mapping.middle(hardware.device)
    if middle and circuit.reference is None:
        # Known without a measurement: the middle conductance times the sum of the inputs.
        summed -= hardware.device.read_volts * middle * plane.sum((1, 2), keepdims=True)
    return Reading(summed / gain, reads, power(circuit, plane, hardware, transposed))


def currents(circuit: Circuit, signal: Signal, hardware: Hardware, key: PRNGKeyArray, transposed: bool) -> Lines:
    """Line currents of every tile and group, noise included, before conversion."""
    device = hardware.device
    volts, drive = device.read_volts, _driven(signal, hardware)
    across = "bcm,rcknm->brckn" if transposed else "brn,rcknm->brckm"
    amperes = volts * jnp.einsum(across, drive, circuit.net(hardware))
    noise_key, reference_key = jax.random.split(key)
    variance = device.read_variance(circuit.g)
    squares = jnp.square(signal)
    if not isinstance(variance, jax.Array):
        total = squares.sum(-1) * (variance * len(hardware.mapping.signs))
        total = total[:, None, :, None, None] if transposed else total[:, :, None, None, None]
    else:
        total = jnp.einsum(across, squares, grouped(variance, hardware.mapping, signed=False))
    if device.read_noise_siemens or device.flicker is not None:
        # Independent noise of every device adds up, over a line, to one Gaussian.
        amperes += volts * jnp.sqrt(total) * noise.normal(noise_key, amperes.shape)
    if circuit.reference is not None:
        amperes -= volts * _reference_current(circuit.reference, drive, squares, variance, reference_key, transposed)
    return amperes


def _reference_current(reference, drive, squares, variance, key, transposed):
    """Current per read volt of the column of reference devices; transposed, it is driven with the sum of the inputs."""
    if transposed:
        return jnp.einsum("bcm,rcn->brcn", drive, reference)[:, :, :, None]
    current = jnp.einsum("brn,rcn->brc", drive, reference)
    if not isinstance(variance, jax.Array):
        current += jnp.sqrt(squares.sum(-1) * variance)[:, :, None] * noise.normal(key, current.shape)
    return current[:, :, :, None, None]


def power(circuit: Circuit, signal: Signal, hardware: Hardware, transposed: bool) -> Float[Array, ""]:
    """Watts drawn by all devices and wires, summed over vectors: volts times currents at the driven lines."""
    device = hardware.device
    volts = device.read_volts * signal
    if circuit.ports is not None:
        across = (
            ("bcm,rcdmp,bcp->", circuit.ports.column_admittance)
            if transposed
            else (
                "brn,rcdnp,brp->",
                circuit.ports.row_admittance,
            )
        )
        return jnp.einsum(across[0], volts, across[1], volts)
    squares = (volts * device.read_volts * _driven(signal, hardware)).sum(0)
    lines = jnp.abs(circuit.g).sum((0, 2, 3) if transposed else (1, 2, 4))
    return (squares * lines).sum()


def _driven(signal: Signal, hardware: Hardware) -> Signal:
    """The voltage, in read voltages, of a linear device that carries the same current: I = G (V + c V^3)."""
    bend = hardware.device.cubic_per_square_volt * hardware.device.read_volts**2
    return signal + bend * signal**3 if bend else signal


def grouped(
    values: Tiles, mapping: Mapping, signed: bool = True
) -> Float[Array, "row_tiles column_tiles groups rows columns"]:
    """The devices of each group added up, with their signs or without."""
    row_tiles, column_tiles, _, rows, columns = values.shape
    groups = values.reshape(row_tiles, column_tiles, len(mapping.digits), len(mapping.signs), rows, columns)
    total = groups[:, :, :, 0]
    for device, sign in enumerate(mapping.signs[1:], start=1):
        total = total + (sign if signed else 1) * groups[:, :, :, device]
    return total


def largest_current(circuit: Circuit, hardware: Hardware, key: PRNGKeyArray) -> Float[Array, ""]:
    """The largest line current, in amperes, that evenly spread random inputs bring about: what a calibration would
    find."""
    shape = (_CALIBRATION_VECTORS, circuit.g.shape[0], circuit.g.shape[3])
    signal = 2 * noise.uniform(key, shape) - 1
    return jnp.abs(currents(circuit, signal, hardware, key, transposed=False)).max()


_CALIBRATION_VECTORS = 64
