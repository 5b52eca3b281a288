"""The three trainings of a run: on crossbars, by the same rule on ideal weights, by backpropagation on those."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Key, PRNGKeyArray

from ohmgrad import training
from ohmgrad.data import Channel, Codebook, best_decoder
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.rules import Rule
from ohmgrad.synapses import Crossbar

ARMS = ("crossbar", "ideal", "backprop")


class Arm(NamedTuple):
    """One training: its rule, its learning rates, and chips that are not trained yet."""

    rule: Rule
    learning_rates: list[float]
    start: training.Progress


class TestSet(NamedTuple):
    """Corrupted words of one kind and level, drawn apart for every chip."""

    kind: str
    level: float
    x: jax.Array
    word: jax.Array
    keys: Key[jax.Array, "chips"]
    """One per chip, for the noise of the chip that is tested."""

    def best(self, task: Codebook) -> np.ndarray:
        """Accuracy of the best decoder, one per chip."""
        words = np.asarray(task.words)
        return np.array(
            [best_decoder(words, x, i) for x, i in zip(np.asarray(self.x), np.asarray(self.word), strict=True)]
        )


def chip_keys(experiment: Experiment) -> Key[jax.Array, "chips"]:
    """One key per chip, from consecutive seeds."""
    first = experiment.training.seed
    return training.keys(range(first, first + experiment.training.seeds))


def arms(experiment: Experiment, parts: Parts) -> dict[str, Arm]:
    """All arms, untrained; crossbar and ideal weights start from the same numbers."""
    keys, shapes = chip_keys(experiment), parts.rule.shapes
    gains, hardware = experiment.network.initial_gains, experiment.hardware
    chips, programming = training.crossbar_chips(
        shapes, gains, keys, parts.hardware, hardware.weight_max, hardware.adc_full_scale_amperes
    )
    ideal = training.ideal_chips(shapes, gains, keys)
    baseline = training.ideal_chips(parts.backprop.shapes, experiment.backprop.initial_gains, keys)
    rates = experiment.rule.learning_rates
    start = training.Progress.start
    return {
        "crossbar": Arm(parts.rule, rates, start(chips, programming)),
        "ideal": Arm(parts.rule, rates, start(ideal)),
        "backprop": Arm(parts.backprop, experiment.backprop.learning_rates, start(baseline)),
    }


def aged(experiment: Experiment, chips: training.Chips) -> training.Chips:
    """Chips as old as the recipe wants them tested; ideal weights do not age."""
    seconds = experiment.evaluation.age_seconds

    def one_chip(chip, key):
        keys = jax.random.split(jax.random.fold_in(key, training.AGING), len(chip))
        return tuple(synapse.aged(seconds, key) for synapse, key in zip(chip, keys, strict=True))

    if not seconds or not all(isinstance(synapse, Crossbar) for synapse in chips):
        return chips
    return jax.vmap(one_chip)(chips, chip_keys(experiment))


def test_sets(experiment: Experiment, task: Codebook) -> list[TestSet]:
    """Flipped, then unreadable dots, at every level of the recipe."""
    levels = experiment.evaluation.levels
    kinds = [("flips", level) for level in levels] + [("unreadable", level) for level in levels]
    channels = Channel(jnp.array([*levels, *(0 for _ in levels)]), jnp.array([*(0 for _ in levels), *levels]))

    def draw(key: PRNGKeyArray):
        draw_keys, noise_keys = jax.random.split(jax.random.fold_in(key, training.TESTS), (2, len(kinds)))
        copies = experiment.evaluation.copies
        x, word = jax.vmap(lambda channel, key: task.test(channel, copies, key))(channels, draw_keys)
        return x, word, noise_keys

    x, word, noise_keys = jax.jit(jax.vmap(draw, out_axes=1))(chip_keys(experiment))
    return [TestSet(kind, level, x[i], word[i], noise_keys[i]) for i, (kind, level) in enumerate(kinds)]
