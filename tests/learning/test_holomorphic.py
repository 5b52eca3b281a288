"""Oracle: automatic differentiation of the loss at the settled state, in double precision; a linear layer solved."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance, with_biases

from ohmgrad import devices
from ohmgrad.crossbar import Hardware
from ohmgrad.errors import InputError
from ohmgrad.networks import (
    HARD_SIGMOID,
    HARD_TANH,
    LINEAR,
    RELU,
    Clamp,
    Free,
    LayeredHopfield,
    Logistic,
    Nudge,
    Settling,
    SoftmaxReadout,
    Tanh,
)
from ohmgrad.networks.initial import gaussian
from ohmgrad.parts import given
from ohmgrad.rules import ActivityDifference, HolomorphicEquilibriumPropagation
from ohmgrad.synapses import Complex, Crossbar, Ideal, as_real

SETTLING = Settling(150)
LOGISTIC = Logistic(4.0, 0.5)
SQUARED = {
    "logistic": LayeredHopfield(8, (6,), 4, LOGISTIC, LOGISTIC),
    "tanh": LayeredHopfield(8, (7, 6), 4, Tanh(), Tanh()),
}
NETWORKS = SQUARED | {"readout": SoftmaxReadout(8, (7, 6), 4, LOGISTIC)}


class OneCoupling(LayeredHopfield):
    """Inputs coupled to outputs, without the hidden layer that recipes have."""

    hidden: tuple[int, ...] = given()


def problem(network, dtype=jnp.float64, gain=0.3):
    keys = jax.random.split(jax.random.key(0), 3)
    weights = [w.astype(dtype) for w in gaussian(network.shapes, [gain] * len(network.shapes), keys[0])]
    weights = with_biases(weights, keys[1])
    x = jax.random.uniform(keys[1], (5, 8), dtype)
    return weights, x, jax.nn.one_hot(jnp.arange(5) % 4, 4, dtype=dtype)


def settle(network, weights, x, push):
    synapses, key = [Ideal(w) for w in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    return network.settle(synapses, feed, push, network.start(x), SETTLING, key).state


def loss_at(network, weights, state, target):
    """Mean squared error of the output, or cross-entropy of the readout."""
    if isinstance(network, SoftmaxReadout):
        logits = state[-2] @ weights[-1][:-1] + weights[-1][-1:]
        return -(target * jax.nn.log_softmax(logits)).sum(1).mean()
    return jnp.square(state[-1] - target).sum(1).mean() / 2


def true_gradient(network, weights, x, target):
    return jax.grad(lambda weights: loss_at(network, weights, settle(network, weights, x, Free()), target))(weights)


def estimate(rule, weights, x, target):
    writes, _, counts = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    assert not any(jnp.iscomplexobj(part) for write in writes for part in write)
    return [-pre.T @ post for pre, post in writes], counts


def holomorphic(network, strength, phases):
    return HolomorphicEquilibriumPropagation(network, strength, phases, SETTLING, SETTLING)


def centered(network, strength):
    return ActivityDifference(network, "nudge", strength, "centered", SETTLING, SETTLING)


@pytest.mark.parametrize(("name", "phases"), [("logistic", 3), ("tanh", 4), ("readout", 3)])
def test_the_error_falls_with_the_strength_to_the_power_of_the_phases(name, phases, double_precision):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    exact = true_gradient(network, weights, x, target)
    errors = [distance(estimate(holomorphic(network, b, phases), weights, x, target)[0], exact) for b in (0.1, 0.05)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(phases, abs=0.35)


@pytest.mark.parametrize("name", NETWORKS)
def test_at_one_strength_the_error_falls_geometrically_with_the_phases_far_below_that_of_two(name, double_precision):
    network, strength = NETWORKS[name], 0.1
    weights, x, target = problem(network)
    exact = true_gradient(network, weights, x, target)
    errors = [distance(estimate(holomorphic(network, strength, n), weights, x, target)[0], exact) for n in (2, 5, 8)]
    assert (np.array(errors[1:]) / np.array(errors[:-1]) < 0.1).all()
    assert errors[-1] < 1e-3 * errors[0]


@pytest.mark.parametrize("name", ["tanh", "readout"])
def test_two_phases_are_centered_equilibrium_propagation(name, double_precision):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    two, counts = estimate(holomorphic(network, 0.3, 2), weights, x, target)
    same, counts_of_same = estimate(centered(network, 0.3), weights, x, target)
    assert distance(two, same) < 1e-12
    assert counts.macs == counts_of_same.macs


def test_a_linear_layer_is_wrong_by_the_strength_to_the_power_of_the_phases(double_precision):
    """Closed form: o = (d + b y) / (1 + b), a geometric series in b."""
    network = OneCoupling(8, (), 4, LINEAR, LINEAR)
    weights, x, target = problem(network)
    bias = jnp.ones((len(x), 1))
    inputs = jnp.concatenate([x, bias], 1)
    exact = inputs.T @ (inputs @ weights[0] - target) / len(x)
    ours, _ = estimate(holomorphic(network, 0.1, 10), weights, x, target)
    assert distance(ours, [exact]) == pytest.approx(0.1**10, rel=0.1)


@pytest.mark.parametrize("strength", [-0.3, 0.2 + 0.2j])
def test_a_nudged_readout_settles_where_energy_and_cross_entropy_have_no_slope(strength, double_precision):
    network = NETWORKS["readout"]
    weights, x, target = problem(network)
    synapses = [Complex(Ideal(w)) for w in weights]
    kind = jnp.complex128 if isinstance(strength, complex) else x.dtype
    feed, _ = network.feed(synapses, x, jax.random.key(0))
    start = tuple(s.astype(kind) for s in network.start(x))
    push = Nudge(target.astype(kind), jnp.full((len(x), 1), strength, kind))
    settled = network.settle(synapses, feed.astype(kind), push, start, SETTLING, jax.random.key(0))

    def energy(state):
        first, second, _ = state
        inner, upper, readout = ((w[:-1].astype(kind), w[-1:].astype(kind)) for w in weights)
        coupling = ((x.astype(kind) @ inner[0] + inner[1]) * first).sum()
        coupling += ((first @ upper[0] + upper[1]) * second).sum()
        own = sum((s * jnp.log(s) + (1 - s) * jnp.log(1 - s)).sum() / 4 + 0.5 * s.sum() for s in (first, second))
        logits = second @ readout[0] + readout[1]
        cross_entropy = (jnp.log(jnp.exp(logits).sum(1)) - (push.target * logits).sum(1)).sum()
        return own - coupling + strength * cross_entropy

    slope = jax.grad(energy, holomorphic=kind != x.dtype)(settled.state)
    assert max(np.abs(part).max() for part in slope[:2]) < 1e-10


def test_the_logistic_of_a_complex_drive_is_the_exponential_formula_and_never_overflows(double_precision):
    z = np.array([0.3 + 0.2j, -2 + 1.5j, 4 - 0.7j, -0.6 - 3j])
    np.testing.assert_allclose(LOGISTIC(jnp.array(z)), 1 / (1 + np.exp(-4 * (z - 0.5))), rtol=1e-13)
    far = LOGISTIC(jnp.array([1e5 + 1j, -1e5 - 1j]))
    np.testing.assert_allclose(far, [1, 0], atol=1e-300)


@pytest.mark.parametrize("phases", [2, 5])
def test_every_phase_is_one_real_vector_per_sample_and_sweep(phases):
    network, free, pushed, batch = LayeredHopfield(8, (6, 5), 4, Tanh(), Tanh()), 7, 3, 5
    rule = HolomorphicEquilibriumPropagation(network, 0.2, phases, Settling(free), Settling(pushed))
    hardware = Hardware(devices.preset("taox-1t1r")).only()
    weights, x, target = problem(network, jnp.float32)
    chips = [Crossbar.program(w, hardware, 2.0, 1e-3, jax.random.key(0))[0] for w in weights]
    writes, _, counts = rule.learn(chips, x, target, jax.random.key(0))
    sweeps = batch * (free + phases * pushed)
    # Two inner matrices are read in both directions, the first is read once.
    assert counts.macs == batch * 9 * 6 + 2 * sweeps * (7 * 5 + 6 * 4)
    assert counts.reads == chips[0].read(x_with_bias(x), jax.random.key(0))[1].reads + 4 * sweeps * per_vector(chips[1])
    assert counts.neuron_updates == sweeps * (6 + 5 + 4)
    assert [len(write.pre) for write in writes] == [
        batch * (phases // 2 + 1),
        *[batch * phases] * 2,
    ]


def per_vector(chip):
    return chip.read(jnp.ones((1, chip.shape[0])), jax.random.key(0))[1].reads


def x_with_bias(x):
    return jnp.concatenate([x, jnp.ones((len(x), 1), x.dtype)], 1)


@pytest.mark.parametrize("name", ["logistic", "readout"])
def test_on_a_crossbar_without_effects_it_writes_what_it_writes_on_ideal_weights(name):
    network = NETWORKS[name]
    weights, x, target = problem(network, jnp.float32)
    hardware = Hardware(devices.preset("taox-1t1r")).only()
    chips = [Crossbar.program(w, hardware, 2.0, 1e-3, jax.random.key(0))[0] for w in weights]
    rule = HolomorphicEquilibriumPropagation(network, 0.3, 5, Settling(20), Settling(20))
    on_chips, *_ = rule.learn(chips, x, target, jax.random.key(0))
    ideal, *_ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    assert distance(*[[pre.T @ post for pre, post in writes] for writes in (on_chips, ideal)]) < 1e-4


def test_products_of_complex_activities_as_real_vectors():
    keys = jax.random.split(jax.random.key(0), 2)
    pre, post = (jax.random.normal(key, (3, 4), jnp.complex64) for key in keys)
    for a, b in [(pre, post), (pre.real, post), (pre, post.real)]:
        rows, columns = as_real(a, b)
        product = np.real(np.asarray(a).T @ np.asarray(b))
        np.testing.assert_allclose(rows.T @ columns, product, atol=1e-6)
        written, _ = Complex(Ideal(jnp.zeros((4, 4)))).write(a, b, jax.random.key(0), 0.5)
        np.testing.assert_allclose(written.weights, 0.5 * product, atol=1e-6)


@pytest.mark.parametrize("neuron", [HARD_TANH, HARD_SIGMOID, RELU])
def test_neurons_with_rails_are_refused(neuron):
    network = LayeredHopfield(8, (6,), 4, Tanh(), neuron)
    weights, x, target = problem(network, jnp.float32)
    rule = HolomorphicEquilibriumPropagation(network, 0.2, 4)
    with pytest.raises(InputError, match="rails have no complex derivative: take logistic, tanh or linear"):
        rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))


def test_one_phase_is_refused():
    with pytest.raises(InputError, match="phases: input should be greater than or equal to 2"):
        HolomorphicEquilibriumPropagation(SQUARED["tanh"], phases=1)


def test_a_readout_is_not_clamped():
    network = NETWORKS["readout"]
    with pytest.raises(InputError, match="'clamp' holds output neurons, which a softmax readout has not"):
        ActivityDifference(network, "clamp")
    weights, x, target = problem(network, jnp.float32)
    with pytest.raises(InputError, match="must be 'nudge', not 'clamp'"):
        settle(network, weights, x, Clamp(target))
