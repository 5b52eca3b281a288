"""Oracle: automatic differentiation of the loss at the settled state, in double precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance, with_biases

from ohmgrad.networks import LINEAR, Associative, Clamp, FeedForward, Free, LayeredHopfield, Nudge, Settling, Tanh
from ohmgrad.rules import ActivityDifference, Backpropagation
from ohmgrad.synapses import Ideal

SWEEPS = 250
STRENGTHS = (8e-4, 4e-4, 2e-4)  # so weak that no neuron reaches or leaves its rail: the loss is smooth there


pytestmark = pytest.mark.usefixtures("double_precision")


def problem(network, gain, seed=0):
    """Weights strong enough that some neurons sit on their rails, inputs and targets."""
    keys = jax.random.split(jax.random.key(seed), 3)
    weights = [w.astype(jnp.float64) for w in network.initial([gain] * len(network.shapes), keys[0])]
    weights = with_biases(weights, keys[1])
    inputs, outputs = (network.layers[0], network.layers[-1]) if isinstance(network, LayeredHopfield) else (12, 12)
    x = jax.random.rademacher(keys[1], (7, inputs)).astype(jnp.float64)
    target = jax.random.uniform(keys[2], (7, outputs), jnp.float64, -1, 1)
    return weights, x, target


@eqx.filter_jit
def settle(network, weights, x, push, state=None):
    synapses, key = [Ideal(w) for w in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    return network.settle(synapses, feed, push, state or network.start(x), Settling(SWEEPS), key)


def settled_output(network, weights, x):
    return settle(network, weights, x, Free()).state[-1]


@eqx.filter_jit
def true_gradient(network, weights, x, target):
    def loss(weights):
        return jnp.square(settled_output(network, weights, x) - target).sum(1).mean() / 2

    return jax.grad(loss)(weights)


@eqx.filter_jit
def estimate(network, weights, x, target, **knobs):
    rule = ActivityDifference(network, free=Settling(SWEEPS), pushed=Settling(SWEEPS), **knobs)
    writes, _, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    return [-pre.T @ post for pre, post in writes]


def mask_of_learned(network, matrices):
    """Drops the entry that couples the two bias lines of an associative memory: it has no effect and no gradient."""
    return [m.at[-1, -1].set(0) for m in matrices] if isinstance(network, Associative) else matrices


NETWORKS = {
    "two layers": (LayeredHopfield(12, (9,), 5), 0.5),
    "three layers": (LayeredHopfield(12, (9, 8), 5), 0.4),
    "skips": (LayeredHopfield(12, (9, 7, 8), 5, skips=((1, 3), (1, 4))), 0.3),
    "associative": (Associative(12, 9, gain=0.7), 0.5),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("side", "order"), [("positive", 1), ("negative", 1), ("centered", 2)])
def test_update_tends_to_the_gradient_of_the_settled_loss_at_the_order_it_claims(name, side, order):
    network, gain = NETWORKS[name]
    weights, x, target = problem(network, gain)
    exact = mask_of_learned(network, true_gradient(network, weights, x, target))
    errors = [
        distance(mask_of_learned(network, estimate(network, weights, x, target, side=side, strength=s)), exact)
        for s in STRENGTHS
    ]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert errors[-1] < 0.001
    assert orders == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fixture_settles_with_neurons_on_their_rails_and_outputs_between_them(name):
    network, gain = NETWORKS[name]
    weights, x, _ = problem(network, gain)
    settled = settle(network, weights, x, Free())
    assert settled.residual.max() < 1e-12
    assert any((np.abs(s) == 1).any() for s in settled.state) or name == "skips"  # whose gain is too low for it
    assert (np.abs(settled.state[-1]) < 1).mean() > 0.2


def test_backpropagation_is_the_exact_gradient():
    network = FeedForward(12, (9, 8), 5)
    weights, x, target = problem(LayeredHopfield(network.inputs, network.hidden, network.outputs), 1.0)

    def loss(weights):
        states, _ = network.forward([Ideal(w) for w in weights], x, jax.random.key(0))
        return jnp.square(states[-1] - target).sum(1).mean() / 2

    writes, _, _ = Backpropagation(network).learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    assert distance([-pre.T @ post for pre, post in writes], jax.grad(loss)(weights)) < 1e-12


def test_full_clamp_is_contrastive_hebbian_learning():
    """Movellan 1991: clamped minus free products, the output held at the target while the rest settles."""
    network, gain = NETWORKS["two layers"]
    weights, x, target = problem(network, gain)
    free = settle(network, weights, x, Free())
    clamped = settle(network, weights, x, Clamp(target), free.state)
    assert (clamped.state[-1] == target).all()
    hebbian = [
        -(pre_c.T @ post_c - pre_f.T @ post_f) / len(x)
        for (pre_c, post_c), (pre_f, post_f) in zip(
            network.pairs(x, clamped.state), network.pairs(x, free.state), strict=True
        )
    ]
    ours = estimate(network, weights, x, target, push="clamp", strength=1.0, side="positive")
    assert distance(ours, hebbian) < 1e-12


@eqx.filter_jit
def clamped_gradient(network, weights, x, target):
    """Of the settled output along the force that would hold it: R^-1 (o - y), R being do / d(its own bias)."""
    output, back = jax.vjp(lambda weights: settled_output(network, weights, x), weights)

    def biased(bias):
        return settled_output(network, [*weights[:-1], weights[-1].at[-1].add(bias)], x)

    response = jax.jacrev(biased)(jnp.zeros(output.shape[1]))
    return back(jnp.linalg.solve(response, (output - target)[:, :, None])[:, :, 0] / len(x))[0]


@pytest.mark.parametrize(("side", "order"), [("positive", 1), ("negative", 1), ("centered", 2)])
def test_a_clamped_update_tends_to_the_gradient_along_the_force_that_holds_the_output(side, order):
    """Coupled learning: to hold an output costs more where it is stiff, so its error weighs with its stiffness."""
    network = LayeredHopfield(12, (9,), 5, Tanh(), LINEAR)
    weights, x, target = problem(network, 0.4)
    exact = clamped_gradient(network, weights, x, target)
    assert distance(exact, true_gradient(network, weights, x, target)) > 0.05
    knobs = {"push": "clamp", "side": side}
    errors = [distance(estimate(network, weights, x, target, strength=s, **knobs), exact) for s in (0.08, 0.04, 0.02)]
    assert np.log2(np.array(errors[:-1]) / np.array(errors[1:])) == pytest.approx(order, abs=0.1)
    assert errors[-1] < 0.02


@pytest.mark.parametrize("push", ["nudge", "clamp"])
def test_a_random_side_is_one_of_the_two_and_either_comes(push):
    """Scellier & Bengio 2017: the sign of the strength is drawn for each batch, its size stays."""
    network = LayeredHopfield(12, (9,), 5)
    weights, x, target = problem(network, 0.8)

    def written(side, key):
        rule = ActivityDifference(network, push, 0.4, side, Settling(6), Settling(6))
        writes, *_ = rule.learn([Ideal(w) for w in weights], x, target, key)
        return jnp.concatenate([jnp.ravel(pre.T @ post) for pre, post in writes])

    keys = jax.random.split(jax.random.key(1), 16)
    drawn = jax.jit(jax.vmap(lambda key: written("random", key)))(keys)
    sides = jnp.stack([jax.jit(written, static_argnums=0)(side, keys[0]) for side in ("positive", "negative")])
    off = jnp.linalg.norm(drawn[:, None] - sides, axis=2) / jnp.linalg.norm(sides, axis=1)
    assert distance(sides[:1], sides[1:]) > 0.1
    assert off.min(1).max() < 1e-10
    assert set(np.argmin(off, 1).tolist()) == {0, 1}


@pytest.mark.parametrize(("side", "sign"), [("positive", 1), ("negative", -1), ("centered", 1), ("random", 1)])
def test_a_clamped_phase_holds_the_output_on_the_way_to_the_answer_or_away_from_it(side, sign):
    """At o + strength (y - o), o being the free output; on the negative side at o - strength (y - o)."""
    network = LayeredHopfield(12, (9,), 5, Tanh(), LINEAR)
    weights, x, target = problem(network, 0.4)
    rule = ActivityDifference(network, "clamp", 0.3, side, Settling(6), Settling(6))
    free, held = (
        rule.settled([Ideal(w) for w in weights], x, target, phase, jax.random.key(0)).state[-1]
        for phase in ("free", "nudged")
    )
    np.testing.assert_allclose(held, free + sign * 0.3 * (target - free), rtol=1e-12)


def test_nothing_is_written_when_the_free_output_is_already_right():
    network, gain = NETWORKS["two layers"]
    weights, x, _ = problem(network, gain)
    target = settled_output(network, weights, x)
    for push in ("nudge", "clamp"):
        for matrix in estimate(network, weights, x, target, push=push, strength=0.5):
            assert np.abs(matrix).max() < 1e-10


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("strength", [0.0, 0.4, -0.4])
def test_settled_state_is_a_minimum_of_the_pushed_energy_on_the_box(name, strength):
    """Optimality on [-1, 1]: zero slope inside, a slope that presses outward on the rails (autodiff of the energy)."""
    network, gain = NETWORKS[name]
    weights, x, target = problem(network, gain)
    settled = settle(network, weights, x, Nudge(target, strength))

    def pushed_energy(state):
        return (network.energy(weights, x, state) + strength / 2 * jnp.square(state[-1] - target).sum(1)).sum()

    for s, slope in zip(settled.state, jax.grad(pushed_energy)(settled.state), strict=True):
        assert np.abs(np.where(np.abs(s) < 1, slope, 0)).max() < 1e-9
        assert (np.where(s == 1, slope, 0) <= 1e-9).all()
        assert (np.where(s == -1, slope, 0) >= -1e-9).all()
