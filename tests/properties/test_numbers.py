"""Numbers of rules and networks are data: variants side by side equal single runs, and all values share one program."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.crossbar import Adc, Dac, Direct, Hardware
from ohmgrad.devices.memristor import Memristor
from ohmgrad.networks import (
    LINEAR,
    Associative,
    ConvolutionalHopfield,
    FeedForward,
    LayeredHopfield,
    Logistic,
    ResistiveNetwork,
    Settling,
    SoftmaxReadout,
    SoftPooling,
    Tanh,
    diodes,
)
from ohmgrad.rules import (
    ActivityDifference,
    Backpropagation,
    ForwardForward,
    HolomorphicEquilibriumPropagation,
    NodePerturbation,
    PredictiveCoding,
    RecurrentBackpropagation,
    TruncatedBackpropagation,
)
from ohmgrad.synapses import Crossbar, Ideal
from ohmgrad.variants import numbers, per_chip

BATCH, KEY = 3, jax.random.key(0)
SMOOTH = LayeredHopfield(6, (5,), 4, Logistic(3.0, 0.4), Tanh(), drive_noise=0.05)
QUIET = LayeredHopfield(6, (5,), 4, Logistic(3.0, 0.4), Tanh())
PLAIN = FeedForward(6, (5, 4), 4, Logistic(3.0, 0.4), LINEAR)
SHORT, HALF = Settling(3), Settling(3, step=0.6)
RESISTIVE = ResistiveNetwork(6, (6,), 4, 3.0, 1.5, 2.0, diodes.Exponential(1e-3, 0.2))
RULES = {
    "layered": ActivityDifference(QUIET, strength=0.3, free=Settling(30, tolerance=0.01, step=0.6), pushed=HALF),
    "clamped": ActivityDifference(SMOOTH, "clamp", 0.3, "random", SHORT, SHORT),
    "readout": ActivityDifference(SoftmaxReadout(6, (5,), 4, Logistic(3.0, 0.4), 0.05), free=SHORT, pushed=SHORT),
    "associative": ActivityDifference(Associative(6, 5, 0.7), strength=0.3, free=SHORT, pushed=HALF),
    "convolutional": ActivityDifference(
        ConvolutionalHopfield((4, 4, 1), (3,), 4, pooling=SoftPooling(2.0), output_neuron=Tanh()),
        strength=0.3,
        free=SHORT,
        pushed=HALF,
    ),
    "resistive": ActivityDifference(RESISTIVE, strength=0.3, free=SHORT, pushed=SHORT),
    "resistive on arrays": ActivityDifference(
        ResistiveNetwork(6, (6,), 4, 3.0, node_ranges=(0.4, 0.2)), strength=0.3, free=SHORT, pushed=SHORT
    ),
    "holomorphic": HolomorphicEquilibriumPropagation(SMOOTH, 0.3, 3, SHORT, HALF),
    "recurrent": RecurrentBackpropagation(SMOOTH, HALF, HALF),
    "truncated": TruncatedBackpropagation(SMOOTH, SHORT, 2),
    "backpropagation": Backpropagation(PLAIN, dropout=0.4),
    "predictive coding": PredictiveCoding(PLAIN, precision=0.8, steps=3, step=0.3),
    "forward-forward": ForwardForward(PLAIN, threshold=0.4),
    "perturbation": NodePerturbation(PLAIN, size=0.1),
}


def synapses_of(name, rule):
    weights = rule.initial([0.7] * len(rule.shapes), KEY)
    weights = [w.at[-1].set(0.1) for w in weights]
    if name == "resistive on arrays":
        device = Memristor(1e-6, 100e-6, 0.2)
        hardware = Hardware(device, 16, 16, mapping=Direct(), dac=Dac(None), adc=Adc(10))
        return [Crossbar.program(w, hardware, 1.0, 1e-3, KEY)[0] for w in weights]
    return rule.mounted([Ideal(w) for w in weights])


def program(name):
    """What a rule learns and answers, as numbers, and how often that was traced."""
    rule, traces = RULES[name], []
    synapses = synapses_of(name, rule)
    shape = getattr(rule.network, "image", (6,))
    x = jax.random.uniform(jax.random.key(1), (BATCH, *shape))
    outputs = rule.network.inputs if isinstance(rule.network, Associative) else rule.network.outputs
    target = jax.nn.one_hot(jnp.arange(BATCH), outputs)

    def run(rule):
        traces.append(rule)
        learned = rule.learn(synapses, x, target, KEY)
        written = [s.write(pre, post, KEY)[0].weights for s, (pre, post) in zip(synapses, learned.writes, strict=True)]
        return [*written, learned.inference.output, rule.infer(synapses, x, KEY).output]

    return rule, run, traces


def varied(rule, factor):
    """Every number times a factor of its place among all."""
    leaves, structure = jax.tree.flatten(rule)
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, float)]
    for nth, place in enumerate(places):
        leaves[place] = leaves[place] * factor(nth)
    return jax.tree.unflatten(structure, leaves), len(places)


def apart(some, others):
    return max(float(jnp.abs(a - b).max()) for a, b in zip(some, others, strict=True))


@pytest.mark.parametrize("name", RULES)
def test_every_number_is_data_of_one_program_which_runs_variants_side_by_side(name):
    rule, run, traces = program(name)
    compiled, random = eqx.filter_jit(run), np.random.default_rng(0)
    plain, count = compiled(numbers(rule)), varied(rule, lambda nth: 1.0)[1]
    for nth in range(count):
        changed, _ = varied(rule, lambda place, nth=nth: 2.0 if place == nth else 1.0)
        assert apart(compiled(numbers(changed)), plain) > 0, f"number {nth} changes nothing"
    factors = random.uniform(0.9, 1.1, (100, count))
    variants = [varied(rule, lambda nth, own=own: float(own[nth]))[0] for own in factors]
    results = [compiled(numbers(variant)) for variant in variants]
    assert len(traces) == 1
    rules = per_chip(variants[:3], 3)
    together = eqx.filter_jit(eqx.filter_vmap(lambda each: run(rules.of(each))))(rules.each)
    for number, expected in enumerate(results[:3]):
        for ours, theirs in zip(together, expected, strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=1e-4, atol=1e-5)
