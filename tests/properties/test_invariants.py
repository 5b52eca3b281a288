"""What must hold for any input: checked on inputs that hypothesis searches for."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmgrad import devices, records, rules, training
from ohmgrad.counts import Counts
from ohmgrad.crossbar import EFFECTS, Adc, Dac, Hardware, tiles
from ohmgrad.crossbar.mapping import split_pair
from ohmgrad.crossbar.schemes import SinglePulse, WriteVerify
from ohmgrad.data import braille_words
from ohmgrad.networks import (
    Associative,
    AveragePooling,
    ConvolutionalHopfield,
    Free,
    LayeredHopfield,
    MaxPooling,
    Nudge,
    ResistiveNetwork,
    Settling,
    SoftPooling,
)
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import build
from ohmgrad.rules import ActivityDifference, SettlingRule
from ohmgrad.rules.feedforward import FeedForwardRule
from ohmgrad.synapses import Crossbar, Ideal
from small_recipes import (
    CONVOLUTIONAL,
    DIGITS,
    FEEDFORWARD,
    GAINS,
    HOPFIELD,
    RATES,
    SMOOTH,
    difference,
    hardware,
    recipe,
)

DEVICE = devices.preset("taox-1t1r")
few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**31)


@few
@given(seed=seeds, offset=st.floats(0, 75e-6))
def test_a_pair_has_the_wanted_difference_and_stays_in_range(seed, offset):
    wanted = np.random.default_rng(seed).uniform(-150e-6, 150e-6, 100).astype(np.float32)
    pair = np.asarray(split_pair(jnp.array(wanted), offset), np.float64)
    assert (pair >= 0).all() and (pair <= 150e-6 * (1 + 1e-5)).all()
    np.testing.assert_allclose(pair[0] - pair[1], wanted, atol=1e-10)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 8), (8, 4), (9, 5)])
@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (3, 5)])
def test_tiles_hold_the_matrix(height, width, rows, columns):
    matrix = jnp.arange(1.0 * height * width).reshape(height, width)
    cut = tiles.cut_matrix(matrix, rows, columns)
    assert cut.shape == (tiles.count(height, rows), tiles.count(width, columns), rows, columns)
    assert (tiles.join_matrix(cut, height, width) == matrix).all()
    assert cut[-1, -1, (height - 1) % rows, (width - 1) % columns] == matrix[-1, -1]


@eqx.filter_jit
def _both_ways(shape, hardware, key):
    keys = jax.random.split(key, 4)
    crossbar, _ = Crossbar.program(0.1 * jax.random.normal(keys[0], shape), hardware, 0.5, 4e-4, keys[1])
    x, y = jax.random.normal(keys[2], (1, shape[0])), jax.random.normal(keys[3], (1, shape[1]))
    return (crossbar.read(x, key)[0] * y).sum(), (crossbar.read_transposed(y, key)[0] * x).sum()


@few
@given(seed=seeds, shape_and_tile=st.sampled_from([((1, 1), 5), ((12, 5), 4), ((4, 9), 5)]))
def test_transposed_read_is_the_adjoint_of_read(seed, shape_and_tile):
    shape, tile = shape_and_tile
    hardware = Hardware(DEVICE, rows=tile, columns=tile).only("write_error")
    forward, backward = _both_ways(shape, hardware, jax.random.key(seed))
    assert float(forward) == pytest.approx(float(backward), rel=1e-4, abs=1e-4)


@eqx.filter_jit
def _energies(network, weights, x, push, order):
    """The pushed energy before and after each of eight sweeps."""
    synapses, settling = [Ideal(w) for w in weights], Settling(1, order=order)
    feed, _ = network.feed(synapses, x, jax.random.key(0))

    def energy(state):
        strength, target = push.strength, push.target
        return network.energy(weights, x, state) + strength / 2 * jnp.square(state[-1] - target).sum(1)

    state, energies = network.start(x), []
    for _ in range(8):
        energies.append(energy(state))
        state = network.settle(synapses, feed, push, state, settling, jax.random.key(0)).state
    return jnp.stack([*energies, energy(state)])


SETTLING = {
    "layered": LayeredHopfield(8, (7, 6), 5),
    "skips": LayeredHopfield(8, (7, 6, 6), 5, skips=((1, 4),)),
    "associative": Associative(8, 7, gain=1.0),
}


@few
@given(
    seed=seeds,
    gain=st.floats(0.1, 3),
    strength=st.floats(-0.9, 5),
    name=st.sampled_from(list(SETTLING)),
    order=st.sampled_from(["forward", "backward", "odd-even"]),
)
def test_energy_never_rises_while_settling(seed, gain, strength, name, order):
    network = SETTLING[name]
    random = np.random.default_rng(seed)
    weights = [jnp.array(gain * random.normal(size=shape) / np.sqrt(shape[0]), jnp.float32) for shape in network.shapes]
    x = jnp.array(random.choice([-1, 1], (3, 8)), jnp.float32)
    target = jnp.array(random.normal(size=network.start(x)[-1].shape), jnp.float32)
    energies = np.asarray(_energies(network, weights, x, Nudge(target, jnp.float32(strength)), order))
    assert (np.diff(energies, axis=0) <= 1e-5 * (1 + np.abs(energies[0]))).all()
    assert (energies[-1] < energies[0]).all()


@eqx.filter_jit
def _written(hardware, size, key):
    keys = jax.random.split(key, 4)
    crossbar, _ = Crossbar.program(jax.random.normal(keys[0], (5, 4)), hardware, 0.5, 4e-4, keys[1])
    crossbar, _ = crossbar.write(jnp.ones((1, 5)), size * jax.random.normal(keys[2], (1, 4)), keys[3])
    return crossbar.arrays.g


@few
@given(seed=seeds, scheme=st.sampled_from([SinglePulse(), WriteVerify()]), size=st.floats(0, 100))
def test_conductances_never_leave_their_bounds(seed, scheme, size):
    g = np.asarray(_written(Hardware(DEVICE, write=scheme), jnp.float32(size), jax.random.key(seed)))
    assert g.min() >= 0
    assert g.max() <= 150e-6 * (1 + 1e-6)


def test_residual_is_the_largest_change_of_the_last_sweep():
    network = LayeredHopfield(8, (7,), 5)
    weights = network.initial([1.0, 1.0], jax.random.key(0))
    synapses, x, key = [Ideal(w) for w in weights], jnp.ones((3, 8)), jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    before = network.settle(synapses, feed, Free(), network.start(x), Settling(3), key)
    after = network.settle(synapses, feed, Free(), network.start(x), Settling(4), key)
    change = [np.abs(np.asarray(a - b)).max(1) for a, b in zip(after.state, before.state, strict=True)]
    np.testing.assert_allclose(after.residual, np.max(change, axis=0), rtol=1e-4, atol=1e-6)


def small_training(hardware, seeds, epochs=2, network=None):
    network = network or LayeredHopfield(60, (20,), 64)
    rule = ActivityDifference(network, free=Settling(4), pushed=Settling(3))
    keys, layers = training.keys(seeds), len(network.shapes)
    if hardware is None:
        start = training.Progress.start(training.ideal_chips(rule, [0.5] * layers, keys))
    else:
        chips = training.crossbar_chips(rule, [0.5] * layers, keys, hardware, [0.5] * layers, [4e-4] * layers)
        start = training.Progress.start(*chips)
    task = braille_words(restore=isinstance(network, Associative), copies=2)
    return training.train(rule, task, start, keys, learning_rates=[0.1] * layers, epochs=epochs, batch=32)


def weights_of(progress):
    return [np.asarray(jax.vmap(lambda synapse: synapse.weights)(synapse)) for synapse in progress.chips]


@pytest.mark.parametrize("scheme", [SinglePulse(), WriteVerify()], ids=["pulse", "write-verify"])
@pytest.mark.parametrize(
    "network", [LayeredHopfield(60, (20,), 64), Associative(60, 20)], ids=["layered", "associative"]
)
def test_training_with_every_effect_off_equals_training_ideal_weights(scheme, network):
    hardware = Hardware(DEVICE, write=scheme).without(*EFFECTS)
    ours, ideal = (weights_of(small_training(h, [0, 1], network=network)) for h in (hardware, None))
    for a, b in zip(ours, ideal, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_chips_side_by_side_equal_chips_one_at_a_time():
    hardware = Hardware(DEVICE)
    together = small_training(hardware, [4, 5, 6, 7])
    assert len(jax.tree.leaves(together.chips)[0].sharding.device_set) == len(jax.devices()) == 2
    together = weights_of(together)
    for number, seed in enumerate([4, 5, 6, 7]):
        for a, b in zip(together, weights_of(small_training(hardware, [seed])), strict=True):
            np.testing.assert_allclose(a[number], b[0], atol=1e-6)


def test_a_worse_device_is_not_better():
    """More write error, fewer right steps: the loss after the same training rises with the error, over 8 chips."""
    losses = []
    for error in (0.0, 4e-6, 16e-6):
        device = dataclasses.replace(DEVICE, write_error=(error,))
        hardware = Hardware(device, write=WriteVerify()).without("adc", "dac", "read_noise")
        losses.append(small_training(hardware, range(8), epochs=6).loss[-1].mean())
    assert losses[0] < losses[1] < losses[2]


@few
@given(numbers=st.lists(st.floats(0, 1e6), min_size=2, max_size=2))
def test_counts_add_field_by_field(numbers):
    a, b = (Counts(reads=n, macs=2 * n) for n in numbers)
    total = a.plus(b)
    assert (total.reads, total.macs, total.pulses) == (sum(numbers), 2 * numbers[0] + 2 * numbers[1], 0)
    assert a.times(2.0) == a.plus(a)


@few
@given(
    seed=seeds,
    strength=st.floats(0, 5),
    pooling=st.sampled_from([MaxPooling(), AveragePooling(), SoftPooling(3.0)]),
    order=st.sampled_from(["odd-even", "forward", "backward"]),
)
def test_convolutional_energy_never_rises_while_it_settles(seed, strength, pooling, order):
    """With couplings so strong that neurons jump between their rails, and blank corners, where all places are equal."""
    network = ConvolutionalHopfield((8, 8, 1), (4, 5), 3, pooling=pooling)
    energies = np.asarray(_energies_of_sweeps(network, order, jax.random.key(seed), jnp.float32(strength)))
    assert (np.diff(energies, axis=0) <= 1e-4 * np.abs(energies[1:]).max()).all()


@few
@given(
    seed=seeds,
    strength=st.floats(0, 5),
    case=st.sampled_from([((1, 4), "odd-even"), ((1, 3), "forward"), ((1, 3), "backward"), ((1, 4), "forward")]),
)
def test_skips_past_unpooled_layers_leave_the_energy_falling(seed, strength, case):
    """Over an odd number of layers in odd-even order; over any number one after the other."""
    skip, order = case
    network = ConvolutionalHopfield((8, 8, 1), (3, 4, 3, 4), 3, unpooled=(2, 3, 4), skips=(skip,))
    energies = np.asarray(_energies_of_sweeps(network, order, jax.random.key(seed), jnp.float32(strength)))
    assert (np.diff(energies, axis=0) <= 1e-4 * np.abs(energies[1:]).max()).all()


@eqx.filter_jit
def _energies_of_sweeps(network, order, key, strength):
    keys, last = jax.random.split(key, 8), len(network.kernels)
    weights = [strength * jax.random.normal(k, shape) / 3 for k, shape in zip(keys, network.shapes, strict=False)]
    weights[last] = weights[last] / 10  # a linear output this strongly coupled would have no minimum
    x = jax.random.uniform(keys[6], (4, 8, 8, 1)).at[:, :4, :4].set(0)
    target = jax.random.uniform(keys[7], (4, 3))
    synapses, push = network.mounted([Ideal(w) for w in weights]), Nudge(target, 0.5)
    feed, _ = network.feed(synapses, x, key)

    def sweep(state, key):
        energy = network.energy(weights, x, state) + 0.25 * jnp.square(state[-1] - target).sum(1)
        return network.sweep(synapses, feed, push, state, Settling(1, order=order), key)[0], energy

    return jax.lax.scan(sweep, network.start(x), jax.random.split(key, 12))[1]


SETTLING_RULES = (
    *("activity-difference", "holomorphic-ep", "recurrent-backpropagation"),
    "truncated-backpropagation",
)
FEEDFORWARD_RULES = (
    *("backpropagation", "feedback-alignment", "direct-feedback-alignment", "direct-random-target-projection"),
    *("predictive-coding", "node-perturbation", "weight-perturbation"),
)
SCHEMES = (
    *("single-pulse", "write-verify", "pulse-trains", "pulse-count", "manhattan"),
    *("error-aware", "mixed-precision", "tiki-taka"),
)


def built(network, rule, **sections):
    return build(records.check(Experiment, recipe(network, rule, **sections), "unsaid"))


@pytest.mark.parametrize("kind", [*SETTLING_RULES, *FEEDFORWARD_RULES])
def test_what_a_recipe_leaves_unsaid_of_a_rule_python_leaves_unsaid_too(kind):
    """Both have defaults of their own, and they must not drift apart."""
    network = SMOOTH if kind in SETTLING_RULES else FEEDFORWARD
    rule = built(network, {"kind": kind, "learning_rates": RATES}).rule
    assert isinstance(rule, SettlingRule | FeedForwardRule)
    network_of_rule: Any = rule.network
    assert rule == type(rule)(network_of_rule)


def test_what_a_recipe_leaves_unsaid_of_forward_forward_python_leaves_unsaid_too():
    given = FEEDFORWARD | {"initial_gains": GAINS[:2], "hidden_neuron": "relu"}
    rule = built(given, {"kind": "forward-forward", "learning_rates": RATES[:2]}).rule
    assert isinstance(rule, rules.ForwardForward)
    assert rule == rules.ForwardForward(rule.network)


@pytest.mark.parametrize("kind", SCHEMES)
def test_what_a_recipe_leaves_unsaid_of_a_write_python_leaves_unsaid_too(kind):
    rule = {"kind": "backpropagation", "learning_rates": RATES}
    arrays = built(FEEDFORWARD, rule, hardware=hardware(3, write={"kind": kind})).hardware
    assert arrays is not None
    assert arrays.write == type(arrays.write)()


def test_what_a_recipe_leaves_unsaid_of_a_network_python_leaves_unsaid_too():
    hopfield = built(HOPFIELD, difference(), hardware=hardware(3))
    convolutional = built(CONVOLUTIONAL, difference(), data=DIGITS).rule
    resistive = built({"kind": "resistive", "hidden": [8, 6], "initial_gains": GAINS}, difference()).rule
    for rule in (hopfield.rule, convolutional, resistive):
        assert isinstance(rule, ActivityDifference)
        network = rule.network
        if isinstance(network, ConvolutionalHopfield):
            assert network == ConvolutionalHopfield(network.image, network.kernels, network.outputs)
        else:
            assert isinstance(network, LayeredHopfield | ResistiveNetwork)
            assert network == type(network)(network.inputs, network.hidden, network.outputs)
    assert hopfield.hardware is not None
    assert (hopfield.hardware.dac, hopfield.hardware.adc) == (Dac(), Adc())
