"""Oracle: the minimum of the energy, which every order and every pace must reach; definitions of the residual."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.counts import Counts
from ohmgrad.networks import (
    HARD_SIGMOID,
    LINEAR,
    Free,
    LayeredHopfield,
    Logistic,
    Nudge,
    Settled,
    Settling,
    Tanh,
    Verdict,
)
from ohmgrad.synapses import Ideal

pytestmark = pytest.mark.usefixtures("double_precision")


def problem(gain=0.4, **neurons):
    network = LayeredHopfield(10, (8, 7), 4, **neurons)
    weights = [w.astype(jnp.float64) for w in network.initial([gain] * 3, jax.random.key(0))]
    x = jax.random.uniform(jax.random.key(1), (5, 10), jnp.float64, -1, 1)
    return network, [Ideal(w) for w in weights], x


def settle(network, synapses, x, settling, push=None):
    key = jax.random.key(0)
    feed, _ = network.feed(synapses, x, key)
    return network.settle(synapses, feed, push or Free(), network.start(x), settling, key)


def far_apart(a, b):
    return max(float(jnp.abs(s - t).max()) for s, t in zip(a.state, b.state, strict=True))


@pytest.mark.parametrize("push", [None, Nudge(jnp.ones((5, 4)), 0.3)], ids=["free", "nudged"])
def test_every_order_and_pace_ends_at_the_same_minimum(push):
    network, synapses, x = problem()
    reference = settle(network, synapses, x, Settling(200), push)
    for settling in (
        Settling(200, order="backward"),
        Settling(200, order="odd-even"),
        Settling(400, order="synchronous"),
        Settling(4000, order="synchronous", step=0.05),
    ):
        ended = settle(network, synapses, x, settling, push)
        assert far_apart(reference, ended) < 1e-9, settling


def test_turns_are_all_layers_once():
    assert Settling(1).turns(4) == ((0,), (1,), (2,), (3,))
    assert Settling(1, order="backward").turns(3) == ((2,), (1,), (0,))
    assert Settling(1, order="odd-even").turns(5) == ((0, 2, 4), (1, 3))
    assert Settling(1, order="odd-even").turns(1) == ((0,),)
    assert Settling(1, order="synchronous").turns(3) == ((0, 1, 2),)


def test_a_tolerance_ends_sweeps_where_counting_them_would():
    """The state after n sweeps, n being the first number whose last sweep moved no neuron by more."""
    network, synapses, x = problem()
    residuals = [float(settle(network, synapses, x, Settling(n)).residual.max()) for n in range(1, 30)]
    first = next(n for n, residual in enumerate(residuals, start=1) if residual <= 1e-4)
    ended = settle(network, synapses, x, Settling(1000, tolerance=1e-4))
    fixed = settle(network, synapses, x, Settling(first))
    assert int(ended.sweeps) == first
    assert far_apart(ended, fixed) == 0
    assert [float(count) for count in ended.counts] == [float(count) for count in fixed.counts]
    assert (np.asarray(ended.verdict(1e-4)) == Verdict.SETTLED).all()
    assert (np.asarray(fixed.verdict(1e-12)) == Verdict.NOT_SETTLED).all()


def test_what_diverges_is_said_to_and_stops():
    network, synapses, x = problem(gain=50.0, hidden_neuron=LINEAR, output_neuron=LINEAR)
    ended = settle(network, synapses, x, Settling(5000, tolerance=1e-6, order="synchronous"))
    assert (np.asarray(ended.verdict(1e-6)) == Verdict.DIVERGED).all()
    assert int(ended.sweeps) < 5000


def test_phases_that_did_not_settle_are_counted():
    ended = Settled((), jnp.array([0.0, 0.01, 0.02, jnp.inf, jnp.nan]), 10, Counts())
    free, pushed = ended.phases("free", Settling(10)), ended.phases("pushed", Settling(10, tolerance=0.05))
    assert (free.free_phases, free.free_unsettled, free.diverged) == (5, 3, 2)
    assert (pushed.pushed_phases, pushed.pushed_unsettled, pushed.diverged) == (5, 2, 2)
    assert free.pushed_phases == pushed.free_phases == 0


@pytest.mark.parametrize("neuron", [Logistic(), Tanh(), HARD_SIGMOID], ids=["logistic", "tanh", "hard sigmoid"])
def test_a_neuron_minimises_its_energy_and_knows_its_slope(neuron):
    drive = jnp.linspace(-0.9, 1.7, 53)
    activity = neuron(drive)
    inside = (activity > 0.001) & (activity < 0.999)
    force = jax.vmap(jax.grad(lambda s: neuron.self_energy(s)))(activity)
    np.testing.assert_allclose(force[inside], drive[inside], atol=1e-7)
    slope = jax.vmap(jax.grad(lambda d: neuron(d)))(drive)
    np.testing.assert_allclose(neuron.slope(activity)[inside], slope[inside], rtol=1e-7)


@pytest.mark.parametrize("neuron", [Logistic(), Tanh()], ids=["logistic", "tanh"])
def test_smooth_neurons_settle_where_the_energy_has_no_slope(neuron):
    network, synapses, x = problem(hidden_neuron=neuron, output_neuron=neuron)
    strength, target = 0.2, jnp.full((5, 4), 0.25)
    ended = settle(network, synapses, x, Settling(500), Nudge(target, strength))
    weights = [synapse.weights for synapse in synapses]

    def pushed(state):
        return (network.energy(weights, x, state) + strength / 2 * jnp.square(state[-1] - target).sum(1)).sum()

    for slope in jax.grad(pushed)(ended.state):
        assert np.abs(slope).max() < 1e-8


def test_noise_on_drives_has_its_deviation():
    quiet, synapses, x = problem(hidden_neuron=LINEAR, output_neuron=LINEAR)
    noisy = replace(quiet, drive_noise=0.04)
    many = jnp.tile(x[:1], (4000, 1))
    feed, _ = quiet.feed(synapses, many, jax.random.key(0))
    states = [
        network.sweep(synapses, feed, Free(), network.start(many), Settling(1, order="synchronous"), jax.random.key(3))[
            0
        ]
        for network in (quiet, noisy)
    ]
    for before, after in zip(*states, strict=True):
        assert float((after - before).std()) == pytest.approx(0.04, rel=0.03)
