"""Weight matrices on crossbars of devices, read and written through wires and converters."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.crossbar import reading, tiles
from ohmgrad.crossbar.arrays import Arrays, Seconds, Tiles
from ohmgrad.crossbar.hardware import Hardware
from ohmgrad.crossbar.mapping import Direct
from ohmgrad.crossbar.reading import Circuit
from ohmgrad.crossbar.schemes import Outer, Scheme
from ohmgrad.crossbar.wires import Ports
from ohmgrad.devices.memristor import DeviceVariation
from ohmgrad.errors import InputError
from ohmgrad.parts import Number
from ohmgrad.synapses.synapse import Conductances, Synapse, Terminals, counted
from ohmgrad.variants import numbers


class Crossbar(Synapse):
    """A weight matrix on crossbar arrays.

    Attributes:
        arrays: The devices.
        reference: Reference devices at mid-range, if the mapping has them.
        ports: The arrays with their wires, solved after every write. None: lines without resistance.
        residual: Largest residual of all of these solutions so far.
        scheme: The write scheme, with its memory.
        adc_full_scale_amperes: Line current at which the ADC clips.
        shape: Rows and columns of the weight matrix.
        weight_max: The largest weight that the devices can represent.
        hardware: The hardware.
        place: One-hot vector over the matrices of a network that says which one this is (`Counts.placed`).
    """

    arrays: Arrays
    reference: Arrays | None
    ports: Ports | None
    residual: Float[Array, ""] | None
    scheme: Scheme
    adc_full_scale_amperes: Float[Array, ""]
    shape: tuple[int, int] = eqx.field(static=True)
    weight_max: Number
    hardware: Hardware
    place: Float[Array, " matrices"] | None = None

    @staticmethod
    def program(
        weights: Float[Array, "height width"],
        hardware: Hardware,
        weight_max: Number,
        adc_full_scale_amperes: Number,
        key: PRNGKeyArray,
        stuck: Tiles | None = None,
    ) -> tuple["Crossbar", Counts]:
        """Fabricate arrays and program them to initial weights by verified writes, from the lowest conductances.

        Args:
            weights: The initial weights.
            hardware: The hardware.
            weight_max: The largest weight that the devices can represent.
            adc_full_scale_amperes: Line current at which the ADC clips; unused if `hardware.adc.range` is "calibrated".
            key: Randomness of fabrication and programming.
            stuck: A map of faults to use instead of drawn ones: siemens where a device is stuck, NaN where it works.

        Returns:
            The programmed crossbar, and the counts of the programming.
        """
        fabrication_key, programming_key, reference_key, scheme_key, calibrate_key = jax.random.split(key, 5)
        shape, hardware = (weights.shape[0], weights.shape[1]), numbers(hardware)
        device, layout = hardware.device, hardware.layout(weight_max, shape)
        lines = hardware.simulated(shape)
        cut = tiles.cut_matrix(weights, *lines)
        targets = layout.targets(cut)
        used = jnp.broadcast_to(tiles.used_cells(shape, lines), targets.shape).astype(targets.dtype)
        variation = device.fabricate(targets.shape, fabrication_key, stuck)
        lowest = device.bound(jnp.full_like(targets, device.g_min_siemens), variation)
        blank = Arrays(lowest, variation, None if device.unsettled_siemens is None else lowest)
        arrays, counts = blank.programmed(device, targets, used, programming_key)
        counts = _only_used(counts, hardware, shape)
        reference = None
        if hardware.mapping.reference:
            middle = jnp.broadcast_to(
                jnp.asarray(hardware.mapping.middle(device)), (*targets.shape[:2], 1, lines[0], 1)
            )
            aging = device.fabricate(middle.shape, jax.random.fold_in(reference_key, 0)).aging
            reference = Arrays(device.verified_write(middle, reference_key), DeviceVariation(aging=aging))
        solved = reading.solved(arrays, reference, hardware, shape)
        full_scale = jnp.asarray(adc_full_scale_amperes, jnp.float32)
        if hardware.adc.range == "calibrated":
            circuit = reading.circuit(arrays, reference, solved, hardware, shape)
            full_scale = reading.calibrated_full_scale(circuit, hardware, calibrate_key)
        scheme = hardware.write.begin(cut, layout, arrays, scheme_key)
        worst = None if solved is None else solved.residual.max()
        largest = jnp.asarray(weight_max, jnp.float32)
        return Crossbar(arrays, reference, solved, worst, scheme, full_scale, shape, largest, hardware), counts

    @property
    def weights(self):
        """Weights that the conductances represent, without wires, converters and read noise."""
        digits, net = jnp.array(self.hardware.mapping.digits), reading.net(self.arrays.effective_g, self.hardware)
        weights = jnp.einsum("k,rcknm->rcnm", digits, net) / self._siemens_per_weight
        return tiles.join_matrix(weights, *self.shape)

    def read(self, x, key):
        return self._read(x, key, transposed=False)

    def read_transposed(self, y, key):
        return self._read(y, key, transposed=True)

    def write(self, pre, post, key, rate=1.0) -> tuple["Crossbar", Counts]:
        """Write the update by the hardware's write scheme; arguments and results as in `Synapse.write`."""
        hardware, layout = self.hardware, self.hardware.layout(self.weight_max, self.shape)
        rows, columns = hardware.simulated(self.shape)
        change = Outer(tiles.cut_vector(pre, rows), tiles.cut_vector(rate * post, columns))
        write_key, refresh_key = jax.random.split(key)
        arrays, scheme, counts = self.scheme.write(layout, self.arrays, change, write_key)
        if hardware.resets_pairs:
            arrays, more = layout.refreshed(arrays, refresh_key)
            counts = counts.plus(more)
        if isinstance(hardware.mapping, Direct) and not hardware.device.bounded:
            # A conductance of a circuit is not negative, even without bounds.
            arrays = arrays.clipped_at_zero()
        counts = counted("write", len(pre), *self.shape).plus(_only_used(counts, hardware, self.shape))
        return self._with_arrays(arrays, scheme), counts.placed(self.place)

    def conductances(self, key):
        """Effective conductances with one draw of read noise.

        1/f noise is constant while the circuit settles; faster noise is averaged by nodes and converters.
        """
        hardware, terminals = self.hardware, ArrayTerminals(self.hardware)
        g = reading.conductances(self.arrays, None, hardware, self.shape)
        if hardware.device.reads_scatter:
            deviation = jnp.sqrt(hardware.device.read_variance(g, self.arrays.age_seconds))
            g = jnp.maximum(g + deviation * noise.normal(key, g.shape), 0)
        weights = tiles.join_matrix(g[:, :, 0] / self._siemens_per_weight, *self.shape)
        return Conductances(weights, terminals, self._siemens_per_weight)

    def aged(self, seconds: Seconds) -> "Crossbar":
        """Let all devices age, without a write: those of the weights, the references and the write scheme.

        Args:
            seconds: Additional time since the last write. Where devices do not age, the same crossbar is returned.
        """
        device = self.hardware.device
        if device.aging is None:
            return self
        reference = None if self.reference is None else self.reference.aged(device, seconds)
        scheme = self.scheme.aged(device, seconds)
        return replace(self, reference=reference)._with_arrays(self.arrays.aged(device, seconds), scheme)

    def with_hardware(self, hardware: Hardware) -> "Crossbar":
        """The same devices, read by other hardware: other converters, read noise or wires.

        Args:
            hardware: The hardware, of the same mapping and device.
        """
        return replace(self, hardware=numbers(hardware))._with_arrays(self.arrays, self.scheme)

    def _with_arrays(self, arrays: Arrays, scheme: Scheme) -> "Crossbar":
        """Replace the arrays and the scheme, and solve the wires again."""
        solved = reading.solved(arrays, self.reference, self.hardware, self.shape)
        worst = None if solved is None or self.residual is None else jnp.maximum(self.residual, solved.residual.max())
        return replace(self, arrays=arrays, scheme=scheme, ports=solved, residual=worst)

    @property
    def circuit(self) -> Circuit:
        """The electrical state of the arrays."""
        return reading.circuit(self.arrays, self.reference, self.ports, self.hardware, self.shape)

    @property
    def amperes_per_unit(self) -> Number:
        """Line current, in amperes, of an output of 1."""
        return self.hardware.device.read_volts * self._siemens_per_weight

    @property
    def _siemens_per_weight(self) -> Number:
        return self.hardware.mapping.siemens_per_weight(self.hardware.device, self.weight_max)

    def _read(
        self, x: Float[Array, "batch inputs"], key: PRNGKeyArray, transposed: bool
    ) -> tuple[Float[Array, "batch outputs"], Counts]:
        """One of the two read verbs; partial sums of tiles and digits are added in digital."""
        hardware, (height, width) = self.hardware, self.shape
        rows, columns = hardware.simulated(self.shape)
        size, outputs = (columns, height) if transposed else (rows, width)
        scale = jnp.ones((len(x), 1), x.dtype)
        if hardware.dac.range == "vector":
            largest = jnp.abs(x).max(1, keepdims=True)
            scale = jnp.where(largest > 0, largest, 1)
        signal = tiles.cut_vector(x / scale, size)
        result = reading.read(self.circuit, signal, self.adc_full_scale_amperes, hardware, key, transposed)
        amperes = result.amperes.reshape(len(x), -1)[:, :outputs]
        edges = reading.edges(hardware, self.shape, transposed)
        counts = (
            counted("read_transposed" if transposed else "read", len(x), height, width)
            ._replace(
                reads=result.reads,
                dac_conversions=result.reads * edges.driven,
                adc_conversions=result.reads * edges.sensed,
                read_watts=result.watts,
                clipped_conversions=result.clipped.reshape(-1)[:outputs].sum(),
            )
            .placed(self.place)
        )
        return scale * amperes / self.amperes_per_unit, counts


def _only_used(counts: Counts, hardware: Hardware, shape: tuple[int, int]) -> Counts:
    """Reduce the counts of a write of whole tiles to the lines that the matrix uses; a controller skips all others."""
    (height, width), (lines, columns) = shape, hardware.simulated(shape)
    rows = min(height / lines, 1.0)
    across = width / (tiles.count(width, columns) * columns)
    cells = height / (tiles.count(height, lines) * lines) * across
    shares = {
        "update_macs": cells,
        "adc_conversions": across,
        "pulsed_rows": rows,
        "verified_rows": rows,
        "programmed_rows": rows,
    }
    return counts._replace(**{name: share * getattr(counts, name) for name, share in shares.items()})


class ArrayTerminals(Terminals):
    """The converters of arrays that form a resistive network: DACs drive its sources, ADCs measure its nodes.

    Raises:
        InputError: where the hardware does not support resistive networks.
    """

    hardware: Hardware

    def __check_init__(self):
        hardware = self.hardware
        for wrong, field, allowed in (
            (not isinstance(hardware.mapping, Direct), "mapping", "direct, one device per conductance"),
            (
                hardware.wires is not None,
                "wires",
                "none; a resistive network is simulated without the resistance of wires",
            ),
            (hardware.device.cubic_per_square_volt is not None, "device.cubic_per_square_volt", "0, a linear device"),
            (hardware.dac.bit_serial, "dac.bit_serial", "false; all bits of an input drive the circuit at once"),
            (hardware.dac.range != "fixed", "dac.range", "fixed"),
            (hardware.adc.bound_management, "adc.bound_management", "false"),
        ):
            if wrong:
                raise InputError(f"hardware.{field}: does not go with a resistive network; allowed: {allowed}")

    @property
    def source_volts(self):
        return self.hardware.device.read_volts

    @property
    def needs_ranges(self):
        return self.hardware.adc.bits is not None and self.hardware.adc.range != "vector"

    def applied(self, x):
        return self.hardware.dac.convert(x)

    def arrays_across(self, nodes):
        return tiles.count(nodes, self.hardware.columns)

    def measured(self, nodes, full_scale):
        return self.hardware.adc.convert(nodes, self._full_scale(nodes, full_scale))

    def clipped(self, nodes, full_scale):
        return self.hardware.adc.clips(nodes, self._full_scale(nodes, full_scale)).sum()

    def _full_scale(self, nodes, given):
        """The full scale as given, or with the range "vector" the largest voltage of each sample."""
        if self.hardware.adc.range != "vector":
            return given
        return jnp.maximum(jnp.abs(nodes).max(1, keepdims=True), 1e-15)
