"""Oracle: automatic differentiation of the loss of a resistive network at its settled state, in double precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance

from ohmgrad.networks import Free, ResistiveNetwork, Settling, diodes
from ohmgrad.rules import ActivityDifference
from ohmgrad.synapses import Ideal

SETTLING = Settling(300, order="odd-even")
STRENGTHS = (8e-3, 4e-3, 2e-3)
NETWORKS = {
    "one hidden": ResistiveNetwork(5, (8,), 3, 3.0, 1.5),
    "two hidden": ResistiveNetwork(5, (8, 7), 3, 9.0, 1.5),
    "amplified": ResistiveNetwork(5, (8, 7), 3, 1.0, 1.5, amplification=4.0),
    "exponential diodes": ResistiveNetwork(5, (8, 7), 3, 1.0, 1.5, 4.0, diodes.Exponential(1e-3, 0.2)),
}


pytestmark = pytest.mark.usefixtures("double_precision")


def problem(network, seed=0):
    rng = np.random.default_rng(seed)
    weights = [jnp.asarray(np.maximum(rng.uniform(-0.5, 1, shape), 0)) for shape in network.shapes]
    return weights, jnp.asarray(rng.uniform(0, 1, (6, 5))), jnp.asarray(rng.uniform(-1, 1, (6, 3)))


@eqx.filter_jit
def settle(network, weights, x):
    synapses, key = [Ideal(g) for g in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    return network.settle(synapses, feed, Free(), network.start(x), SETTLING, key)


@eqx.filter_jit
def true_gradient(network, weights, x, target):
    def loss(weights):
        return jnp.square(settle(network, weights, x).state[-1] - target).sum(1).mean() / 2

    return jax.grad(loss)(weights)


@eqx.filter_jit
def estimate(network, weights, x, target, **knobs):
    rule = ActivityDifference(network, free=SETTLING, pushed=SETTLING, **knobs)
    writes, _, _ = rule.learn([Ideal(g) for g in weights], x, target, jax.random.key(0))
    return [-pre.T @ post for pre, post in writes]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("side", "order"), [("positive", 1), ("negative", 1), ("centered", 2)])
def test_update_tends_to_the_gradient_of_the_settled_loss_at_the_order_it_claims(name, side, order):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    exact = true_gradient(network, weights, x, target)
    errors = [distance(estimate(network, weights, x, target, side=side, strength=s), exact) for s in STRENGTHS]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert errors[-1] < 0.005
    assert orders == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_matrix_learns_and_the_fixture_settles(name):
    """Each matrix alone has the right gradient, so that none hides behind a larger one."""
    network = NETWORKS[name]
    weights, x, target = problem(network)
    assert settle(network, weights, x).residual.max() < 1e-12
    exact = true_gradient(network, weights, x, target)
    ours = estimate(network, weights, x, target, side="centered", strength=2e-3)
    for a, b in zip(ours, exact, strict=True):
        assert distance([a], [b]) < 1e-3


@pytest.mark.parametrize("name", ["one hidden", "two hidden"])
def test_the_fixture_has_diodes_that_conduct_and_diodes_that_do_not(name):
    network = NETWORKS[name]
    weights, x, _ = problem(network)
    hidden = np.concatenate([np.ravel(nodes) for nodes in settle(network, weights, x).state[:-1]])
    assert 0.05 < (hidden == 0).mean() < 0.95


def test_clamped_outputs_are_coupled_learning():
    """Stern et al., PRX 11:021045 (2021): -(squared drops clamped - squared drops free) / (2 strength), by hand."""
    network = NETWORKS["one hidden"]
    weights, x, target = problem(network)
    strength = 0.1
    rule = ActivityDifference(network, "clamp", strength, "positive", SETTLING, SETTLING)
    writes, _, _ = rule.learn([Ideal(g) for g in weights], x, target, jax.random.key(0))
    free = rule.settled([Ideal(g) for g in weights], x, target, "free", jax.random.key(0)).state
    clamped = rule.settled([Ideal(g) for g in weights], x, target, "nudged", jax.random.key(0)).state
    np.testing.assert_allclose(clamped[-1], free[-1] + strength * (target - free[-1]), rtol=1e-12)
    squares = [(np.asarray(nodes[0])[:, :, None] - np.asarray(nodes[1])[:, None]) ** 2 for nodes in (clamped, free)]
    by_hand = -(squares[0] - squares[1]).mean(0) / (2 * strength)
    np.testing.assert_allclose((writes[1].pre.T @ writes[1].post)[:-2], by_hand, rtol=1e-8, atol=1e-12)
