"""Resistive networks: Kirchhoff's laws by ngspice and by a convex program's optimality; Lambert's function by scipy."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import wrightomega

from ohmgrad.networks import Clamp, Free, Nudge, ResistiveNetwork, Settling, diodes
from ohmgrad.networks.resistive import Drops
from ohmgrad.spice.network import compare, netlist
from ohmgrad.spice.ngspice import operating_point
from ohmgrad.synapses import Ideal

needs_ngspice = pytest.mark.usefixtures("ngspice")

REAL = diodes.Exponential(1e-9, 0.0389)
PUSHES = {
    "free": lambda target: Free(),
    "nudged": lambda target: Nudge(target, 0.5),
    "nudged away": lambda target: Nudge(target, -0.2),
    "clamped": lambda target: Clamp(target),
}


def circuit(layers, seed=0, batch=1, input_gain=3.0, bias_volts=1.5, **knobs):
    """A random network with half of its conductances open and its rails connected, inputs and targets."""
    network = ResistiveNetwork(layers[0], layers[1:-1], layers[-1], input_gain, bias_volts, **knobs)
    rng = np.random.default_rng(seed)
    weights = [np.maximum(rng.uniform(-1, 1, shape), 0) for shape in network.shapes]
    return network, weights, rng.uniform(0, 1, (batch, layers[0])), rng.uniform(-1, 1, (batch, layers[-1]))


def settled(network, weights, x, push, sweeps=3000):
    synapses, key = [Ideal(jnp.asarray(g)) for g in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, jnp.asarray(x), key)
    state = network.start(jnp.asarray(x))
    return network.settle(synapses, feed, push, state, Settling(sweeps, order="odd-even"), key)


@needs_ngspice
@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("diode", [diodes.Ideal(), REAL], ids=["ideal", "exponential"])
@pytest.mark.parametrize("amplification", [None, 4.0])
@pytest.mark.parametrize("layers", [(3, 6, 2), (4, 6, 7, 3)], ids=["one hidden", "two hidden"])
def test_settled_nodes_agree_with_ngspice(push, diode, amplification, layers, double_precision):
    network, weights, x, target = circuit(layers, diodes=diode, amplification=amplification)
    assert compare(network, weights, x[0], PUSHES[push](jnp.asarray(target))) < 1e-5


@needs_ngspice
def test_ngspice_tells_apart_what_must_differ(double_precision):
    """The comparison fails where the circuit is not the one: an amplifier's gain a tenth off."""
    network, weights, x, _ = circuit((4, 6, 7, 3), diodes=REAL, amplification=4.0)
    other = replace(network, amplification=4.4)
    decks = [netlist(each, weights, x[0], Free()) for each in (network, other)]
    assert decks[0] != decks[1]
    right, wrong = (np.array(list(operating_point(deck).values())) for deck in decks)
    assert np.abs(right - wrong).max() > 1e-3 * np.abs(right).max()


def pushed_energy(network, weights, x, push, state):
    """The energy itself, by its definition: every conductance apart, one sample at a time."""
    energy, gain = 0.0, network.amplification or 1.0
    below = np.concatenate([network.input_gain * x, -network.input_gain * x])
    last = len(weights) - 1
    for layer, (g, nodes) in enumerate(zip(weights, state, strict=True)):
        rows = np.concatenate([below, [network.bias_volts, -network.bias_volts]])
        scale = gain ** (2 * (last - layer))
        energy += scale * 0.5 * (g * (rows[:, None] - nodes[None, :]) ** 2).sum()
        below = gain * nodes
    if isinstance(push, Nudge):
        energy += float(push.strength) / 2 * ((state[-1] - np.asarray(push.target)[0]) ** 2).sum()
    return energy


@pytest.mark.parametrize("amplification", [None, 4.0])
@pytest.mark.parametrize("strength", [0.0, 0.5, -0.2])
def test_ideal_diodes_settle_where_a_bounded_minimiser_finds_the_least_energy(
    amplification, strength, double_precision
):
    """The whole energy as one convex function of all nodes within bounds, minimised by scipy's L-BFGS-B."""
    network, weights, x, target = circuit((4, 6, 7, 3), amplification=amplification)
    sizes = network.layers[1:]
    push = Nudge(jnp.asarray(target), strength)
    bounds = []
    for size in sizes[:-1]:
        bounds += [(0, None)] * (size // 2) + [(None, 0)] * (size - size // 2)
    bounds += [(None, None)] * sizes[-1]

    def split(flat):
        return np.split(flat, np.cumsum(sizes[:-1]))

    found = minimize(
        lambda flat: pushed_energy(network, weights, x[0], push, split(flat)),
        np.zeros(sum(sizes)),
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": 20000, "maxfun": 10**6, "ftol": 1e-16, "gtol": 1e-10},
    )
    ours = settled(network, weights, x, push).state
    mine = pushed_energy(network, weights, x[0], push, [np.asarray(nodes[0]) for nodes in ours])
    assert mine <= found.fun + 1e-10 * abs(found.fun)
    np.testing.assert_allclose(np.concatenate([nodes[0] for nodes in ours]), found.x, atol=2e-4)


@pytest.mark.parametrize("layers", [(784, 1024, 10), (784, 1024, 1024, 10)])
def test_large_networks_settle_to_the_optimum_of_their_convex_program(layers, double_precision):
    """Kirchhoff's current law and the complementarity of ideal diodes, node by node: what makes a point the optimum."""
    network = ResistiveNetwork(layers[0], layers[1:-1], layers[-1], input_gain=480.0)
    weights = [g.astype(jnp.float64) for g in network.initial([1.0] * len(network.shapes), jax.random.key(1))]
    x = jax.random.uniform(jax.random.key(2), (4, 784), jnp.float64)
    state = settled(network, weights, x, Free(), sweeps=400).state
    below = np.concatenate([480 * x, -480 * x], 1)
    total = 0
    for layer, g in enumerate(map(np.asarray, weights)):
        nodes = np.asarray(state[layer])
        rows = np.concatenate([below, np.ones((4, 1)), -np.ones((4, 1))], 1)
        into = rows @ g - nodes * g.sum(0)
        if layer + 1 < len(weights):
            up = np.asarray(weights[layer + 1])[:-2]
            into += np.asarray(state[layer + 1]) @ up.T - nodes * up.sum(1)
            scale = np.abs(nodes).max() * g.sum(0)
            half = nodes.shape[1] // 2
            side = np.where(np.arange(nodes.shape[1]) < half, 1.0, -1.0)
            assert (side * nodes >= 0).all()
            # A diode only ever pushes a node to its own side, and only where the node lies at ground.
            held = side * into / scale
            assert held.max() < 1e-9
            assert np.abs(np.where(nodes == 0, 0, held)).max() < 1e-9
            total += (nodes == 0).mean()
        else:
            assert np.abs(into).max() < 1e-9 * np.abs(nodes).max() * g.sum(0).max()
        below = nodes
    assert total > 0.05


@pytest.mark.parametrize("diode", [diodes.Ideal(), REAL], ids=["ideal", "exponential"])
@pytest.mark.parametrize("order", ["odd-even", "forward", "backward"])
@pytest.mark.parametrize("amplification", [None, 4.0])
def test_energy_never_rises_while_settling(diode, order, amplification, double_precision):
    network, weights, x, target = circuit((4, 6, 7, 3), batch=5, diodes=diode, amplification=amplification)
    push = Nudge(jnp.asarray(target), 0.5)
    synapses, key = [Ideal(jnp.asarray(g)) for g in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, jnp.asarray(x), key)
    weights = [synapse.weights for synapse in synapses]
    state, energies = network.start(jnp.asarray(x)), []
    for _ in range(40):
        energies.append(network.energy(weights, jnp.asarray(x), state) + 0.25 * jnp.square(state[-1] - target).sum(1))
        state, _ = network.sweep(synapses, feed, push, state, Settling(1, order=order), key)
    energies = np.array(energies)
    assert (np.diff(energies, axis=0) <= 1e-12 * np.abs(energies[:-1])).all()
    assert (energies[0] - energies[-1] > 0.01 * energies[0]).all()


def test_energy_is_half_of_the_power_of_every_conductance(double_precision):
    network, weights, x, _ = circuit((4, 6, 7, 3), batch=3, amplification=4.0)
    rng = np.random.default_rng(1)
    state = [rng.normal(size=(3, size)) for size in network.layers[1:]]
    ours = network.energy([jnp.asarray(g) for g in weights], jnp.asarray(x), tuple(map(jnp.asarray, state)))
    by_hand = [pushed_energy(network, weights, x[i], Free(), [nodes[i] for nodes in state]) for i in range(3)]
    np.testing.assert_allclose(ours, by_hand, rtol=1e-12)


def test_amplifiers_before_ideal_diodes_are_a_higher_input_gain(double_precision):
    """Voltages scale, A at each layer; rails do too."""
    network, weights, x, _ = circuit((4, 6, 7, 3), amplification=4.0, bias_volts=0.0)
    plain = replace(network, input_gain=network.input_gain * 16, bias_volts=0.0, amplification=None)
    ours, theirs = (settled(n, weights, x, Free()).state for n in (network, plain))
    for nodes, others, scale in zip(ours, theirs, (16, 4, 1), strict=True):
        np.testing.assert_allclose(scale * nodes, others, rtol=1e-9, atol=1e-12)


def test_one_node_by_shockleys_equation(double_precision):
    """Inputs far to either side, at ground, and so large that exp overflows: the node's currents add up to nothing."""
    current = np.sort(np.concatenate([-np.logspace(-12, 6, 40), [0.0], np.logspace(-12, 6, 40)]))
    pairs = jnp.asarray(np.stack([current, current], 1))
    conductance = np.array([2.0, 0.3])
    volts = np.asarray(REAL(pairs, jnp.asarray(conductance)[None]))
    side = np.array([1.0, -1.0])
    through = side * REAL.saturation * np.expm1(-side * volts / REAL.volts)
    rest = np.asarray(pairs) - conductance * volts + through
    missing = rest / (conductance + (np.abs(through) + REAL.saturation) / REAL.volts)
    assert (np.abs(missing) < 1e-12 * (np.abs(volts) + REAL.volts)).all()
    assert (np.diff(volts, axis=0) >= 0).all()


def test_co_content_is_the_integral_of_the_diodes_current(double_precision):
    volts = jnp.asarray([[0.1, -0.05, 0.3, 0.2, -0.2, -0.1]])
    slope = jax.grad(lambda v: REAL.content(v).sum())(volts)
    side = np.array([1.0] * 3 + [-1.0] * 3)
    np.testing.assert_allclose(
        slope, -side * REAL.saturation * np.expm1(-side * np.asarray(volts) / REAL.volts), rtol=1e-12
    )
    assert REAL.content(jnp.zeros((1, 4))).max() == 0


def test_wright_omega_is_scipys(double_precision):
    y = np.concatenate([np.linspace(-60, 60, 20001), np.logspace(1, 8, 2000)])
    np.testing.assert_allclose(diodes.wright_omega(jnp.asarray(y)), wrightomega(y), rtol=1e-13)
    slope = jax.vmap(jax.grad(diodes.wright_omega))(jnp.asarray(y))
    np.testing.assert_allclose(slope, wrightomega(y) / (1 + wrightomega(y)), rtol=1e-13)


def test_unconnected_nodes_stay_at_ground():
    network, weights, x, _ = circuit((3, 6, 2))
    weights = [np.zeros_like(g) for g in weights]
    assert all((nodes == 0).all() for nodes in settled(network, weights, x, Free(), sweeps=3).state)


@pytest.mark.parametrize("times", [1, 3])
def test_write_is_the_explicit_sum_of_squared_drops(times, double_precision):
    rng = np.random.default_rng(0)
    pre, post, weight = rng.normal(size=(5, 7)), rng.normal(size=(5 * times, 4)), rng.normal(size=5 * times)
    write = Drops(jnp.asarray(pre), jnp.asarray(post), 16.0).weighted(jnp.asarray(weight))
    drops = np.tile(pre, (times, 1))[:, :, None] - post[:, None, :]
    explicit = -8.0 * (weight[:, None, None] * drops**2).sum(0)
    np.testing.assert_allclose(write.pre.T @ write.post, explicit, rtol=1e-12)


def test_ideal_conductances_never_fall_below_zero():
    g = Ideal(jnp.array([[0.1, 0.2]]), low=0.0)
    written, _ = g.write(jnp.ones((1, 1)), jnp.array([[-1.0, 1.0]]))
    np.testing.assert_allclose(written.weights, [[0.0, 1.2]], rtol=1e-6)
    assert written.low == 0.0
