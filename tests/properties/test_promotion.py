"""Nothing is widened in silence: no type and no rank, in any network, rule, device or way of writing.

JAX itself is the oracle, told to promote nothing. Everything is traced and nothing computed, so all kinds have room.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from ohmgrad import records, training
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs import arms
from ohmgrad.variants import numbers
from small_recipes import (
    CONVOLUTIONAL,
    DIGITS,
    FREE,
    HOPFIELD,
    RECIPES,
    RESISTIVE,
    difference,
    hardware,
    recipe,
)

WIRES = {"row_ohms": 1.0, "column_ohms": 2.0}
ON_CHIPS = {
    **{
        kind: {"write": {"kind": kind}}
        for kind in (
            *("single-pulse", "write-verify", "pulse-trains", "pulse-count"),
            *("manhattan", "error-aware", "mixed-precision", "tiki-taka"),
        )
    },
    "pulse by pulse": {"write": {"kind": "write-verify", "pulse_budget": 5}},
    "single": {"mapping": {"kind": "single"}},
    "slices": {"mapping": {"kind": "slices"}, "write": {"kind": "write-verify"}},
    "wires": {"wires": WIRES},
    "wires fed from both ends": {"wires": WIRES | {"row_ends": "both"}},
    "long wires": {"wires": WIRES, "rows": 64, "columns": 64},
    "passive": {"passive": True},
    "ranges of vectors": {"adc": {"range": "vector"}, "dac": {"range": "vector"}},
    "calibrated ranges": {"adc": {"range": "calibrated"}},
    **{
        preset: {"device": {"preset": preset}, "mapping": {"kind": "pair", "offset_siemens": 2e-6}}
        for preset in ("aihwkit-pcm", "neurosim-epiram", "reram-wan", "aihwkit-ecram", "aihwkit-reram-es", "eapu")
    },
}
CASES = {
    **RECIPES,
    **{
        f"on chips, {name}": recipe(HOPFIELD, difference(), hardware=hardware(3, **settings))
        for name, settings in ON_CHIPS.items()
    },
    "convolutional on chips": recipe(
        CONVOLUTIONAL,
        difference(),
        data=DIGITS | {"pad": 4, "crop": 1, "flip": True, "normalise": True},
        hardware=hardware(3),
    ),
    "resistive on chips": recipe(RESISTIVE, difference(strength=1.0), hardware=hardware(3, mapping={"kind": "direct"})),
    "real diodes": recipe(
        RESISTIVE | {"diodes": {"kind": "exponential", "saturation": 1e-3, "volts": 0.1}}, difference(strength=1.0)
    ),
    **{
        optimiser["kind"]: recipe(
            HOPFIELD, difference(), training={"epochs": 1, "batch": 3, "seeds": 1, "optimiser": optimiser}
        )
        for optimiser in ({"kind": "adam"}, {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.1})
    },
    "tolerance": recipe(HOPFIELD, difference(free=FREE | {"tolerance": 1e-3})),
    "bfloat16": recipe(HOPFIELD, difference(free=FREE | {"precision": "bfloat16"})),
    "drive noise": recipe(HOPFIELD | {"drive_noise": 0.1}, difference()),
    **{
        f"{kind} pooling": recipe(CONVOLUTIONAL | {"pooling": {"kind": kind}}, difference(), data=DIGITS)
        for kind in ("average", "soft")
    },
}


@pytest.fixture(autouse=True)
def nothing_is_promoted():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


@pytest.mark.parametrize("name", CASES)
def test_a_batch_is_learned_written_aged_and_answered_without_any_promotion(name):
    experiment = resolve(records.check(Experiment, CASES[name], name))
    parts, keys = build(experiment), arms.chip_keys(experiment.training)
    gains, settings = experiment.network.initial_gains, experiment.hardware

    def batch(keys):
        if parts.hardware is None or settings is None:
            chips = training.ideal_chips(parts.rule, gains, keys, parts.optimiser)
        else:
            ranges: tuple = settings.weight_max, settings.adc_full_scale_amperes  # plain numbers in these recipes
            chips, _ = training.crossbar_chips(parts.rule, gains, keys, parts.hardware, *ranges)

        def one(chip, key):
            rule, own = numbers(parts.rule).on_chip(key), jax.random.split(key, 4)
            order, batch_keys = parts.task.epoch(own[0], experiment.training.batch)
            x, target = parts.task.batch((order[0], batch_keys[0]))
            writes, *_ = rule.learn(chip, x, target, own[1])
            rate = jnp.float32(0.1)
            chip = [synapse.write(*write, own[2], rate)[0] for synapse, write in zip(chip, writes, strict=True)]
            chip = [synapse.aged(10.0) for synapse in chip]
            return rule.infer(chip, x, own[3]).output, [synapse.weights for synapse in chip]

        return jax.vmap(one)(chips, keys)

    output, weights = eqx.filter_eval_shape(batch, keys)
    assert output.shape[-1] == parts.task.outputs
    assert {matrix.dtype for matrix in weights} == {jnp.dtype(jnp.float32)}
