"""Oracle: automatic differentiation through the sweeps, and of the settled loss, in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance, with_biases

from ohmgrad import devices
from ohmgrad.crossbar import Hardware
from ohmgrad.errors import InputError
from ohmgrad.networks import HARD_TANH, Free, LayeredHopfield, Logistic, Settling
from ohmgrad.networks.initial import gaussian
from ohmgrad.rules import ActivityDifference, RecurrentBackpropagation, TruncatedBackpropagation
from ohmgrad.synapses import Crossbar, Ideal

ORDERS = ("forward", "backward", "odd-even", "synchronous")
NETWORKS = {
    "smooth": LayeredHopfield(8, (7, 6), 4, Logistic(4.0, 0.5), Logistic(4.0, 0.5)),
    "rails": LayeredHopfield(8, (7, 6), 4, HARD_TANH, HARD_TANH),
    "skips": LayeredHopfield(8, (7, 6, 5), 4, Logistic(4.0, 0.5), Logistic(4.0, 0.5), skips=((1, 4), (1, 3))),
}


def problem(network, dtype=jnp.float64, gain=0.6):
    keys = jax.random.split(jax.random.key(1), 3)
    weights = [w.astype(dtype) for w in gaussian(network.shapes, [gain] * len(network.shapes), keys[0])]
    weights = with_biases(weights, keys[1])
    x = jax.random.uniform(keys[1], (5, 8), dtype, -2, 2)
    return weights, x, jax.random.uniform(keys[2], (5, 4), dtype)


def unrolled_gradient(network, weights, x, target, settling, state=None):
    def loss(weights):
        synapses, key = [Ideal(w) for w in weights], jax.random.key(0)
        feed, _ = network.feed(synapses, x, key)
        start = network.start(x) if state is None else state
        settled = network.settle(synapses, feed, Free(), start, settling, key)
        return jnp.square(settled.state[-1] - target).sum(1).mean() / 2

    return jax.jit(jax.grad(loss))(weights)


def estimate(rule, weights, x, target):
    writes, inference, counts = jax.jit(lambda w: rule.learn([Ideal(m) for m in w], x, target, jax.random.key(0)))(
        weights
    )
    return [-pre.T @ post for pre, post in writes], inference, counts


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["smooth", "rails"])
def test_through_all_sweeps_it_is_automatic_differentiation(name, order, double_precision):
    network, settling = NETWORKS[name], Settling(4, order=order)
    weights, x, target = problem(network)
    ours, inference, _ = estimate(TruncatedBackpropagation(network, settling, depth=4), weights, x, target)
    assert inference.residual.min() > 1e-3  # far from settled, so that the activities of every sweep count
    assert distance(ours, unrolled_gradient(network, weights, x, target, settling)) < 1e-12


def test_through_some_sweeps_it_is_automatic_differentiation_from_the_state_before_them(double_precision):
    network = NETWORKS["smooth"]
    weights, x, target = problem(network)
    synapses, key = [Ideal(w) for w in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    before = network.settle(synapses, feed, Free(), network.start(x), Settling(3), key)
    ours, *_ = estimate(TruncatedBackpropagation(network, Settling(5), depth=2), weights, x, target)
    # What the input sends is held: it counts for the sweeps that are gone through, as it does in the last two alone.
    assert distance(ours, unrolled_gradient(network, weights, x, target, Settling(2), before.state)) < 1e-12


def test_its_residual_is_what_the_last_sweep_moved(double_precision):
    """However many sweeps are gone back through: the state after 5 sweeps less that after 4."""
    network = NETWORKS["smooth"]
    weights, x, target = problem(network)
    synapses, key = [Ideal(w) for w in weights], jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    four, five = (network.settle(synapses, feed, Free(), network.start(x), Settling(n), key).state for n in (4, 5))
    moved = np.max([np.abs(np.asarray(b - a)).max(1) for a, b in zip(four, five, strict=True)], axis=0)
    _, inference, _ = estimate(TruncatedBackpropagation(network, Settling(5), depth=2), weights, x, target)
    np.testing.assert_allclose(inference.residual, moved, rtol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_settled_recurrent_backpropagation_is_the_gradient_of_the_settled_loss(name, order, double_precision):
    network = NETWORKS[name]
    weights, x, target = problem(network, gain=0.4 if network.skips else 0.6)  # so that synchronous sweeps settle too
    rule = RecurrentBackpropagation(network, Settling(150), Settling(300, order=order))
    assert (
        distance(estimate(rule, weights, x, target)[0], unrolled_gradient(network, weights, x, target, Settling(150)))
        < 1e-10
    )


def test_recurrent_backpropagation_is_the_limit_of_equilibrium_propagation(double_precision):
    network = NETWORKS["smooth"]
    weights, x, target = problem(network)
    limit, *_ = estimate(RecurrentBackpropagation(network, Settling(150), Settling(150)), weights, x, target)
    distances = []
    for strength in (2e-2, 1e-2):
        rule = ActivityDifference(network, "nudge", strength, "centered", Settling(150), Settling(150))
        distances.append(distance(estimate(rule, weights, x, target)[0], limit))
    assert distances[1] < 1e-3
    assert np.log2(distances[0] / distances[1]) == pytest.approx(2, abs=0.1)


def test_an_adjoint_with_a_tolerance_stops_when_settled(double_precision):
    network = NETWORKS["smooth"]
    weights, x, target = problem(network)
    full, _, all_sweeps = estimate(RecurrentBackpropagation(network, Settling(99), Settling(300)), weights, x, target)
    ours, _, fewer = estimate(
        RecurrentBackpropagation(network, Settling(99), Settling(300, tolerance=1e-6)), weights, x, target
    )
    assert fewer.macs < all_sweeps.macs / 2
    assert distance(ours, full) < 1e-4


@pytest.mark.parametrize(
    "rule_of",
    [
        lambda network: RecurrentBackpropagation(network, Settling(7), Settling(3)),
        lambda network: TruncatedBackpropagation(network, Settling(7), depth=3),
    ],
)
def test_verbs_are_counted_and_a_crossbar_without_effects_gives_the_same(rule_of):
    network = NETWORKS["smooth"]
    weights, x, target = problem(network, jnp.float32)
    rule, hardware = rule_of(network), Hardware(devices.preset("taox-1t1r")).only()
    chips = [Crossbar.program(w, hardware, 2.0, 1e-3, jax.random.key(0))[0] for w in weights]
    ideal, _, counts = estimate(rule, weights, x, target)
    # Every sweep, forth or back, reads each of the two inner matrices once in each direction.
    assert counts.macs == len(x) * (9 * 7 + 10 * 2 * (8 * 6 + 7 * 4))
    writes, _, counts_of_chips = rule.learn(chips, x, target, jax.random.key(0))
    assert counts_of_chips.macs == counts.macs
    assert counts_of_chips.adc_conversions > 0
    assert distance([-pre.T @ post for pre, post in writes], ideal) < 1e-4


def test_a_depth_beyond_the_free_phase_is_refused():
    with pytest.raises(InputError, match="depth is 6 but must be from 1 to the 5 sweeps"):
        TruncatedBackpropagation(NETWORKS["smooth"], Settling(5), depth=6)
    with pytest.raises(InputError, match="depth: input should be greater than or equal to 1"):
        TruncatedBackpropagation(NETWORKS["smooth"], Settling(5), depth=0)


@pytest.mark.parametrize("free", [Settling(5, step=0.5), Settling(5, tolerance=1e-3)])
def test_sweeps_that_cannot_be_reversed_are_refused(free):
    with pytest.raises(InputError, match=r"^rule\.free: .* allowed: step 1, no tolerance, float32$"):
        TruncatedBackpropagation(NETWORKS["smooth"], free, depth=2)
