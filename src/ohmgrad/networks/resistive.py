"""Deep resistive network of voltage sources, conductances and diodes, which minimises the dissipated power."""

import math
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks.diodes import Diodes, Ideal
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.initial import conductances
from ohmgrad.networks.network import LayerNetwork, State, Write
from ohmgrad.networks.neurons import LINEAR, RELU
from ohmgrad.parts import COUNT, Number, cast, given, number, part, setting
from ohmgrad.quantity import Range
from ohmgrad.synapses import Conductances, Terminals
from ohmgrad.synapses.synapse import counted

Volts = Float[Array, "_ _"]
_NODES = Range(0.0, 0.06, 4.0)
"""Mean square of the voltage across a device, in units of the voltage of an input of 1, with bounds.

Nominal: about that of a training of `mnist-resistive-epiram`. High: that between sources of opposite sign.
"""


class Drops(NamedTuple):
    """Voltages at the two ends of a conductance matrix: -dE/dg = -scale (pre - post)^2 / 2, one row per sample."""

    pre: Float[Array, "batch rows"]
    post: Float[Array, "states columns"]
    scale: Number = 1.0

    def weighted(self, weight: Float[Array, "states"]) -> Write:
        """Weighted sum over states: a matrix product and two vectors, by expanding the square.

        If `post` has several states of each sample, concatenated batch by batch, they share `pre`, so the weighted sum
        of the states is taken before the product.
        """
        weight = cast(self.scale, weight) * weight[:, None]
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
    """A resistive network with applied inputs: the quantities that are constant while it settles.

    Attributes:
        inputs: Currents from inputs and bias rails into the first layer's nodes at ground.
        rails: Per layer, the currents from bias rails into its nodes at ground.
        totals: Per layer, the total conductance at each node.
        couplings: Conductances between adjacent layers, without bias rails.
        conductances: Per matrix, all conductances.
        applied: The inputs, as applied by the DAC.
        terminals: Drivers and converters of the arrays; None for ideal weights.
        siemens: Unit of conductance, in siemens.
    """

    inputs: Float[Array, "batch nodes"]
    rails: tuple[Float[Array, " _"], ...]
    totals: tuple[Float[Array, " _"], ...]
    couplings: tuple[Float[Array, "_ _"], ...]
    conductances: tuple[Float[Array, "_ _"], ...]
    applied: Float[Array, "batch inputs"]
    terminals: Terminals | None
    siemens: Number


class ResistiveNetwork(LayerNetwork):
    """Voltage sources, conductances and diodes; the circuit settles to the minimum of the dissipated power.

    E = sum_l A^(2 (L - l)) sum_ij g_ij (a_i - v_j)^2 / 2, half of the power dissipated in the conductances.

    Inputs become voltage sources of plus and minus `input_gain` times their value. Each layer of nodes is connected to
    the one below by a matrix of conductances. Hidden nodes have a diode to ground, which keeps the first half of a
    layer above ground and the second below; outputs have none. Kendall et al., arXiv:2006.01981 (2020); the exact block
    descent is that of Scellier, arXiv:2402.11674 (2024).

    The last two rows of every matrix are on bias rails of plus and minus `bias_volts`. A bias is thus a pair of
    conductances, as in Kendall et al. with a single rail. Scellier's code has current sources of either sign, which
    crossbar devices cannot provide; the pair becomes a current source in the limit of high rail voltages, reaches the
    same accuracy, and needs non-negative conductances only.

    With an `amplification` A, each hidden node drives the next matrix through an amplifier with voltage gain A, and the
    current that the amplifier delivers is fed back to the node divided by A (Kendall et al.: A = 4). The equilibrium of
    a node is then G v = A v_below g + v_above g' / A: the energy of each layer counts A^2 times that of the next, and
    after substituting v A^(L - l) for v it equals the energy without amplifiers. Ideal diodes have no voltage scale, so
    with them amplifiers are equivalent to a higher input gain; with exponential diodes they are not.

    On crossbars, the devices are the conductances, and the circuit settles physically. An input of 1 is applied by the
    DAC at the device's read voltage. Nodes are measured by the ADC, whose full scale per layer is in `node_ranges`, in
    the units of the network (empty: 1 for each, until calibrated). Each phase counts, per sample, one settling, the
    power of all devices in the settled state (`settle_watts`), and one conversion per input line and per node.
    Multiply-accumulates are counted as a digital machine would need them.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "resistive"
    nudge_limit: ClassVar[float] = math.inf
    inputs: int = given()
    hidden: tuple[int, ...] = setting(
        meaning="nodes of each hidden layer; diodes keep half of them above ground, half below", min_length=1, **COUNT
    )
    outputs: int = given()
    input_gain: Number = number(
        1.0,
        "source voltage of an input of 1; auto: so that untrained outputs have a root mean square of 0.1",
        auto=1.0,
        gt=0,
        le=1e6,
    )
    bias_volts: Number = number(1.0, "voltage of the positive and the negative bias line of every matrix", ge=0, le=1e6)
    amplification: Number | None = number(None, "voltage gain of the amplifiers between layers", off=1.0, gt=0, le=1e3)
    diodes: Diodes = part(Ideal())
    node_ranges: tuple[Number, ...] | None = number(
        None,
        "full scale of the converters that measure nodes, per layer above the input; auto: found by a calibration",
        auto=(),
        ge=1e-6,
        le=1e6,
    )

    @property
    def layers(self) -> tuple[int, ...]:
        """Numbers of inputs (each has two sources), of nodes of each hidden layer, and of outputs."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def shapes(self):
        below = (2 * self.inputs, *self.hidden)
        return tuple((lower + 2, upper) for lower, upper in zip(below, self.layers[1:], strict=True))

    @property
    def one_pass(self):
        return FeedForward(self.inputs, self.hidden, self.outputs, RELU, LINEAR)

    @property
    def _gain(self) -> Number:
        """Voltage gain of the amplifiers; 1 without amplifiers."""
        return 1.0 if self.amplification is None else self.amplification

    def start(self, x):
        return tuple(jnp.zeros((len(x), nodes), x.dtype) for nodes in self.layers[1:])

    def feed(self, synapses, x, key):
        keys = jax.random.split(key, len(synapses))
        parts = [synapse.conductances(layer_key) for synapse, layer_key in zip(synapses, keys, strict=True)]
        terminals, siemens = self._common(parts)
        conductances = tuple(part.values for part in parts)
        couplings = tuple(g[:-2] for g in conductances[1:])
        applied = x if terminals is None else terminals.applied(x)
        # Sources come in pairs of opposite sign, so the input is multiplied by the difference of their conductances.
        first = conductances[0][: self.inputs] - conductances[0][self.inputs : -2]
        inputs = (cast(self.input_gain, applied) * applied) @ first
        rails = tuple(cast(self.bias_volts, g) * (g[-2] - g[-1]) for g in conductances)
        totals = [g.sum(0) for g in conductances]
        for layer, g in enumerate(couplings):
            totals[layer] += g.sum(1)
        # A node without any conductance stays at ground.
        totals = tuple(jnp.maximum(total, jnp.finfo(total.dtype).tiny) for total in totals)
        circuit = Circuit(inputs + rails[0][None], rails, totals, couplings, conductances, applied, terminals, siemens)
        return circuit, counted("read", len(x), *conductances[0].shape, digital=True)

    def tiled(self, feed, times):
        return eqx.tree_at(
            lambda circuit: (circuit.inputs, circuit.applied), feed, replace_fn=lambda leaf: jnp.tile(leaf, (times, 1))
        )

    def update(self, synapses, feed, push, state, layer, key):
        current, counts = feed.inputs, Counts()
        if layer:
            g, below = feed.couplings[layer - 1], state[layer - 1]
            current = feed.rails[layer][None] + (cast(self._gain, below) * below) @ g
            counts = counts.plus(counted("read", len(below), *g.shape, digital=True))
        if layer == len(state) - 1:
            return push(LINEAR, current, state[layer], feed.totals[layer][None]), counts
        g, above = feed.couplings[layer], state[layer + 1]
        current = current + (above / cast(self._gain, above)) @ g.T
        counts = counts.plus(counted("read", len(above), *g.shape, digital=True))
        return self.diodes(current, feed.totals[layer][None]), counts

    def settle(self, synapses, feed, push, state, settling, key):
        settled, terminals = super().settle(synapses, feed, push, state, settling, key), feed.terminals
        if terminals is None:
            return settled
        unit = (1.0,) * len(settled.state)
        ranges = unit if self.node_ranges is None or len(self.node_ranges) == 0 else self.node_ranges
        nodes = list(zip(settled.state, ranges, strict=True))
        counts = self._edge_counts(feed, settled.state)._replace(
            clipped_conversions=jnp.stack([terminals.clipped(*layer) for layer in nodes])
        )
        measured = tuple(terminals.measured(*layer) for layer in nodes)
        return settled._replace(state=measured, counts=settled.counts.plus(counts))

    def _edge_counts(self, feed: Circuit, state: State) -> Counts:
        """Counts of driving and measuring a settled circuit."""
        assert feed.terminals is not None
        batch, lines = len(feed.inputs), self._lines(self._sources(feed.applied), state)
        dissipated = sum(
            _dissipated(g, pre, post).sum() for g, pre, post in zip(feed.conductances, lines, state, strict=True)
        )
        return Counts(
            settlings=float(batch),
            dac_conversions=float(batch * 2 * self.inputs * feed.terminals.arrays_across(self.hidden[0])),
            adc_conversions=batch * jnp.array(self.layers[1:], jnp.float32),
            settle_watts=feed.siemens * (feed.terminals.source_volts / self.input_gain) ** 2 * dissipated,
        )

    def expected(self, terminals, siemens, phases):
        """Expected counts; the voltage across a device is at most that between the highest sources of both signs."""
        circuit, rails = terminals(), max(1.0, self.bias_volts / self.input_gain)
        span = 2 * rails * max(1.0, self._gain ** (len(self.shapes) - 1))
        devices = sum(rows * columns for rows, columns in self.shapes)
        squares = _NODES._replace(high=span**2)
        watts = siemens * squares * (float(circuit.source_volts) ** 2 * devices * phases)
        return Counts(
            settlings=phases,
            settle_watts=watts,
            dac_conversions=phases * 2 * self.inputs * circuit.arrays_across(self.hidden[0]),
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
            cast(scale, post) / 2 * _dissipated(g, pre, post)
            for g, pre, post, scale in zip(weights, lines, state, scales, strict=True)
        )
        for nodes, scale in zip(state[:-1], scales[:-1], strict=True):
            energy += cast(scale, nodes) * self.diodes.content(nodes).sum(1)
        return jnp.asarray(energy)

    def _sources(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch 2*inputs+2"]:
        """Voltages at the rows of the first matrix: inputs of both signs, then rails."""
        return self._with_rails(cast(self.input_gain, x) * jnp.concatenate([x, -x], 1))

    def _drops(self, x: Float[Array, "batch inputs"], state: tuple[Float[Array, "states _"], ...]) -> list[Drops]:
        """Voltages at both ends of every matrix; those of the sources once, also if samples have several states."""
        lines, scales = self._lines(self._sources(x), state), self._scales(len(state))
        return [Drops(*ends) for ends in zip(lines, state, scales, strict=True)]

    def _lines(self, sources: Volts, state: tuple[Volts, ...]) -> list[Volts]:
        """Voltages at the rows of every matrix."""
        return [sources, *(self._with_rails(cast(self._gain, nodes) * nodes) for nodes in state[:-1])]

    def _with_rails(self, volts: Float[Array, "batch lines"]) -> Float[Array, "batch lines+2"]:
        rail = jnp.broadcast_to(cast(self.bias_volts, volts), (len(volts), 1))
        return jnp.concatenate([volts, rail, -rail], 1)

    def _scales(self, matrices: int) -> list[Number]:
        """Factor of each layer's term of the energy (A^2 per layer above it)."""
        return [self._gain ** (2 * (matrices - 1 - layer)) for layer in range(matrices)]

    def _common(self, parts: list[Conductances]) -> tuple[Terminals | None, Number]:
        """The terminals and the unit of conductance that all matrices share."""
        terminals, siemens = parts[0].terminals, parts[0].siemens
        if terminals is not None:
            self._check_ranges(terminals)
        return terminals, siemens

    def check(self, terminals, weight_max):
        self._check_ranges(terminals())
        if (weight_max != weight_max[..., :1]).any():
            raise InputError(
                "hardware.weight_max: all matrices of a resistive network are one circuit; allowed: one value for all"
            )

    def _check_ranges(self, terminals: Terminals) -> None:
        """Check that the full scales of the nodes' converters are known if needed; raises InputError if not."""
        calibrated = self.node_ranges is not None and len(self.node_ranges) in (0, len(self.layers) - 1)
        if terminals.needs_ranges and not calibrated:
            raise InputError(
                "network.node_ranges: converters that measure nodes need a full scale for each layer above the input; "
                f"allowed: {len(self.layers) - 1} numbers, auto, or hardware.adc.range = vector"
            )


def _dissipated(
    g: Float[Array, "rows columns"], pre: Float[Array, "batch rows"], post: Float[Array, "batch columns"]
) -> Float[Array, " batch"]:
    """sum_ij g_ij (pre_i - post_j)^2."""
    ends = jnp.square(pre) @ g.sum(1) + jnp.square(post) @ g.sum(0)
    return ends - 2 * ((pre @ g) * post).sum(1)
