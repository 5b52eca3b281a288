"""Reads of arrays: line currents, read noise, conversion, power."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.crossbar import tiles
from ohmgrad.crossbar.arrays import Arrays, Tiles
from ohmgrad.crossbar.hardware import Hardware
from ohmgrad.crossbar.mapping import Mapping
from ohmgrad.crossbar.wires import Ports, ports

Signal = Float[Array, "vectors tiles lines"]
Lines = Float[Array, "vectors row_tiles column_tiles groups sensed"]


class Circuit(eqx.Module):
    """The electrical state of arrays that determines a read.

    Reference devices, if the mapping has them, are the last column: its current is subtracted from those of all other
    columns on the wire. In transposed reads it is driven with minus the sum of the inputs.

    Attributes:
        g: Conductances of all cells in siemens, access transistors included; 0 for open cells.
        ports: The arrays with their wires, seen from the ends of the lines. None: lines without resistance.
        age_seconds: Time since each device's last write; 0 where the arrays have not aged.
    """

    g: Tiles
    ports: Ports | None
    age_seconds: Tiles | float = 0.0

    @property
    def transfer(self) -> Tiles:
        """Line current, in amperes, per volt on the crossing line."""
        return self.g if self.ports is None else self.ports.transfer


class Edges(NamedTuple):
    """Line ends of all arrays of a matrix that need a conversion per read.

    Attributes:
        driven: Driven lines, each with its own conversion.
        sensed: Sensed lines; the devices of a group share one conversion.
    """

    driven: float
    sensed: float


def edges(hardware: Hardware, shape: tuple[int, int], transposed: bool) -> Edges:
    """Line ends that a read of a matrix of this shape converts, forward or transposed."""
    (height, width), mapping = shape, hardware.mapping
    down, across = tiles.count(height, hardware.rows), tiles.count(width, hardware.columns)
    driven, sensed = (width * down, height * across) if transposed else (height * across, width * down)
    return Edges(float(driven * mapping.devices), float(sensed * len(mapping.digits)))


def conductances(arrays: Arrays, reference: Arrays | None, hardware: Hardware, shape: tuple[int, int]) -> Tiles:
    """Effective conductances of all cells, in siemens.

    Args:
        arrays: The devices of the weights.
        reference: Reference devices, appended as the last column.
        hardware: The hardware; its access transistors are in series with the devices.
        shape: Rows and columns of the weight matrix; cells outside it are open (0).
    """
    g = arrays.effective_g
    used_rows = tiles.used(shape[0], g.shape[-2])[:, None, None, :, None]
    used_columns = tiles.used(shape[1], g.shape[-1])[None, :, None, None, :]
    if reference is not None:
        g = jnp.concatenate([g, reference.effective_g], -1)
        used_columns = jnp.pad(used_columns, [(0, 0)] * 4 + [(0, 1)], constant_values=True)
    g = jnp.where(used_rows & used_columns, g, 0)
    return g if hardware.access_ohms is None else g / (1 + g * hardware.access_ohms)


def circuit(
    arrays: Arrays, reference: Arrays | None, ports: Ports | None, hardware: Hardware, shape: tuple[int, int]
) -> Circuit:
    """The electrical state of arrays.

    Args:
        arrays: The devices of the weights.
        reference: Reference devices.
        ports: Result of `solved` for these arrays.
        hardware: The hardware.
        shape: Rows and columns of the weight matrix.
    """
    age = arrays.age_seconds
    if reference is not None and reference.last_write is not None:
        age = jnp.concatenate([jnp.broadcast_to(age, arrays.g.shape), reference.last_write.seconds], -1)
    return Circuit(conductances(arrays, reference, hardware, shape), ports, age)


def solved(arrays: Arrays, reference: Arrays | None, hardware: Hardware, shape: tuple[int, int]) -> Ports | None:
    """Solve the wires of all arrays; None where lines have no resistance. Arguments as in `conductances`."""
    wires = hardware.wires
    if wires is None:
        return None
    rows, columns = arrays.g.shape[-2:]
    unused = (hardware.rows - rows, hardware.columns - columns)
    solve = jax.vmap(jax.vmap(jax.vmap(lambda g: ports(g, wires, unused))))
    return solve(conductances(arrays, reference, hardware, shape))


class Reading(NamedTuple):
    """Result of a read.

    Attributes:
        amperes: Converted line currents, summed over tiles and digits.
        reads: Number of reads of a single vector, repetitions by bound management included.
        watts: Power of all devices and wires, summed over vectors and reads.
        clipped: Number of conversions of each line whose current exceeded the full scale.
    """

    amperes: Float[Array, "vectors sensed_tiles sensed"]
    reads: Float[Array, ""] | float
    watts: Float[Array, ""]
    clipped: Float[Array, "sensed_tiles sensed"]


def read(
    circuit: Circuit,
    signal: Signal,
    full_scale: Float[Array, ""],
    hardware: Hardware,
    key: PRNGKeyArray,
    transposed: bool,
) -> Reading:
    """Drive the rows with vectors and sense the columns.

    Args:
        circuit: The arrays.
        signal: Input vectors in [-1, 1], cut into tiles.
        full_scale: Line current at which the ADC clips, in amperes.
        hardware: The hardware.
        key: Randomness of read noise.
        transposed: Drive the columns and sense the rows instead.
    """
    planes, weights = hardware.dac.planes(signal)
    keys = jax.random.split(key, len(weights))
    parts = [
        _once(circuit, plane, full_scale, hardware, plane_key, transposed)
        for plane, plane_key in zip(planes, keys, strict=True)
    ]
    amperes = sum(weight * part.amperes for weight, part in zip(weights, parts, strict=True))
    watts = jnp.stack([part.watts for part in parts]).sum()
    clipped = jnp.stack([part.clipped for part in parts]).sum(0)
    return Reading(jnp.asarray(amperes), sum(part.reads for part in parts), watts, clipped)


def _once(circuit, plane, full_scale, hardware, key, transposed) -> Reading:
    """One read of every vector, repeated with smaller inputs where bound management applies."""
    adc, first_key, second_key = hardware.adc, *jax.random.split(key)
    amperes = currents(circuit, plane, hardware, first_key, transposed)
    halvings = jnp.zeros(len(plane))
    watts = power(circuit, plane, hardware, transposed)
    if adc.bits is not None and adc.range == "vector":
        full_scale = jnp.maximum(jnp.abs(amperes).max((1, 2, 3, 4), keepdims=True), 1e-15)
    elif adc.reads_again:
        most = 2.0**hardware.dac.max_halvings
        over = jnp.abs(amperes).max((1, 2, 3, 4)) / full_scale
        halvings = jnp.ceil(jnp.log2(jnp.clip(over, 1, most)))
        plane = hardware.dac.convert(plane * 2.0 ** -halvings[:, None, None])
        amperes = currents(circuit, plane, hardware, second_key, transposed)
    converted = adc.convert(amperes, full_scale)
    clipped = adc.clips(amperes, full_scale).sum((0, 1, 3) if not transposed else (0, 2, 3))
    digits = jnp.array(hardware.mapping.digits, jnp.float32)
    summed = jnp.einsum("k,brckm->bcm" if not transposed else "k,brckm->brm", digits, converted)
    middle = hardware.mapping.middle(hardware.device)
    if middle is not None and not hardware.mapping.reference:
        # No measurement needed: the middle conductance times the sum of the inputs.
        summed -= hardware.device.read_volts * middle * plane.sum((1, 2), keepdims=True)
    # Each halving quarters the power of a read: 1 + 1/4 + ... + 4^-halvings.
    all_watts = watts * (4 - 4.0**-halvings) / 3
    return Reading(summed * 2.0 ** halvings[:, None, None], len(plane) + halvings.sum(), all_watts.sum(), clipped)


def currents(circuit: Circuit, signal: Signal, hardware: Hardware, key: PRNGKeyArray, transposed: bool) -> Lines:
    """Line currents of every tile and group, in amperes, with read noise, before conversion; arguments as in `read`."""
    device, mapping = hardware.device, hardware.mapping
    volts, signal = device.read_volts, _with_reference_input(signal, hardware, transposed)
    net = grouped(circuit.transfer, mapping)
    if mapping.reference and not transposed:
        net = net[..., :-1] - net[..., -1:]
    amperes = volts * _summed(_driven(signal, hardware), net, transposed)
    if not device.reads_scatter:
        return amperes
    # The independent noise of all devices of a line adds up to one Gaussian; that of a reference column is common.
    line_key, common_key = jax.random.split(key)
    squares, variance = jnp.square(signal), device.read_variance(circuit.g, circuit.age_seconds)
    if isinstance(variance, jax.Array) and variance.ndim:
        total = _summed(squares, grouped(variance, mapping, signed=False), transposed)
    else:
        one = squares.sum(-1) * (variance * len(mapping.signs))
        total = one[:, None, :, None, None] if transposed else one[:, :, None, None, None]
        total = jnp.broadcast_to(
            total, (*amperes.shape[:-1], amperes.shape[-1] + (mapping.reference and not transposed))
        )
    if mapping.reference and not transposed:
        total, common = total[..., :-1], total[..., -1:]
        amperes += volts * jnp.sqrt(common) * noise.normal(common_key, common.shape)
    return amperes + volts * jnp.sqrt(total) * noise.normal(line_key, amperes.shape)


def _summed(signal: Signal, values: Float[Array, "..."], transposed: bool) -> Lines:
    """Products of driven vectors with a value per device, summed over each sensed line."""
    # With this order of factors, the compiler needs no transposed copy of the arrays.
    if transposed:
        return jnp.einsum("bcm,rcknm->brckn", signal, values)
    return jnp.einsum("rcknm,brn->brckm", values, signal)


def _with_reference_input(signal: Signal, hardware: Hardware, transposed: bool) -> Float[Array, "vectors tiles driven"]:
    """Append the input of the reference column, in transposed reads: minus the sum of the inputs."""
    if not (transposed and hardware.mapping.reference):
        return signal
    return jnp.concatenate([signal, -signal.sum(-1, keepdims=True)], -1)


def power(circuit: Circuit, signal: Signal, hardware: Hardware, transposed: bool) -> Float[Array, " vectors"]:
    """Power of all devices and wires, in watts per vector: volts times currents at the driven lines."""
    device, signal = hardware.device, _with_reference_input(signal, hardware, transposed)
    volts = device.read_volts * signal
    if circuit.ports is not None:
        if transposed:
            return jnp.einsum("bcm,rcdmp,bcp->b", volts, circuit.ports.column_admittance, volts)
        return jnp.einsum("brn,rcdnp,brp->b", volts, circuit.ports.row_admittance, volts)
    squares = volts * device.read_volts * _driven(signal, hardware)
    lines = jnp.abs(circuit.g).sum((0, 2, 3) if transposed else (1, 2, 4))
    return jnp.einsum("btn,tn->b", squares, lines)


def _driven(signal: Signal, hardware: Hardware) -> Signal:
    """Voltage, in read voltages, at which a linear device carries the current of a cubic one: I = G (V + c V^3)."""
    cubic = hardware.device.cubic_per_square_volt
    return signal if cubic is None else signal + cubic * hardware.device.read_volts**2 * signal**3


def net(values: Tiles, hardware: Hardware) -> Float[Array, "row_tiles column_tiles groups rows columns"]:
    """Net conductance of each group, in siemens: the signed sum of its devices minus the middle of the mapping."""
    total, middle = grouped(values, hardware.mapping), hardware.mapping.middle(hardware.device)
    return total if middle is None else total - middle


def grouped(
    values: Tiles, mapping: Mapping, signed: bool = True
) -> Float[Array, "row_tiles column_tiles groups rows columns"]:
    """Sum of a value over the devices of each group, with their signs or without."""
    row_tiles, column_tiles, _, rows, columns = values.shape
    groups = values.reshape(row_tiles, column_tiles, len(mapping.digits), len(mapping.signs), rows, columns)
    total = groups[:, :, :, 0]
    for device, sign in enumerate(mapping.signs[1:], start=1):
        total = total + (sign if signed else 1) * groups[:, :, :, device]
    return total


def calibrated_full_scale(circuit: Circuit, hardware: Hardware, key: PRNGKeyArray) -> Float[Array, ""]:
    """Largest line current, in amperes, for uniformly distributed random inputs: the ADC range "calibrated"."""
    shape = (_CALIBRATION_VECTORS, circuit.g.shape[0], circuit.g.shape[3])
    signal = 2 * noise.uniform(key, shape) - 1
    return jnp.abs(currents(circuit, signal, hardware, key, transposed=False)).max() + 1e-15


_CALIBRATION_VECTORS = 64
