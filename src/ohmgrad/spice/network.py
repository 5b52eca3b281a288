"""Netlists of resistive networks, and comparison of ngspice's node voltages with ohmgrad's."""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ohmgrad.networks.diodes import Exponential
from ohmgrad.networks.push import Clamp, Nudge, Push
from ohmgrad.networks.resistive import ResistiveNetwork
from ohmgrad.networks.settling import Settling
from ohmgrad.spice.ngspice import deck, largest_deviation, operating_point, resistor, source
from ohmgrad.synapses import Ideal

Matrices = Sequence[Float[np.ndarray, "_ _"]]

_THERMAL_VOLTS = 1.380649e-23 * 300.15 / 1.602176634e-19
"""kT/q at SPICE's 27 degrees Celsius."""
_IDEAL_DIODE = 1e8
"""Conductance of a conducting ideal diode, relative to the largest total conductance at any node."""


def netlist(network: ResistiveNetwork, weights: Matrices, x: Float[np.ndarray, " inputs"], push: Push) -> str:
    """The netlist of a resistive network for one sample in one phase, which prints all node voltages, layer by layer.

    Voltages and conductances are in the units of the network. A `Nudge` is a conductance from each output to its target
    (negative for a negative nudge), a `Clamp` a voltage source. An ideal diode is a resistor on one side of ground, 1e8
    times as conductive as the rest.

    Args:
        network: The network.
        weights: Conductances of its matrices.
        x: The inputs of the sample.
        push: What acts on the outputs, for one sample.

    Returns:
        The text of a deck for ngspice.
    """
    printed = (f"v(n{layer}_{node})" for layer, size in enumerate(network.layers[1:], 1) for node in range(size))
    comments = (
        f"ohmgrad: resistive network {' - '.join(map(str, network.layers))}, voltages and conductances in its units",
        "Nodes: s0, s1 ... sources at the rows of the first matrix, the last two of them the rails; nL_J node J of",
        "layer L; aL_J the same behind its amplifier; yJ target of output J. Open conductances are left out.",
    )
    elements = (
        *_sources(network, x),
        *_conductances(network, weights),
        *_amplifiers(network),
        *_diodes(network, weights),
        *_pushed(network, push),
    )
    return deck(comments, elements, "reltol=1e-10 abstol=1e-18 vntol=1e-13 gmin=1e-25 itl1=1000", printed)


def _sources(network: ResistiveNetwork, x: np.ndarray) -> Iterator[str]:
    inputs = network.input_gain * np.concatenate([x, -x])
    volts = [*inputs, network.bias_volts, -network.bias_volts]
    yield from (source(f"s{i}", f"s{i}", "0", v) for i, v in enumerate(volts))


def _rows(network: ResistiveNetwork, layer: int) -> list[str]:
    """Names of the nodes at the rows of the matrix below a layer (counted from 1)."""
    sources = 2 * network.layers[0]
    rails = [f"s{sources}", f"s{sources + 1}"]
    if layer == 1:
        return [*(f"s{i}" for i in range(sources)), *rails]
    driver = "n" if network.amplification is None else "a"
    return [*(f"{driver}{layer - 1}_{j}" for j in range(network.layers[layer - 1])), *rails]


def _conductances(network: ResistiveNetwork, weights: Matrices) -> Iterator[str]:
    for layer, g in enumerate(weights, 1):
        rows = _rows(network, layer)
        yield from (
            resistor(f"{layer}_{i}_{j}", rows[i], f"n{layer}_{j}", 1 / float(g[i, j]))
            for i, j in np.argwhere(g).tolist()
        )


def _amplifiers(network: ResistiveNetwork) -> Iterator[str]:
    """Amplifiers: they raise a node's voltage by A, and draw the current they deliver, divided by A, from the node."""
    gain = network.amplification
    if gain is None:
        return
    for layer, size in enumerate(network.layers[1:-1], 1):
        for node in (f"{layer}_{j}" for j in range(size)):
            yield from (f"Ea{node} e{node} 0 n{node} 0 {gain!r}", f"Va{node} e{node} a{node} 0")
            yield f"Fa{node} n{node} 0 Va{node} {1 / gain!r}"


def _diodes(network: ResistiveNetwork, weights: Matrices) -> Iterator[str]:
    diodes = network.diodes
    if isinstance(diodes, Exponential):
        emission = diodes.volts / _THERMAL_VOLTS
        yield f".model hold D(IS={diodes.saturation!r} N={emission!r})"
    conducting = _IDEAL_DIODE * max(float(g.sum(axis).max()) for g in weights for axis in (0, 1))
    for layer, size in enumerate(network.layers[1:-1], 1):
        for j in range(size):
            above, node = j < size // 2, f"n{layer}_{j}"
            if isinstance(diodes, Exponential):
                yield f"D{node} {'0 ' + node if above else node + ' 0'} hold"
            else:
                yield f"B{node} {node} 0 I={conducting!r}*{'min' if above else 'max'}(V({node}),0)"


def _pushed(network: ResistiveNetwork, push: Push) -> Iterator[str]:
    last, outputs = len(network.layers) - 1, network.layers[-1]
    if isinstance(push, Nudge):
        strength = float(jnp.asarray(push.strength).reshape(-1)[0])
        for j, target in enumerate(np.asarray(push.target)[0].tolist()):
            yield source(f"y{j}", f"y{j}", "0", target)
            yield f"Gy{j} 0 n{last}_{j} y{j} n{last}_{j} {strength!r}"
    if isinstance(push, Clamp):
        values = np.asarray(push.values)[0].tolist()
        yield from (source(f"y{j}", f"n{last}_{j}", "0", values[j]) for j in range(outputs))


def compare(network: ResistiveNetwork, weights: Matrices, x: Float[np.ndarray, " inputs"], push: Push) -> float:
    """Compare ohmgrad's settled node voltages with ngspice's.

    Args:
        network: The network.
        weights: Conductances of its matrices.
        x: The inputs of the sample.
        push: What acts on the outputs, for one sample.

    Returns:
        Largest deviation, relative to the largest voltage of the layer.

    Raises:
        InputError: where ngspice is not installed or finds no operating point.
    """
    theirs = np.array(list(operating_point(netlist(network, weights, x, push)).values()))
    inputs, key = jnp.asarray(x)[None], jax.random.key(0)
    synapses = [Ideal(jnp.asarray(g, inputs.dtype)) for g in weights]
    feed, _ = network.feed(synapses, inputs, key)
    settling = Settling(_SWEEPS, tolerance=_TOLERANCE, order="odd-even")
    settled = network.settle(synapses, feed, push, network.start(inputs), settling, key)
    layers = np.split(theirs, np.cumsum(network.layers[1:-1]))
    return largest_deviation([np.asarray(volts[0]) for volts in settled.state], layers)


_SWEEPS = 10_000
"""Largest number of sweeps; many more than it takes to settle."""
_TOLERANCE = 1e-30
"""Volts; far below the rounding of float64, so that sweeps continue until no node changes."""
