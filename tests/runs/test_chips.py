"""Oracle: the bits that were saved; the numbers that the run itself wrote; a forward pass by hand."""

import json
import shutil
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

import ohmgrad as package
from ohmgrad import chips, training
from ohmgrad.chips import file as chips_file
from ohmgrad.crossbar import Hardware
from ohmgrad.devices import preset
from ohmgrad.errors import InputError
from ohmgrad.networks import FeedForward
from ohmgrad.rules import Backpropagation
from ohmgrad.synapses import Adam, Convolution, Ideal, Optimised
from ohmgrad.synapses.ideal import Digital


class Odd(Digital):
    """A synapse with leaves of every kind."""

    low: jax.Array
    flags: jax.Array
    counter: jax.Array
    key: jax.Array
    parts: dict
    rate: float = 0.5
    nothing: jax.Array | None = None
    kind: str = eqx.field(static=True, default="odd")

    def write(self, pre, post, key, rate=1.0):
        raise NotImplementedError


def odd(seed):
    rng = np.random.default_rng(seed)
    return Odd(
        jnp.asarray(rng.normal(size=(2, 3, 4)), jnp.float32),
        jnp.asarray(rng.normal(size=(2, 5)), jnp.bfloat16),
        jnp.asarray(rng.random((2, 7)) < 0.5),
        jnp.asarray(rng.integers(-(2**31), 2**31, size=2), jnp.int32),
        jax.random.split(jax.random.key(seed), 2),
        {"b": [jnp.asarray([jnp.nan, -0.0, jnp.inf])], "a": jnp.asarray(rng.integers(0, 255, 3), jnp.uint8)},
        rate=float(rng.normal()),
    )


def bits(leaf):
    if isinstance(leaf, float):
        return leaf
    return np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf).tobytes()


def _shape(leaf):
    return leaf if isinstance(leaf, float) else jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)


@pytest.mark.parametrize("shaped", [False, True], ids=["like arrays", "like shapes"])
def test_every_kind_of_leaf_comes_back_bit_for_bit(shaped, tmp_path):
    kept, other = odd(1), odd(2)
    chips.save(tmp_path / "chips.safetensors", {"mine": [kept]})
    like = jax.tree.map(_shape, other) if shaped else other
    (back,) = chips.load(tmp_path / "chips.safetensors", {"mine": [like]})["mine"]
    assert jax.tree.structure(back) == jax.tree.structure(kept)
    for mine, yours, wrong in zip(*map(jax.tree.leaves, (kept, back, other)), strict=True):
        assert type(mine) is type(yours) and bits(mine) == bits(yours)
        if not isinstance(mine, float):
            assert mine.dtype == yours.dtype and mine.shape == yours.shape
            assert bits(mine) != bits(wrong) or mine.shape == (3,)  # the same odd numbers in both


def small():
    """Two chips of two crossbars, by the program's own way of making them."""
    hardware = Hardware(preset("taox-1t1r"), 8, 8)
    rule, keys = Backpropagation(FeedForward(6, (5,), 4)), training.keys([0, 1])
    return training.crossbar_chips(rule, [1.0, 1.0], keys, hardware, [1.0, 1.0], [1e-4, 1e-4])[0]


def test_names_say_where_an_array_lies():
    names = chips.named(small())
    for each in ("arrays/g", "adc_full_scale_amperes", "place"):
        assert {f"layer1/{each}", f"layer2/{each}"} <= set(names)
    assert names["layer2/arrays/g"].shape == (2, 1, 1, 2, 8, 8)
    momentum = Optimised.begin(jnp.ones((3, 2)), Adam())
    assert {"layer1/matrix", "layer1/state/0/mu", "layer1/state/0/count"} <= set(chips.named([momentum]))
    assert set(chips.named([Convolution(Ideal(jnp.ones((10, 2))), (5, 5, 1), 3)])) == {"layer1/synapse/matrix"}


G = "mine/layer1/arrays/g"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t | {G: t[G][..., :2]}, "layer1/arrays/g has shape (2, 1, 1, 2, 8, 2) of float32, the recipe makes"),
        (lambda t: t | {G: t[G].astype(np.float16)}, "of float16, the recipe makes shape (2, 1, 1, 2, 8, 8)"),
        (lambda t: {n: a for n, a in t.items() if n != "mine/layer2/place"}, "layer2/place is missing"),
        (lambda t: t | {"mine/layer2/arrays/noisy_g": np.zeros(3)}, "the recipe makes no layer2/arrays/noisy_g"),
        (lambda t: {n.replace("layer2", "layer3"): a for n, a in t.items()}, "layer2/arrays/g is missing"),
    ],
    ids=["shape", "type", "missing", "more", "renamed"],
)  # fmt: skip
def test_other_chips_are_refused_by_the_name_of_what_differs(change, says, tmp_path):
    made, path = small(), tmp_path / "chips.safetensors"
    chips.save(path, {"mine": made})
    tensors, about = chips.read(path, "chips")
    chips.write(path, change(tensors), about)
    with pytest.raises(InputError) as error:
        chips.load(path, {"mine": made})
    assert says in str(error.value)


def test_a_file_of_another_version_names_both(tmp_path, monkeypatch):
    path = tmp_path / "chips.safetensors"
    monkeypatch.setattr(chips_file, "VERSION", 7)
    chips.save(path, {"mine": small()})
    monkeypatch.undo()
    with pytest.raises(InputError, match=f"is of version 7.*this one reads version {chips.VERSION}.*anew"):
        chips.read(path, "chips")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.999])
def test_a_flipped_bit_is_found(place, tmp_path):
    path = tmp_path / "chips.safetensors"
    chips.save(path, {"mine": small()})
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        chips.read(path, "chips")


def test_importing_the_package_imports_no_jax():
    code = "import ohmgrad, sys; assert 'load' in dir(ohmgrad) and not {'jax', 'numpy'} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture(scope="module")
def opened(small_run):
    folder, summary = small_run("braille")
    return package.load(folder), folder, summary


def test_a_loaded_run_holds_what_the_run_wrote(opened):
    run, folder, _ = opened
    told = load_file(folder / "weights.safetensors")
    found = {f"{arm}/layer{n}/weights": each for arm, some in run.weights.items() for n, each in enumerate(some, 1)}
    found |= {f"crossbar/layer{n}/conductances": each for n, each in enumerate(run.conductances, 1)}
    assert found.keys() == told.keys()
    for name, array in told.items():
        assert array.tobytes() == found[name].tobytes(), name


def test_a_loaded_run_is_as_good_as_it_was(opened):
    run, _, summary = opened
    assert {arm: each._asdict() for arm, each in run.test().items()} == summary["test_accuracy"]


def test_a_prediction_is_the_forward_pass(opened):
    """Of backpropagation's arm, whose neurons are hard tanh, by numpy."""
    run, _, _ = opened
    x = np.sign(np.random.default_rng(0).normal(size=(7, 60))).astype(np.float32)
    first, second = run.weights["backprop"]

    def layer(values, weights):
        with_bias = np.concatenate([values, np.ones((*values.shape[:-1], 1))], -1)
        return np.clip(with_bias @ weights, -1, 1)

    expected = layer(layer(np.broadcast_to(x, (2, 7, 60)), first), second)
    np.testing.assert_allclose(run.predict(x, "backprop"), expected, atol=1e-5)
    assert run.predict(x).shape == (2, 7, 64)
    assert (run.predict(x) == run.predict(x)).all()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda run: run.predict(np.zeros((3, 59))), r"x has shape \(3, 59\); allowed: \(samples, 60\)"),
        (lambda run: run.predict(np.zeros((0, 60))), "allowed"),
        (lambda run: run.predict(np.zeros((1, 60)), "analog"), "no arm 'analog'; allowed: crossbar, ideal, backprop"),
        (lambda run: run.aged(-1.0), "allowed: 0 or more"),
        (lambda run: run.aged(float("nan")), "allowed: 0 or more"),
    ],
)
def test_what_cannot_be_asked(ask, says, opened):
    with pytest.raises(InputError, match=says):
        ask(opened[0])


def test_a_description_counts_as_the_run_did(opened):
    run, folder, summary = opened
    said = json.loads(json.dumps(run.describe()))
    assert said["title"] == summary["title"] and said["chips"] == 2 and said["chips_from"] is None
    crossbar = said["arms"]["crossbar"]
    for name, count in summary["ledger"]["counts"]["crossbar"].items():
        assert crossbar["counts"][name] == count, name
    assert [layer["shape"] for layer in crossbar["layers"]] == [[61, 63], [64, 64]]
    assert [layer["tiles"] for layer in crossbar["layers"]] == summary["arrays"]["tiles_per_layer"]
    assert crossbar["layers"][0]["seconds_since_write"] is None  # tantalum oxide has no figure for ageing
    assert crossbar["epochs"] == 2 and crossbar["earlier_epochs"] == 0 and crossbar["seconds"] == 0
    assert "crossbar: 2 chip(s) of 61 x 63, 64 x 64; 2 epochs" in repr(run) and str(folder) in repr(run)


def test_ageing_a_loaded_run_leaves_it_as_it_was(opened):
    run, _, _ = opened
    old = run.aged(100.0).aged(50.0)
    assert old.progress["crossbar"].seconds == 150.0 and run.progress["crossbar"].seconds == 0
    for arm in run.chips:  # devices without a law of ageing, and numbers
        before, after = (chips.named(each.chips[arm]) for each in (run, old))
        assert all((before[name] == after[name]).all() for name in before)


def test_a_run_that_kept_no_chips_is_refused_and_still_reported(ohmgrad_here, small_run, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(small_run("braille")[0], folder)
    (folder / "chips.safetensors").unlink()
    with pytest.raises(InputError, match=r"load: .* did not keep chips .*recipe.yaml anew"):
        package.load(folder)
    for command in (["report", folder], ["ledger", folder], ["train", "--resume", folder]):
        assert ohmgrad_here(*command).returncode == 0, command
    done = ohmgrad_here("train", "--from", folder, "--out", tmp_path / "next")
    assert done.returncode == 2 and "did not keep chips" in done.stderr
    assert not (tmp_path / "next").exists()


def test_a_run_begun_before_chips_had_names_is_refused(ohmgrad_here, small_run, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(small_run("braille")[0], folder)
    (folder / "summary.json").unlink()
    (folder / "chips.safetensors").rename(folder / "checkpoint.safetensors")
    done = ohmgrad_here("train", "--resume", folder)
    assert done.returncode == 2 and "train its recipe.yaml anew" in done.stderr


def test_no_run_at_all(tmp_path):
    with pytest.raises(InputError, match="holds no finished run"):
        package.load(tmp_path)


def test_a_run_without_its_data_is_loaded_and_asked(ohmgrad_here, tmp_path, enlarged_digits):
    """Its images are needed to test it, not to ask it."""
    images = tmp_path / "images"
    shutil.copytree(enlarged_digits, images)
    settings = ("training.epochs=1", "training.seeds=1", "network.hidden=[12]", "network.initial_gains=[1,1]")
    rates = ("rule.learning_rates=[0.1,0.1]", "backprop=null")
    changes = [word for setting in (*settings, *rates) for word in ("--set", setting)]
    done = ohmgrad_here("train", "mnist-dfa", "--data-dir", images, *changes, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(images)
    run = package.load(tmp_path / "run")
    assert run.predict(np.zeros((2, 784))).shape == (1, 2, 10)
    with pytest.raises(InputError, match="data"):
        run.test()
