"""Pictures of a run as SVG text, drawn from the files of its folder."""

import base64
import io
from collections.abc import Iterator

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.image import imsave

from ohmgrad.report.style import COLOURS, DARK, banded, styled, subplots, svg
from ohmgrad.report.words import ARMS, BILLS

MOST_TILES = 8
"""Largest number of tiles in the conductance maps; the first ones are shown."""
_CURVE_ROWS = 21
"""Rows of pixels of a signal's picture."""


@styled()
def accuracy_by_corruption(summary: dict) -> str:
    """Accuracy over the share of flipped, and of unreadable, dots, with 95 % intervals.

    Args:
        summary: Summary of the run.
    """
    figure, (axes,) = subplots(1, 2, (10, 3.8), sharey=True)
    for axis, (kind, curves) in zip(axes, summary["accuracy_by_corruption"].items(), strict=True):
        levels = 100 * np.array(curves["levels"])
        for arm, name in ((arm, name) for arm, name in ARMS.items() if arm in curves):
            dashes = "--" if arm == "best_decoder" else "-"
            mean, low, high = (curves[arm][part] for part in ("mean", "low", "high"))
            banded(axis, levels, mean, low, high, COLOURS[arm], dashes, marker="o", ms=3.5, label=name)
        axis.set_xlabel(f"{'flipped' if kind == 'flips' else kind} dots (%)")
        axis.set_ylim(0, 1.03)
    axes[0].set_ylabel("right answers")
    axes[0].legend(loc="lower left")
    return svg(figure)


@styled(grid=False)
def confusion(summary: dict) -> str:
    """Confusion matrix of every arm, in percent of the class, without right answers.

    Args:
        summary: Summary of the run.
    """
    tables = summary["confusion"]
    figure, (axes,) = subplots(1, len(tables), (4.6 * len(tables), 4), layout="constrained")
    # A class without test images has a row of zeros.
    shares = {arm: 100 * np.array(t) / np.maximum(np.sum(t, 1, keepdims=True), 1) for arm, t in tables.items()}
    wrong = {arm: share * (1 - np.eye(len(share))) for arm, share in shares.items()}
    scale = Normalize(0, max(share.max() for share in wrong.values()) or 1)
    for axis, (arm, share) in zip(axes, wrong.items(), strict=True):
        axis.imshow(share, norm=scale, cmap="magma_r")
        axis.set_title(ARMS[arm], fontsize=10)
        ticks = range(len(share)) if len(share) <= 20 else ()
        axis.set_xticks(ticks, [summary["classes"][tick] for tick in ticks], rotation=90)
        axis.set_yticks(ticks, [summary["classes"][tick] for tick in ticks])
        axis.set_xlabel("predicted class")
    axes[0].set_ylabel("true class")
    figure.colorbar(ScalarMappable(scale, "magma_r"), ax=axes, label="% of the class", shrink=0.8)
    return svg(figure)


def png(image: list) -> str:
    """Encode an image of bytes, of shape (height, width, channels), as PNG in base 64; a signal of one row as a curve.

    The numbers of a signal are within [-1, 1].
    """
    pixels = np.array(image, np.uint8) if len(image) > 1 else _curve(np.array(image)[0, :, 0])
    file = io.BytesIO()
    imsave(file, pixels[:, :, 0] if pixels.shape[2] == 1 else pixels, cmap="gray", vmin=0, vmax=255, format="png")
    return base64.b64encode(file.getvalue()).decode()


def _curve(signal: np.ndarray) -> np.ndarray:
    """An image, (rows, numbers, 1), of numbers within [-1, 1] as a black curve on white, 1 at the top."""
    rows = np.arange(_CURVE_ROWS)[:, None]
    to = np.rint((1 - signal) / 2 * (_CURVE_ROWS - 1))
    start = np.concatenate([to[:1], to[:-1]])
    on_curve = (np.minimum(start, to) <= rows) & (rows <= np.maximum(start, to))
    return np.where(on_curve, 0, 255).astype(np.uint8)[:, :, None]


@styled()
def learning_curves(metrics: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]], what: str) -> str:
    """Accuracy and training loss over epochs: mean and range over chips.

    Args:
        metrics: By metric and arm: epochs, and values of shape (epochs, chips).
        what: What the accuracy is on, in words.
    """
    figure, (axes,) = subplots(1, 2, (10, 3.4))
    titles = {"learning_curve": f"right answers to {what}", "loss": "squared error / 2, training"}
    for axis, (metric, title) in zip(axes, titles.items(), strict=True):
        for arm, (epochs, values) in metrics[metric].items():
            mean, low, high = values.mean(1), values.min(1), values.max(1)
            banded(axis, epochs, mean, low, high, COLOURS[arm], label=ARMS[arm])
        axis.set_xlabel("epoch")
        axis.set_title(title, fontsize=10)
    axes[1].set_yscale("log")
    axes[0].legend(loc="lower right")
    return svg(figure)


@styled(grid=False)
def conductances(layers: list[np.ndarray]) -> str:
    """Maps of the conductances of one chip, tile by tile.

    Args:
        layers: Conductances of each layer in siemens, shape (row tiles, column tiles, devices, rows, columns).
    """
    tiles = [tile for number, layer in enumerate(layers, start=1) for tile in _tiles(number, layer)][:MOST_TILES]
    scale = Normalize(0, 1e6 * max(float(g.max()) for _, g in tiles))
    devices = len(tiles[0][1])
    size = (4.2 * devices, 3.7 * len(tiles))
    figure, axes = subplots(len(tiles), devices, size, layout="constrained")
    for row, (name, tile) in zip(axes, tiles, strict=True):
        for axis, g, device in zip(row, tile, _names(devices), strict=True):
            axis.imshow(1e6 * g, norm=scale, cmap="magma", interpolation="nearest")
            axis.set_title(f"{name}: {device}", fontsize=10)
            axis.set_xlabel("column")
            axis.set_ylabel("row")
    figure.colorbar(ScalarMappable(scale, "magma"), ax=axes, label="conductance (µS)", shrink=0.7)
    return svg(figure)


def _tiles(number: int, layer: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name and conductances of each tile of a layer."""
    rows, columns = layer.shape[:2]
    for r, c in np.ndindex(rows, columns):
        yield f"layer {number}" + (f", tile {r + 1},{c + 1}" if rows * columns > 1 else ""), layer[r, c]


def _names(devices: int) -> tuple[str, ...]:
    """Names of the devices of one weight."""
    pairs = tuple(f"G{sign} {pair}" for pair in range(devices // 2) for sign in "+−")
    return {1: ("G",), 2: ("G+", "G−")}.get(devices, pairs)


@styled()
def energy(ledger: dict) -> str:
    """Energy of a training: the chip's components as shares of its total, and the totals of all machines.

    Args:
        ledger: The cost statement of the run.
    """
    colours = zip(BILLS.items(), ("crossbar", "ideal", "backprop"), strict=True)
    bars = [(name, ledger[key]["energy_joules"], COLOURS[arm]) for (key, name), arm in colours if key in ledger]
    figure, axes = subplots(2, 1, (10, 4.6)) if "chip" in ledger else subplots(1, 1, (10, 1.8))
    if "chip" in ledger:
        _shares(axes[0, 0], ledger["chip"])
    _totals(axes[-1, 0], bars)
    figure.tight_layout()
    return svg(figure)


def _shares(axis: Axes, chip: dict) -> None:
    """Stacked bars: shares of the components in the low, nominal and high total; small ones are joined."""
    bounds = ("high", "nominal", "low")
    totals = np.array([chip["energy_joules"][bound] for bound in bounds])
    shares = {
        f"{line['component']}: {line['action']}": np.array([line["joules"][bound] for bound in bounds])
        / np.where(totals > 0, totals, 1)
        for line in chip["lines"]
    }
    named = {name: share for name, share in shares.items() if share.max() >= _SMALL_SHARE}
    rest = sum((share for name, share in shares.items() if name not in named), np.zeros(len(bounds)))
    left = np.zeros(len(bounds))
    for number, (name, share) in enumerate([*named.items(), ("all others", rest)]):
        if share.max() > 0:
            axis.barh(bounds, 100 * share, left=100 * left, height=0.7, color=_COMPONENTS[number % 10], label=name)
            left = left + share
    axis.set_xlim(0, 100)
    axis.set_xlabel("share of the chip's energy (%), at the low, nominal and high figures")
    axis.grid(axis="y", visible=False)
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.05), fontsize=8)


_SMALL_SHARE = 0.02
_COMPONENTS = [colormaps["tab10"](number) for number in range(10)]


def _totals(axis: Axes, bars: list[tuple[str, dict, str]]) -> None:
    nominal, low, high = (np.array([joules[bound] for _, joules, _ in bars]) for bound in ("nominal", "low", "high"))
    places = np.arange(len(bars))[::-1]
    axis.barh(places, nominal, color=[colour for *_, colour in bars], height=0.62)
    axis.errorbar(nominal, places, xerr=[nominal - low, high - nominal], fmt="none", ecolor=DARK, capsize=3)
    axis.set_yticks(places, [name for name, *_ in bars])
    axis.set_xscale("log")
    axis.set_xlabel("energy of one training (J); bar: nominal, whisker: low to high")
    axis.grid(axis="y", visible=False)
