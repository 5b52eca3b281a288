"""Ranges follow the device. Oracles: the numbers a recipe states; Ohm's law, by which currents scale with conductances
and volts; a quantile by counting; a circuit settled anew."""

import csv
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file
from small import SMALL

from ohmgrad import recipes, training
from ohmgrad.crossbar import Pair
from ohmgrad.errors import InputError
from ohmgrad.networks import Free
from ohmgrad.recipes.build import build, hardware, resolve
from ohmgrad.runs import calibration
from ohmgrad.synapses import Ideal

OTHER = "hardware.device.preset=neurosim-epiram"
TAOX = {
    "hardware.mapping.offset_siemens": 40e-6,
    "hardware.weight_max": [0.2, 0.06],
    "hardware.adc_full_scale_amperes": [3e-4, 6e-4],
}


def changed(*settings, recipe="braille"):
    """Ranges that are no longer those of the recipe."""
    found = recipes.ranges(recipes.load(recipe, settings))
    return {field.rpartition(".")[2]: value for field, value in found.items() if value != TAOX[field]}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((), {}),
        (("hardware.device.read_noise_siemens=0",), {}),  # no range rests on it
        (("hardware.device.preset=taox-1t1r",), {}),
        ((OTHER,), {"offset_siemens": "auto", "weight_max": "auto", "adc_full_scale_amperes": "auto"}),
        ((OTHER, "hardware.weight_max=[0.2,0.06]"), {"offset_siemens": "auto", "adc_full_scale_amperes": "auto"}),
        (
            (OTHER, "hardware.mapping={kind: pair, offset_siemens: 1e-6}"),
            {"offset_siemens": 1e-6, "weight_max": "auto", "adc_full_scale_amperes": "auto"},
        ),
        (
            ("hardware.device.read_volts=0.1",),
            {"offset_siemens": "auto", "weight_max": "auto", "adc_full_scale_amperes": "auto"},
        ),
        (("hardware.weight_max=auto",), {"weight_max": "auto"}),
    ],
)
def test_ranges_are_auto_where_the_device_is_another_and_nobody_gave_them(settings, expected):
    assert changed(*settings) == expected


def test_a_copied_recipe_with_another_device_is_no_exception_but_one_with_ranges_of_its_own_is(tmp_path):
    copy, own = tmp_path / "copy.yaml", tmp_path / "own.yaml"
    text = recipes.text("braille").replace("taox-1t1r", "neurosim-epiram")
    copy.write_text(text)
    own.write_text(text.replace("3.0e-4", "1.0e-5").replace("40.0e-6", "4.0e-6"))
    assert set(changed(recipe=str(copy)).values()) == {"auto"}
    assert changed(recipe=str(own)) == {"offset_siemens": 4e-6, "adc_full_scale_amperes": [1e-5, 6e-4]}
    assert "auto" in changed("hardware.device.preset=aihwkit-pcm", recipe=str(own)).values()


def test_an_offset_that_is_auto_is_half_of_the_range_and_none_where_devices_only_rise():
    for preset, share in (("neurosim-epiram", 0.5), ("aihwkit-pcm", 0.0)):
        settings = hardware_of(f"hardware.device.preset={preset}")
        low, high = settings.device.g_min_siemens.nominal, settings.device.g_max_siemens.nominal
        arrays = hardware(settings)
        assert isinstance(arrays.mapping, Pair)
        assert arrays.mapping.offset(arrays.device) == pytest.approx(share * (high - low), rel=1e-12)


def test_another_kind_drops_what_only_the_one_before_had():
    assert hardware_of("hardware.mapping.kind=single").mapping.on_wire
    with pytest.raises(InputError, match="offset_siemens"):
        recipes.load("braille", ["hardware.mapping.offset_siemens=1e-6", "hardware.mapping.kind=single"])


def hardware_of(*settings) -> Any:
    return recipes.load("braille", settings).hardware


def found(*settings) -> tuple[Any, Any]:
    """A small experiment with its ranges found, and its parts."""
    small = [
        "training.epochs=2",
        "training.batch=32",
        "data.copies=8",
        "data.words=[red,green,blue,cyan]",
        "backprop=null",
    ]
    experiment = resolve(recipes.load("braille", [*small, *settings]))
    return calibration.calibrated(experiment, build(experiment), lambda *_: None)


def test_converters_scale_with_conductances_and_volts_and_weights_do_not():
    """Ohm's law: a tenth of the conductances at twice the volts are a fifth of the currents, for the same weights."""
    quiet = ["hardware.only=[adc,dac]", "hardware.weight_max=auto", "hardware.adc_full_scale_amperes=auto"]
    one, _ = found(*quiet, "hardware.mapping.offset_siemens=auto")
    tenth = ["g_min_siemens=0", "g_max_siemens=15e-6", "read_volts=0.4"]
    other, _ = found(*quiet, *(f"hardware.device.{figure}" for figure in tenth))
    assert one.hardware.weight_max == other.hardware.weight_max
    ratio = np.divide(other.hardware.adc_full_scale_amperes, one.hardware.adc_full_scale_amperes)
    np.testing.assert_allclose(ratio, 0.2, rtol=0.02)  # three digits each
    assert other.hardware.mapping.offset_siemens == pytest.approx(one.hardware.mapping.offset_siemens / 10)


def test_weight_max_is_what_one_learned_weight_in_a_thousand_exceeds():
    experiment, parts = found("hardware.weight_max=auto")
    key = jax.random.fold_in(jax.random.key(0), training.CALIBRATION)
    chips = training.ideal_chips(parts.rule, experiment.network.initial_gains, key[None])
    trained = training.train(
        parts.rule, parts.task, training.Progress.start(chips), key[None], learning_rates=[0.2, 0.1], epochs=2, batch=32
    )
    for synapse, largest in zip(
        jax.tree.map(lambda leaf: leaf[0], trained.chips), experiment.hardware.weight_max, strict=True
    ):
        beyond = (np.abs(synapse.weights) > largest).mean()
        assert beyond == pytest.approx(1e-3, abs=1.01 / np.size(synapse.weights))


def test_a_circuits_gain_makes_the_outputs_of_untrained_devices_a_tenth():
    recipe = {
        "network": {
            "kind": "resistive",
            "hidden": [8],
            "input_gain": "auto",
            "initial_gains": [1, 1],
            "node_ranges": "auto",
        },
        "hardware": {"device": {"preset": "neurosim-epiram"}, "mapping": {"kind": "direct"}, "array_pairs": 4},
    }
    settings = [f"{name}={json.dumps(value)}" for name, value in recipe.items()]
    settled = ["rule.free={sweeps: 60, order: odd-even}", "rule.pushed={sweeps: 60, order: odd-even}"]
    experiment, parts = found(*settings, *settled, "rule.side=positive", "rule.learning_rates=[0.006,0.006]")
    assert not recipes.automatic(experiment)
    assert len(set(experiment.hardware.weight_max)) == 1
    # The same circuit, settled here: devices hold no less than G_min / G_max of the largest weight.
    key = jax.random.fold_in(jax.random.key(0), training.CALIBRATION)
    device, largest = parts.hardware.device, experiment.hardware.weight_max[0]
    least = largest * device.g_min_siemens / device.g_max_siemens
    weights = [jnp.clip(w, least, largest) for w in parts.rule.initial([1.0, 1.0], key)]
    x, _ = parts.task.batch(jax.tree.map(lambda leaf: leaf[0], parts.task.epoch(key, 32)))
    network, synapses = parts.rule.network, [Ideal(w) for w in weights]
    assert network.input_gain == experiment.network.input_gain
    feed, _ = network.feed(synapses, x, key)
    output = network.settle(synapses, feed, Free(), network.start(x), parts.rule.free, key).state[-1]
    assert float(jnp.sqrt(jnp.square(output).mean())) == pytest.approx(0.1, rel=0.03)


def test_a_training_that_diverges_gives_no_ranges():
    with pytest.raises(InputError, match=r"grow without bound; lower rule\.learning_rates"):
        linear = ["network.output_neuron=linear", "network.hidden_neuron=linear"]
        found("hardware.weight_max=auto", "rule.learning_rates=[100,100]", "network.initial_gains=[100,100]", *linear)


def test_too_few_tiles_are_told_with_the_number_that_is_enough():
    experiment = recipes.load("braille", ["network.hidden=[200]"])
    # 61 x 200 and 201 x 64 on 64 x 64: four tiles side by side, then four above one another.
    with pytest.raises(InputError, match=r"all layers need 8; allowed: array_pairs from 8"):
        build(experiment)


def test_a_fitted_device_trains_as_the_help_of_fit_says_and_its_ranges_stay(ohmgrad_here, tmp_path):
    g, rows = 2.0, []
    for pulse in range(81):
        g += 0.0 if not pulse else 0.08 * (12 - g) if pulse <= 40 else -0.06 * (g - 2)
        rows.append([pulse, "up" if pulse <= 40 else "down", f"{g + 0.03 * (-1) ** (pulse // 2):.4f}"])
    with (tmp_path / "measured.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["pulse", "polarity", "conductance"], *rows])
    fitted = ohmgrad_here("devices", "fit", "measured.csv", "--unit", "uS", "--out", "my-device.yaml", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    device = ["--set", "hardware.device.preset=my-device.yaml"]
    small = [*SMALL, "--set", "backprop=null", "--set", "evaluation.levels=[0.1]"]
    done = ohmgrad_here("train", "braille", *device, *small, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    resolved = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())["hardware"]
    kept = [resolved["mapping"]["offset_siemens"], *resolved["weight_max"], *resolved["adc_full_scale_amperes"]]
    assert all(isinstance(number, float) for number in kept)
    assert resolved["mapping"]["offset_siemens"] == pytest.approx(5e-6, rel=0.2)
    line = next(line for line in done.stdout.splitlines() if line.startswith("auto: "))
    assert all(f"{number:.3g}" in line for number in kept)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["ranges"]["hardware.weight_max"] == resolved["weight_max"]
    assert 0 <= summary["clipped_conversions"]["all"] < 0.02
    assert len(summary["clipped_conversions"]["by_layer"]) == 2
    assert "of conversions clipped" in done.stdout
    assert "of conversions clipped" in (tmp_path / "run" / "report.html").read_text()
    # What was found is a recipe like any other: it trains to the same bits.
    again = ohmgrad_here("train", "run/recipe.yaml", "--out", "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    first, second = (load_file(tmp_path / each / "weights.safetensors") for each in ("run", "again"))
    for name, tensor in first.items():
        np.testing.assert_array_equal(tensor, second[name])
