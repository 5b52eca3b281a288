"""Deep resistive network: voltage sources, conductances, diodes; it settles to the least dissipated power."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware, expected, tiles
from ohmgrad.errors import InputError
from ohmgrad.figure import Range
from ohmgrad.networks.diodes import Diodes, Ideal
from ohmgrad.networks.initial import conductances
from ohmgrad.networks.network import LayerNetwork, State, Write
from ohmgrad.networks.neurons import LINEAR
from ohmgrad.parts import Number
from ohmgrad.synapses.crossbar import check_stands_alone
from ohmgrad.synapses.synapse import counted

Volts = Float[Array, "_ _"]
_NODES = Range(0.0, 0.06, 4.0)
"""Mean square of the volts across a device, where an input is 1: about what a training of `mnist-resistive-epiram` has;
at most those between sources of both signs."""


class Drops(NamedTuple):
    """Voltages at the two ends of a conductance matrix: -dE/dg = -scale (pre - post)^2 / 2, one row per sample."""

    pre: Float[Array, "batch rows"]
    post: Float[Array, "states columns"]
    scale: float = 1.0

    def weighted(self, weight: Float[Array, "states"]) -> Write:
        """The sum with a weight for each sample: one product of matrices and two vectors, by the binomial formula.

        Where `post` holds several states of each sample, the whole batch after the whole batch, `pre` is the same in
        all of them, and only the difference of the states meets it.
        """
        weight = self.scale * weight[:, None]
        times = len(self.post) // len(self.pre)
        products = (weight * self.post).reshape(times, *self.pre.shape[:1], -1).sum(0)
        shared = weight.reshape(times, -1, 1).sum(0)
        rows = -(shared * jnp.square(self.pre)).sum(0, keepdims=True) / 2
        columns = -(weight * jnp.square(self.post)).sum(0, keepdims=True) / 2
        return Write(
            jnp.concatenate([self.pre, rows, jnp.ones_like(rows)]),
            jnp.concatenate([products, jnp.ones_like(columns), columns]),
        )


class Circuit(eqx.Module):
    """A network with its inputs applied: what stays the same while it settles.

    Of each layer: the currents that inputs or rails send into it when it is at ground; all conductance that meets at a
    node; and the conductances, from the second matrix on without those of the rails.
    """

    inputs: Float[Array, "batch nodes"]
    rails: tuple[Float[Array, " _"], ...]
    totals: tuple[Float[Array, " _"], ...]
    couplings: tuple[Float[Array, "_ _"], ...]
    standing: tuple[Float[Array, "_ _"], ...]
    applied: Float[Array, "batch inputs"]
    hardware: Hardware | None = eqx.field(static=True)
    siemens: Number


class ResistiveNetwork(LayerNetwork):
    """E = sum_l A^(2 (L - l)) sum_ij g_ij (a_i - v_j)^2 / 2, the half of the power lost in its conductances.

    Inputs become voltage sources of plus and minus `input_gain` times their value; each layer of nodes hangs on the one
    below by a matrix of conductances, hidden nodes have a diode to ground (the first half of a layer stays above it,
    the second below), outputs have none. Kendall et al., arXiv:2006.01981 (2020); the exact block descent is that of
    Scellier, arXiv:2402.11674 (2024). `layers` counts inputs before they are doubled, nodes of hidden layers, outputs.

    Every matrix ends in two rows on rails of plus and minus `bias_volts`: a bias is a pair of conductances like all
    others, as Kendall et al. have it with one rail. Scellier's code has current sources of either sign, which no
    device of a crossbar is; the pair becomes one in the limit of high rails, reaches the same accuracy, and leaves
    nothing in the circuit that is not a non-negative conductance.

    With an `amplification` A each hidden node drives the next matrix through an amplifier that raises its voltage by A
    and passes the current that it delivers back to the node divided by A (Kendall et al.: A = 4). A node then rests
    where G v = A v_below g + v_above g' / A: the energy of each layer counts A^2 times that of the next, and with
    v A^(L - l) for v it is the energy without amplifiers. Ideal diodes know no scale, so to them amplifiers are a
    higher input gain; to real diodes they are not.

    On crossbars the devices are the conductances and the circuit settles by itself: an input of 1 is a source of the
    device's read voltage, through the DAC; nodes are measured by the ADC, whose full scale for each layer is in
    `node_ranges`, in the units of the network. Counted is, for every settling: the power of all devices where it ended
    (`settle_watts`), one settling per sample, a conversion per input line and per node. Multiplications count what a
    digital machine would need.
    """

    layers: tuple[int, ...] = eqx.field(static=True)
    input_gain: float = eqx.field(static=True, default=1.0)
    bias_volts: float = eqx.field(static=True, default=1.0)
    amplification: float = eqx.field(static=True, default=1.0)
    diodes: Diodes = Ideal()
    node_ranges: tuple[float, ...] | None = eqx.field(static=True, default=None)

    @property
    def shapes(self):
        below = (2 * self.layers[0], *self.layers[1:-1])
        return tuple((lower + 2, upper) for lower, upper in zip(below, self.layers[1:], strict=True))

    def start(self, x):
        return tuple(jnp.zeros((len(x), nodes), x.dtype) for nodes in self.layers[1:])

    def feed(self, synapses, x, key):
        keys = jax.random.split(key, len(synapses))
        parts = [synapse.standing(layer_key) for synapse, layer_key in zip(synapses, keys, strict=True)]
        hardware, siemens = self._common_hardware(parts)
        standing = tuple(part.conductances for part in parts)
        couplings = tuple(g[:-2] for g in standing[1:])
        applied = x if hardware is None else hardware.dac.convert(x)
        # Sources come in pairs of opposite sign: only the difference of their conductances meets the input.
        pixels = self.layers[0]
        inputs = (self.input_gain * applied) @ (standing[0][:pixels] - standing[0][pixels:-2])
        rails = tuple(self.bias_volts * (g[-2] - g[-1]) for g in standing)
        totals = [g.sum(0) for g in standing]
        for layer, g in enumerate(couplings):
            totals[layer] += g.sum(1)
        # A node that nothing conducts to stays where it is put, at ground.
        totals = tuple(jnp.maximum(total, jnp.finfo(total.dtype).tiny) for total in totals)
        circuit = Circuit(inputs + rails[0][None], rails, totals, couplings, standing, applied, hardware, siemens)
        return circuit, counted("read", len(x), *standing[0].shape, digital=True)

    def tiled(self, feed, times):
        return eqx.tree_at(
            lambda circuit: (circuit.inputs, circuit.applied), feed, replace_fn=lambda leaf: jnp.tile(leaf, (times, 1))
        )

    def update(self, synapses, feed, push, state, layer, key):
        current, counts = feed.inputs, Counts()
        if layer:
            g, below = feed.couplings[layer - 1], state[layer - 1]
            current = feed.rails[layer][None] + (self.amplification * below) @ g
            counts = counts.plus(counted("read", len(below), *g.shape, digital=True))
        if layer == len(state) - 1:
            return push(LINEAR, current, state[layer], feed.totals[layer][None]), counts
        g, above = feed.couplings[layer], state[layer + 1]
        current = current + (above / self.amplification) @ g.T
        counts = counts.plus(counted("read", len(above), *g.shape, digital=True))
        return self.diodes(current, feed.totals[layer][None]), counts

    def settle(self, synapses, feed, push, state, settling, key):
        settled, counts = super().settle(synapses, feed, push, state, settling, key)
        if feed.hardware is None:
            return settled, counts
        lines = self._lines(self._sources(feed.applied), settled.state)
        unit = feed.siemens * (feed.hardware.device.read_volts / self.input_gain) ** 2
        dissipated = sum(
            _dissipated(g, pre, post).sum() for g, pre, post in zip(feed.standing, lines, settled.state, strict=True)
        )
        copies = tiles.count(self.layers[1], feed.hardware.columns)
        counts = counts._replace(
            settlings=counts.settlings + float(len(feed.inputs)),
            dac_conversions=counts.dac_conversions + float(len(feed.inputs) * 2 * self.layers[0] * copies),
            adc_conversions=counts.adc_conversions + len(feed.inputs) * jnp.array(self.layers[1:], jnp.float32),
            settle_watts=counts.settle_watts + unit * dissipated,
            clipped_conversions=counts.clipped_conversions + self._clipped(settled.state, feed.hardware),
        )
        return settled._replace(state=self._measured(settled.state, feed.hardware)), counts

    def expected(self, hardware, phases):
        """Every device stands between two nodes, no further apart than sources of both signs, each up to the rails."""
        rails = max(1.0, self.bias_volts / self.input_gain)
        span = 2 * rails * max(1.0, self.amplification ** (len(self.shapes) - 1))
        devices = sum(rows * columns for rows, columns in self.shapes)
        squares = _NODES._replace(high=span**2)
        watts = expected.siemens(hardware) * squares * (hardware.device.read_volts**2 * devices * phases)
        copies = tiles.count(self.layers[1], hardware.columns)
        return Counts(
            settlings=phases,
            settle_watts=watts,
            dac_conversions=phases * 2 * self.layers[0] * copies,
            adc_conversions=phases * sum(self.layers[1:]),
        )

    @property
    def low(self):
        return 0.0

    def initial(self, gains, key):
        return conductances(self.shapes, gains, key)

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Drops]:
        return self._drops(x, state)

    def writes(self, x, state, weight):
        return [drops.weighted(weight) for drops in self._drops(x, state)]

    def energy(self, weights, x, state):
        lines, scales = self._lines(self._sources(x), state), self._scales(len(state))
        energy = sum(
            scale / 2 * _dissipated(g, pre, post)
            for g, pre, post, scale in zip(weights, lines, state, scales, strict=True)
        )
        for nodes, scale in zip(state[:-1], scales[:-1], strict=True):
            energy += scale * self.diodes.content(nodes).sum(1)
        return jnp.asarray(energy)

    def _sources(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch 2*inputs+2"]:
        """Voltages at the rows of the first matrix: inputs of both signs, then rails."""
        return self._with_rails(self.input_gain * jnp.concatenate([x, -x], 1))

    def _drops(self, x: Float[Array, "batch inputs"], state: tuple[Float[Array, "states _"], ...]) -> list[Drops]:
        """Both ends of every matrix; the sources are given once, however many states there are of each sample."""
        lines, scales = self._lines(self._sources(x), state), self._scales(len(state))
        return [Drops(*ends) for ends in zip(lines, state, scales, strict=True)]

    def _lines(self, sources: Volts, state: tuple[Volts, ...]) -> list[Volts]:
        """Voltages at the rows of every matrix."""
        return [sources, *(self._with_rails(self.amplification * nodes) for nodes in state[:-1])]

    def _with_rails(self, volts: Float[Array, "batch lines"]) -> Float[Array, "batch lines+2"]:
        rail = jnp.full_like(volts[:, :1], self.bias_volts)
        return jnp.concatenate([volts, rail, -rail], 1)

    def _scales(self, matrices: int) -> list[float]:
        """Of each layer's part of the energy: a nudge of the outputs is worth this many times as much there."""
        return [self.amplification ** (2 * (matrices - 1 - layer)) for layer in range(matrices)]

    def _common_hardware(self, parts) -> tuple[Hardware | None, Number]:
        hardware, siemens = parts[0].hardware, parts[0].siemens
        if hardware is not None:
            self._check_arrays(hardware)
        return hardware, siemens

    def check(self, hardware, weight_max):
        self._check_arrays(hardware)
        if (weight_max != weight_max[..., :1]).any():
            raise InputError(
                "hardware.weight_max: all matrices of a resistive network are one circuit; allowed: one value for all"
            )

    def _check_arrays(self, hardware: Hardware) -> None:
        """Raises InputError where the circuit cannot stand on such arrays, or its nodes cannot be measured."""
        check_stands_alone(hardware)
        converted = hardware.adc.bits is not None and hardware.adc.range != "vector"
        if converted and (self.node_ranges is None or len(self.node_ranges) != len(self.layers) - 1):
            raise InputError(
                "network.node_ranges: converters that measure nodes need a full scale for each layer above the input; "
                f"allowed: {len(self.layers) - 1} numbers, auto, or hardware.adc.range = vector"
            )

    def _measured(self, state: State, hardware: Hardware) -> State:
        """What the converters say of the nodes."""
        ranges = self._full_scales(state, hardware)
        return tuple(hardware.adc.convert(nodes, full) for nodes, full in zip(state, ranges, strict=True))

    def _clipped(self, state: State, hardware: Hardware) -> Float[Array, " layers"]:
        """How many nodes of each layer are beyond their converters' full scale."""
        ranges = self._full_scales(state, hardware)
        return jnp.stack([hardware.adc.clips(*ends).sum() for ends in zip(state, ranges, strict=True)])

    def _full_scales(self, state: State, hardware: Hardware) -> Sequence[Float[Array, "batch 1"] | float]:
        if hardware.adc.range == "vector":
            return [jnp.maximum(jnp.abs(nodes).max(1, keepdims=True), 1e-15) for nodes in state]
        return self.node_ranges or (1.0,) * len(state)


def _dissipated(
    g: Float[Array, "rows columns"], pre: Float[Array, "batch rows"], post: Float[Array, "batch columns"]
) -> Float[Array, " batch"]:
    """sum_ij g_ij (pre_i - post_j)^2."""
    ends = jnp.square(pre) @ g.sum(1) + jnp.square(post) @ g.sum(0)
    return ends - 2 * ((pre @ g) * post).sum(1)
