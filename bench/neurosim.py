"""NeuroSim's benchmark of devices on MNIST: our accuracies beside the published ones, and how well the orders agree.

python bench/neurosim.py --data mnist.npz|digits [--epochs 4] [--seeds 2] [NAME ...]

The set-up is MLP+NeuroSim V3.0's at the date of its manual (February 2019): MNIST cropped to 20 x 20 in black and
white, 400-100-10 sigmoid neurons without bias, the forward signal of hidden neurons binary, one device per weight
behind an access transistor, forward sums of 255 digital steps from which those of a reference at the middle of the
range are subtracted, backward sums exact, one image per write, learning rates 0.4 and 0.2 for every device, 125 epochs
of 8,000 images. Two things in its code that no text of it tells decide the order as well, and are done here: the
first programming forgets the lowest conductance, and the reference of every device has the transistor in series.
bench/RESULTS.md keeps what it printed. With `--data digits` scikit-learn's digits, enlarged, stand in for MNIST.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata

from ohmgrad import data, devices
from ohmgrad.crossbar import Adc, Dac, Hardware, Single
from ohmgrad.crossbar.schemes import Scheme
from ohmgrad.crossbar.schemes.scheme import fire
from ohmgrad.devices.response_models import Neurosim
from ohmgrad.quantity import Range
from ohmgrad.synapses import Crossbar, Ideal

SHAPES = ((400, 100), (100, 10))
RATES = (0.4, 0.2)
STEPS = 255
"""Of a converter over the range of all rows together."""
IMAGES = 8000
"""Drawn at random for an epoch."""


class Case(NamedTuple):
    """A row of the table: a preset, and the percent of right answers that versions 3.0 and 2.0 of the manual print.

    `access_ohms`: of the transistor in series with the reference, NeuroSim's if not said otherwise; `transistor`: the
    device is one itself and has none in series. `flipped`: its depressing label with the other sign. `full_start`:
    first weights are programmed with the lowest conductance.
    """

    preset: str | None
    v3: float | None = None
    v2: float | None = None
    access_ohms: float = 15e3
    transistor: bool = False
    flipped: bool = False
    full_start: bool = False


CASES = {
    "ideal": Case(None),
    "epiram": Case("neurosim-epiram", 92, 91.5),
    # A transistor of 15 kiloohms would hide a device of 4.7: NeuroSim's own code stays at chance with it.
    "gst-pcm": Case("neurosim-gst-pcm", 89, 87, access_ohms=1e3),
    "hzo-fefet": Case("neurosim-hzo-fefet", 88, 90, transistor=True),
    "taox-hfox": Case("neurosim-taox-hfox", 80),
    "ag-asi": Case("neurosim-ag-asi", 72, 73),
    "pcmo": Case("neurosim-pcmo", 33, 10),
    "alox-hfo2": Case("neurosim-alox-hfo2", 20, 41),
    "taox-tio2": Case("neurosim-taox-tio2", None, 10),
    "gst-pcm-15k": Case("neurosim-gst-pcm"),
    "alox-hfo2-bare": Case("neurosim-alox-hfo2", access_ohms=0, full_start=True),
    "gst-pcm-flipped": Case("neurosim-gst-pcm", access_ohms=1e3, flipped=True),
    "hzo-fefet-flipped": Case("neurosim-hzo-fefet", transistor=True, flipped=True),
    "hzo-fefet-bare": Case("neurosim-hzo-fefet", access_ohms=0),
    "hzo-fefet-full": Case("neurosim-hzo-fefet", transistor=True, full_start=True),
    "taox-tio2-full": Case("neurosim-taox-tio2", full_start=True),
}


class LevelPulses(Scheme):
    """NeuroSim's rule: a change of the whole range of weights is as many pulses as the polarity has levels."""

    up_levels: float = eqx.field(static=True)
    down_levels: float = eqx.field(static=True)

    def write(self, layout, arrays, change, key):
        shares = change.sum()[:, :, None] / (2 * layout.weight_max)
        pulses = jnp.where(shares > 0, self.up_levels, self.down_levels) * shares
        arrays, counts = fire(layout, arrays, jnp.round(pulses), key)
        return arrays, self, counts

    def expected(self, region, verb):
        return region.pulsed(verb, Range(0.0, 0.02, max(self.up_levels, self.down_levels)))


class Images(NamedTuple):
    """Rows of zeros and ones, and their digits."""

    x: jax.Array
    digit: jax.Array

    @staticmethod
    def load(path: Path) -> tuple["Images", "Images"]:
        """Training and test images, their middle 20 x 20 in black and white."""
        with np.load(path) as held:
            return tuple(  # pyright: ignore[reportReturnType]
                Images(
                    jnp.asarray(held[f"x_{part}"][:, 4:24, 4:24].reshape(-1, 400) >= 127.5, jnp.float32),
                    jnp.asarray(held[f"y_{part}"], jnp.int32),
                )
                for part in ("train", "test")
            )

    @staticmethod
    def digits() -> tuple["Images", "Images"]:
        """The same of scikit-learn's digits of 8 x 8 pixels, each pixel enlarged to 2 x 2 with a margin of 2."""
        found = data.images("digits")

        def large(images):
            pixels = np.pad(np.kron(images[..., 0], np.ones((1, 2, 2))), ((0, 0), (2, 2), (2, 2)))
            return jnp.asarray(pixels.reshape(-1, 400) >= 127.5, jnp.float32)

        parts = (found.x_train, found.y_train), (found.x_test, found.y_test)
        train, test = (Images(large(x), jnp.asarray(y, jnp.int32)) for x, y in parts)
        return train, test


class Layer(eqx.Module):
    """Weights, and the bounds that the reference and the converters of their arrays are made for, in siemens."""

    weights: Crossbar | Ideal
    low: float = eqx.field(static=True, default=0.0)
    high: float = eqx.field(static=True, default=0.0)

    def forward(self, x, key):
        """Sums of weights; on devices twice the whole steps of the converter less the whole steps of the reference."""
        sums, _ = self.weights.read(x, key)
        if not isinstance(self.weights, Crossbar):
            return sums
        steps = STEPS / x.shape[-1]
        share, reference = self._seen(self.weights.hardware.device, sums, x.sum(-1, keepdims=True))
        return 2 / steps * (jnp.round(steps * share) - jnp.round(steps * reference))

    def backward(self, y, key):
        """Sums of weights, exact."""
        if not isinstance(self.weights, Crossbar):
            return self.weights.read_transposed(y, key)[0]
        exact = replace(self.weights, hardware=self.weights.hardware.without("adc"))
        sums = exact.read_transposed(y, key)[0]
        share, reference = self._seen(exact.hardware.device, sums, y.sum(-1, keepdims=True))
        return 2 * (share - reference)

    def write(self, pre, post, key):
        return replace(self, weights=self.weights.write(pre, post, key)[0])

    def _seen(self, device, sums, driven):
        """What sums of nominal weights are as sums of siemens, in units of the range between the bounds.

        And the same of a reference that holds the middle of that range on every line; `driven` is the sum of signals.
        """
        span = self.high - self.low
        middle = (device.g_min_siemens + device.g_max_siemens) / 2
        siemens = device.range_siemens / 2 * sums + middle * driven
        return siemens / span, (self.low + self.high) / 2 / span * driven


def chips(case: Case, keys: jax.Array) -> tuple[Layer, Layer]:
    """One pair of layers per key, weights drawn from -1, -2/3, ... 1 as in NeuroSim."""

    def one(key):
        return tuple(
            _layer(case, shape, layer_key) for shape, layer_key in zip(SHAPES, jax.random.split(key), strict=True)
        )

    return jax.jit(jax.vmap(one))(keys)


def _layer(case: Case, shape: tuple[int, int], key: jax.Array) -> Layer:
    weight_key, program_key = jax.random.split(key)
    weights = jax.random.randint(weight_key, shape, -3, 4) / 3
    if case.preset is None:
        return Layer(Ideal(weights))
    device, record = devices.preset(case.preset), devices.load(case.preset).response
    assert record.kind == "neurosim"
    levels = record.up_pulses.nominal, record.down_pulses.nominal
    if case.flipped:
        labels = record.up_label.nominal, -record.down_label.nominal
        device = replace(device, response=Neurosim(*levels, *labels).response())
    low, high = (float(g / (1 + g * case.access_ohms)) for g in (device.g_min_siemens, device.g_max_siemens))
    # What lies below the range adds to the current, so that there are more steps than the 255 of the range itself.
    current_max = 1023 / STEPS * shape[0] * (high - low) * float(device.read_volts)
    in_series = 0.0 if case.transistor else case.access_ohms
    hardware = Hardware(
        device, *shape, Single(on_wire=False), Dac(None), Adc(11), write=LevelPulses(*levels), access_ohms=in_series
    )
    if not case.full_start:
        weights = jnp.maximum(weights - 2 * device.g_min_siemens / device.range_siemens, -1)
    return Layer(Crossbar.program(weights, hardware, 1.0, current_max, program_key)[0], low, high)


def forward(layers: tuple[Layer, Layer], x, key):
    """Hidden activities, which go on as zeros and ones, and the sums of the outputs."""
    hidden_key, output_key = jax.random.split(key)
    hidden = jax.nn.sigmoid(layers[0].forward(x, hidden_key))
    fired = (hidden >= 0.5).astype(jnp.float32)
    return hidden, layers[1].forward(fired, output_key)


@eqx.filter_jit
def train_epoch(layers, train: Images, keys):
    """8,000 random images one by one, all chips side by side."""

    def step(layers, inputs):
        index, key = inputs
        forward_key, back_key, *write_keys = jax.random.split(key, 4)
        x, target = train.x[index][None], jax.nn.one_hot(train.digit[index], 10)[None]
        hidden, sums = forward(layers, x, forward_key)
        output = jax.nn.sigmoid(sums)
        error = 2 * (target - output) * output * (1 - output)
        back = layers[1].backward(error, back_key)
        writes = (x, back * hidden * (1 - hidden)), (hidden, error)
        written = tuple(
            layer.write(pre, rate * post, write_key)
            for layer, (pre, post), rate, write_key in zip(layers, writes, RATES, write_keys, strict=True)
        )
        return written, None

    def one(layers, key):
        draw_key, step_key = jax.random.split(key)
        index = jax.random.randint(draw_key, (IMAGES,), 0, len(train.x))
        return jax.lax.scan(step, layers, (index, jax.random.split(step_key, IMAGES)))[0]

    return jax.vmap(one)(layers, keys)


@eqx.filter_jit
def percent_right(layers, test: Images, keys):
    """Of every chip."""
    return jax.vmap(lambda layers, key: 100 * (forward(layers, test.x, key)[1].argmax(1) == test.digit).mean())(
        layers, keys
    )


def accuracies(case: Case, images: tuple[Images, Images], epochs: int, seeds: int) -> np.ndarray:
    """Percent of right test answers, one row per epoch and one column per chip."""
    train, test = images
    keys = jax.vmap(jax.random.key)(jnp.arange(seeds))
    layers, history = chips(case, keys), []
    for epoch in range(epochs):
        epoch_keys = jax.vmap(lambda key, epoch=epoch: jax.random.fold_in(key, epoch))(keys)
        layers = train_epoch(layers, train, epoch_keys)
        history.append(np.asarray(percent_right(layers, test, epoch_keys)))
        print(f"{case.preset}, epoch {epoch + 1}: {history[-1].round(1)} %", file=sys.stderr, flush=True)
    return np.array(history)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CASES)}; all without any")
    parser.add_argument("--data", required=True, help="mnist.npz (x_train, y_train, x_test, y_test), or digits")
    parser.add_argument("--epochs", type=int, default=4, help="of 8,000 images each")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    images, ours = Images.digits() if options.data == "digits" else Images.load(Path(options.data)), {}
    print("| device | right answers, % | best epoch | published 3.0 | published 2.0 | seconds |\n" + 6 * "|---" + "|")
    for name in options.names or CASES:
        case, began = CASES[name], time.perf_counter()
        history = accuracies(case, images, options.epochs, options.seeds)
        last = history[-min(3, options.epochs) :].mean(0)
        ours[name] = last.mean()
        published = " | ".join("" if value is None else f"{value:g}" for value in (case.v3, case.v2))
        row = f"{last.mean():.1f} ± {last.std():.1f} | {history.max(0).mean():.1f} | {published}"
        print(f"| {name} | {row} | {time.perf_counter() - began:.0f} |", flush=True)
    for version in ("v3", "v2"):
        both = [name for name in ours if getattr(CASES[name], version) is not None]
        if len(both) > 2:
            ranks = rankdata([[ours[name], getattr(CASES[name], version)] for name in both], axis=0)
            rho = np.corrcoef(ranks.T)[0, 1]
            print(f"\nSpearman's rank correlation with {version}, {len(both)} devices: {rho:.2f}")


if __name__ == "__main__":
    main()
