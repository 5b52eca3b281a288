"""Oracle: automatic differentiation of the loss, or of what a rule says it descends instead, in double precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance, with_biases

from ohmgrad.networks import HARD_SIGMOID, HARD_TANH, LINEAR, RELU, FeedForward, Logistic, Tanh
from ohmgrad.networks.initial import gaussian
from ohmgrad.rules import (
    Backpropagation,
    DirectFeedbackAlignment,
    DirectRandomTargetProjection,
    FeedbackAlignment,
    ForwardForward,
    NodePerturbation,
    PredictiveCoding,
    WeightPerturbation,
)
from ohmgrad.synapses import Ideal

LAYERS = (12, 9, 8, 5)
SQUARED = FeedForward(LAYERS[0], LAYERS[1:-1], LAYERS[-1], Tanh(), HARD_TANH)
ENTROPY = FeedForward(LAYERS[0], LAYERS[1:-1], LAYERS[-1], Tanh(), LINEAR)


pytestmark = pytest.mark.usefixtures("double_precision")


def problem(shapes, outputs, seed=0, samples=7):
    """Weights with biases, inputs and one-hot targets."""
    keys = jax.random.split(jax.random.key(seed), 4)
    weights = [w.astype(jnp.float64) for w in gaussian(shapes, [1.0] * len(shapes), keys[0])]
    weights = with_biases(weights, keys[1])
    x = jax.random.normal(keys[2], (samples, shapes[0][0] - 1))
    return weights, x, jax.nn.one_hot(jax.random.randint(keys[3], (samples,), 0, outputs), outputs, dtype=jnp.float64)


def answers(network, weights, x, masks=None):
    """The network written out: activities of every layer above the input."""
    states = []
    for i, (w, neuron) in enumerate(zip(weights, network.neurons, strict=True)):
        sent = x if not i else states[-1] * (1.0 if masks is None else masks[i - 1])
        states.append(neuron(sent @ w[:-1] + w[-1:]))
    return states


def loss_of(name, output, target):
    if name == "squared":
        return ((output - target) ** 2).sum(1).mean() / 2
    shares = jnp.exp(output) / jnp.exp(output).sum(1, keepdims=True)
    return -jnp.log((shares * target).sum(1)).mean()


def gradient(network, name, weights, x, target, masks=None):
    return jax.grad(lambda w: loss_of(name, answers(network, w, x, masks)[-1], target))(weights)


def learned(rule, weights, x, target, key=0):
    """Minus what the rule writes: its gradient."""
    writes, _, _ = eqx.filter_jit(rule.learn)([Ideal(w) for w in weights], x, target, jax.random.key(key))
    return [-pre.T @ post for pre, post in writes]


def cosine(a, b):
    return (a * b).sum() / jnp.linalg.norm(a) / jnp.linalg.norm(b)


@pytest.mark.parametrize("name", ["squared", "cross-entropy"])
@pytest.mark.parametrize("hidden", [Tanh(), Logistic(), HARD_TANH, HARD_SIGMOID, RELU], ids=lambda n: repr(n)[:12])
def test_backpropagation_is_the_gradient_of_either_loss_through_any_neuron(name, hidden):
    network = FeedForward(LAYERS[0], LAYERS[1:-1], LAYERS[-1], hidden, LINEAR)
    weights, x, target = problem(network.shapes, 5)
    rule = Backpropagation(network, loss=name)
    assert distance(learned(rule, weights, x, target), gradient(network, name, weights, x, target)) < 1e-12
    output = answers(network, weights, x)[-1]
    assert float(rule.cost(output, target).mean()) == pytest.approx(float(loss_of(name, output, target)), rel=1e-12)


def test_dropout_is_the_gradient_through_the_neurons_that_are_left():
    weights, x, target = problem(SQUARED.shapes, 5, samples=400)
    rule = Backpropagation(SQUARED, dropout=0.3)
    writes, inference, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    masks = [jnp.where(write.pre[:, :-1] == 0, 0, 1 / 0.7) for write in writes[1:]]
    for mask in masks:
        assert float((mask == 0).mean()) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / mask.size))
    np.testing.assert_allclose(inference.output, answers(SQUARED, weights, x, masks)[-1], rtol=1e-12)
    found = [-pre.T @ post for pre, post in writes]
    assert distance(found, gradient(SQUARED, "squared", weights, x, target, masks)) < 1e-12
    whole = rule.infer([Ideal(w) for w in weights], x, jax.random.key(0))
    np.testing.assert_allclose(whole.output, answers(SQUARED, weights, x)[-1], rtol=1e-12)


def test_feedback_alignment_through_the_transposed_weights_is_the_gradient():
    weights, x, target = problem(SQUARED.shapes, 5)
    rule = FeedbackAlignment(SQUARED, feedback=tuple(Ideal(w[:-1].T) for w in weights[1:]))
    assert distance(learned(rule, weights, x, target), gradient(SQUARED, "squared", weights, x, target)) < 1e-12


@pytest.mark.parametrize("layers", [(12, 9, 5), LAYERS])
def test_direct_feedback_of_what_the_weights_carry_down_is_the_gradient(layers):
    """With one hidden layer for any neuron, with more where the neurons between are linear."""
    network = FeedForward(layers[0], layers[1:-1], layers[-1], Tanh() if len(layers) == 3 else LINEAR, LINEAR)
    weights, x, target = problem(network.shapes, 5)
    down, carried = jnp.eye(5), []
    for w in reversed(weights[1:]):
        down = down @ w[:-1].T
        carried.insert(0, down)
    rule = DirectFeedbackAlignment(network, feedback=tuple(map(Ideal, carried)), loss="cross-entropy")
    assert distance(learned(rule, weights, x, target), gradient(network, "cross-entropy", weights, x, target)) < 1e-12


def test_target_projection_through_the_transposed_weights_descends_minus_the_target_times_the_output():
    network = FeedForward(12, (9,), 5, Tanh(), LINEAR)
    weights, x, target = problem(network.shapes, 5)
    rule = DirectRandomTargetProjection(network, feedback=(Ideal(weights[1][:-1].T),))
    linear = jax.grad(lambda w: -(answers(network, w, x)[-1] * target).sum(1).mean())(weights)
    found = learned(rule, weights, x, target)
    assert distance(found[:1], linear[:1]) < 1e-12
    assert distance(found[1:], gradient(network, "squared", weights, x, target)[1:]) < 1e-12


@pytest.mark.parametrize("kind", [FeedbackAlignment, DirectFeedbackAlignment, DirectRandomTargetProjection])
def test_learning_brings_hidden_writes_of_random_feedback_within_90_degrees_of_the_gradient(kind):
    """Classes around ten centres, three networks, each with feedback unrelated to its weights at first."""
    network = FeedForward(20, (40, 40), 10, Tanh(), LINEAR)
    target = jnp.tile(jnp.eye(10), (20, 1))

    @jax.jit
    def angles(weights, rule, x):
        """Of each hidden layer, before and after 50 steps."""

        def step(weights, _):
            writes, _, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
            products = [pre.T @ post for pre, post in writes]
            exact = gradient(network, "squared", weights, x, target)
            cosines = [-cosine(*pair) for pair in zip(products[:2], exact, strict=False)]
            return [w + 0.1 * product for w, product in zip(weights, products, strict=True)], jnp.stack(cosines)

        return jax.lax.scan(step, weights, length=51)[1][jnp.array([0, -1])]

    begun, ended = [], []
    for seed in range(3):
        keys = jax.random.split(jax.random.key(seed), 3)
        x = target @ jax.random.normal(keys[0], (10, 20)) + 0.5 * jax.random.normal(keys[1], (200, 20))
        weights = [w.astype(jnp.float64) for w in gaussian(network.shapes, [0.1] * 3, keys[2])]
        before, after = np.asarray(angles(weights, kind(network).on_chip(jax.random.key(seed)), x))
        begun.append(before)
        ended.append(after)
    assert np.abs(np.mean(begun)) < 0.15
    assert np.min(ended) > 0.15


def energy(rule, weights, x, target, values):
    """Of predictive coding, over the batch: squared prediction errors, and the loss times the precision."""
    below, total = x, 0.0
    for w, neuron, value in zip(weights, rule.network.neurons, (*values, None), strict=True):
        mean = neuron(below @ w[:-1] + w[-1:])
        if value is None:
            return total + rule.precision * loss_of(rule.loss, mean, target) * len(x)
        total, below = total + jnp.square(value - mean).sum() / 2, value
    raise AssertionError


@pytest.mark.parametrize("name", ["squared", "cross-entropy"])
def test_predictive_coding_is_the_gradient_of_its_energy_at_the_minimum(name):
    network = ENTROPY
    weights, x, target = problem(network.shapes, 5)
    rule = PredictiveCoding(network, loss=name, precision=0.7, steps=600)
    force = jax.jit(lambda values: jax.grad(energy, 4)(rule, weights, x, target, values))
    values = answers(network, weights, x)[:-1]
    for _ in range(600):
        values = [value - 0.2 * slope for value, slope in zip(values, force(values), strict=True)]
    assert max(float(jnp.abs(slope).max()) for slope in force(values)) < 1e-12
    exact = jax.grad(energy, 1)(rule, weights, x, target, values)
    assert distance([0.7 * 7 * m for m in learned(rule, weights, x, target)], exact) < 1e-9


@pytest.mark.parametrize(("name", "network"), [("squared", SQUARED), ("cross-entropy", ENTROPY)])
def test_predictive_coding_tends_to_the_gradient_of_the_loss_at_first_order_in_the_precision(name, network):
    weights, x, target = problem(network.shapes, 5)
    exact = gradient(network, name, weights, x, target)
    rules = [PredictiveCoding(network, loss=name, precision=p, steps=600) for p in (4e-3, 2e-3, 1e-3)]
    errors = np.array([distance(learned(rule, weights, x, target), exact) for rule in rules])
    assert errors[-1] < 0.01
    assert np.log2(errors[:-1] / errors[1:]) == pytest.approx(1, abs=0.05)


def test_predictive_coding_says_how_far_its_values_still_moved():
    weights, x, target = problem(SQUARED.shapes, 5)
    residuals = []
    for steps in (1, 10, 600):
        rule = PredictiveCoding(SQUARED, steps=steps)
        _, inference, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
        residuals.append(float(inference.residual.max()))
    assert residuals[0] > residuals[1] > 1e-4
    assert residuals[2] < 1e-12


def goodness_of(rule, weights, sent):
    """Of each layer, for inputs with their label; what each layer is given."""
    given, goodness = [], []
    for w in weights:
        given.append(sent)
        activity = rule.network.hidden_neuron(sent @ w[:-1] + w[-1:])
        goodness.append((activity**2).mean(1))
        sent = activity / jnp.sqrt((activity**2).mean(1, keepdims=True) + 1e-6)
    return given, goodness


@pytest.mark.parametrize("neuron", [RELU, Tanh()])
def test_forward_forward_is_the_gradient_of_each_layers_own_loss(neuron):
    rule = ForwardForward(FeedForward(7, (9, 8), 5, neuron), threshold=0.4)
    weights, x, target = problem(rule.shapes, 5)
    x = x[:, :7]
    writes, _, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    negative = writes[0].pre[len(x) :, 7:12]
    assert (negative.sum(1) == 1).all() and (negative.max(1) == 1).all() and ((negative * target).sum(1) == 0).all()
    good, bad = (goodness_of(rule, weights, jnp.concatenate([x, tag], 1))[0] for tag in (target, negative))
    for layer, (pre, post) in enumerate(writes):

        def loss(w, layer=layer):
            g_good, g_bad = (
                (neuron(given[layer] @ w[:-1] + w[-1:]) ** 2).mean(1) - rule.threshold for given in (good, bad)
            )
            return (jnp.log1p(jnp.exp(-g_good)) + jnp.log1p(jnp.exp(g_bad))).mean()

        assert distance([-pre.T @ post], [jax.grad(loss)(weights[layer])]) < 1e-10


def test_forward_forward_answers_with_the_goodness_of_every_label():
    rule = ForwardForward(FeedForward(7, (9, 8), 5))
    weights, x, _ = problem(rule.shapes, 5)
    x = x[:, :7]
    inference = rule.infer([Ideal(w) for w in weights], x, jax.random.key(0))
    for label in range(5):
        tag = jnp.tile(jax.nn.one_hot(label, 5), (len(x), 1))
        np.testing.assert_allclose(
            inference.output[:, label],
            sum(goodness_of(rule, weights, jnp.concatenate([x, tag], 1))[1], jnp.zeros(len(x))),
            rtol=1e-9,
        )


def test_negatives_are_drawn_by_the_softmax_of_the_goodness_of_wrong_labels():
    rule = ForwardForward(FeedForward(7, (9, 8), 5))
    weights, x, target = problem(rule.shapes, 5, samples=1)
    weights, many = [3 * w for w in weights], 20000
    x, target = jnp.tile(x[:, :7], (many, 1)), jnp.tile(target, (many, 1))
    writes, inference, _ = rule.learn([Ideal(w) for w in weights], x, target, jax.random.key(0))
    shares = jnp.where(target[0] > 0, 0, jnp.exp(inference.output[0] - inference.output[0].max()))
    shares = np.asarray(shares / shares.sum())
    drawn = np.asarray(writes[0].pre[many:, 7:12].mean(0))
    assert shares.max() > 0.3
    assert (np.abs(drawn - shares) <= 4.5 * np.sqrt(shares * (1 - shares) / many)).all()


@pytest.mark.parametrize("kind", [NodePerturbation, WeightPerturbation])
@pytest.mark.parametrize("name", ["squared", "cross-entropy"])
def test_perturbation_is_the_gradient_on_average(kind, name):
    """Every entry within its own statistical error, found from independent batches of the same samples."""
    network = FeedForward(4, (6,), 3, Tanh(), LINEAR)
    weights, x, target = problem(network.shapes, 3, samples=5)
    exact = np.concatenate([np.ravel(g) for g in gradient(network, name, weights, x, target)])
    rule, batches = kind(network, loss=name, size=1e-4), 4000

    def one(key):
        writes, _, _ = rule.learn([Ideal(w) for w in weights], x, target, key)
        return jnp.concatenate([(-pre.T @ post).ravel() for pre, post in writes])

    found = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(1), batches)))
    z = (found.mean(0) - exact) / (found.std(0) / np.sqrt(batches))
    assert np.linalg.norm(exact) > 20 * np.linalg.norm(found.std(0)) / np.sqrt(batches) / np.sqrt(len(exact))
    assert np.abs(z).max() < 4.5
    assert np.square(z).mean() == pytest.approx(1, abs=5 * np.sqrt(2 / len(z)))


@pytest.mark.parametrize("kind", [NodePerturbation, WeightPerturbation])
def test_the_mean_of_perturbation_is_off_at_second_order_in_the_size(kind):
    """Many copies of one sample are as many draws; the same draws at a tiny size take most of the scatter away."""
    network, copies = FeedForward(2, (3,), 2, Tanh(), LINEAR), 400_000
    weights, x, target = problem(network.shapes, 2, samples=1)
    x, target = jnp.tile(x, (copies, 1)), jnp.tile(target, (copies, 1))
    at_rest = learned(kind(network, size=1e-5), weights, x, target)
    bias = []
    for size in (0.4, 0.2):
        found = learned(kind(network, size=size), weights, x, target)
        bias.append(np.concatenate([np.ravel(a - b) for a, b in zip(found, at_rest, strict=True)]))
    order = np.log2(np.linalg.norm(bias[0]) / np.linalg.norm(bias[1]))
    assert order == pytest.approx(2, abs=0.35)
