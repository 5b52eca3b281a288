"""An array of a finished run as a circuit: its conductances, its wires, the voltages of a settled state."""

from pathlib import Path
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from safetensors.numpy import load_file

from ohmgrad.crossbar import Wires
from ohmgrad.data import Codebook
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.rules import ActivityDifference
from ohmgrad.runs.run import SUMMARY, reopen
from ohmgrad.synapses import Ideal

Phase = Literal["free", "nudged"]


class Circuit(NamedTuple):
    """One array: conductances in siemens, access transistors in series included; wires; row voltages."""

    g: Float[np.ndarray, "rows columns"]
    wires: Wires
    row_volts: Float[np.ndarray, " rows"]


def of(folder: Path, layer: int, phase: Phase, array: int, sample: int) -> Circuit:
    """An array of the first chip of a finished run, driven as in a phase that settled on the chip's weights, noise
    left out.

    Raises InputError where there is no such run, layer, array or sample.
    """
    if not (folder / SUMMARY).exists():
        raise InputError(f"{folder}: no finished run there; `ohmgrad train braille --out DIR` makes one")
    _, _, parts = reopen(folder)
    hardware = parts.hardware
    if hardware is None:
        raise InputError(f"{folder}: the run has ideal weights only, so no array; its recipe has no section hardware")
    if not isinstance(parts.rule, ActivityDifference):
        raise InputError(f"{folder}: its rule has no nudged phase; `ohmgrad spice` is for networks that settle")
    tensors = load_file(folder / "weights.safetensors")
    shapes = parts.rule.shapes
    if not 1 <= layer <= len(shapes):
        raise InputError(f"--layer {layer}: the run has layers 1 to {len(shapes)}")
    tiles = tensors[f"crossbar/layer{layer}/conductances"][0]
    row_tiles, column_tiles, devices, rows, columns = tiles.shape
    if not 0 <= array < row_tiles * column_tiles * devices:
        raise InputError(f"--array {array}: layer {layer} has arrays 0 to {row_tiles * column_tiles * devices - 1}")
    row_tile, device = array // (column_tiles * devices), array % devices
    synapses = [Ideal(jnp.asarray(tensors[f"crossbar/layer{n}/weights"][0])) for n in range(1, len(shapes) + 1)]
    drive = np.zeros(row_tiles * rows)
    drive[: shapes[layer - 1][0]] = _activities(parts.rule, parts.task, synapses, layer, phase, sample)
    sign = hardware.mapping.signs[device % len(hardware.mapping.signs)]
    volts = sign * hardware.device.read_volts * drive[row_tile * rows : (row_tile + 1) * rows]
    g = tiles.reshape(-1, rows, columns)[array].astype(float)
    return Circuit(g / (1 + g * hardware.access_ohms), hardware.wires or Wires(0.0, 0.0), volts)


def _activities(
    rule: ActivityDifference,
    task: Codebook | LabelledImages,
    synapses: list[Ideal],
    layer: int,
    phase: Phase,
    sample: int,
) -> np.ndarray:
    """What drives the rows of a layer: activities in [-1, 1], the bias row's constant among them."""
    x, target = _presented(task, sample)
    state = rule.settled(synapses, x, target, phase, jax.random.key(0))
    return np.clip(np.asarray(rule.network.pairs(x, state)[layer - 1].pre[0]), -1, 1)


def _presented(task: Codebook | LabelledImages, sample: int) -> tuple[jax.Array, jax.Array]:
    """An uncorrupted word or a test image, and its target."""
    number = len(task.words) if isinstance(task, Codebook) else len(task.test)
    if not 0 <= sample < number:
        raise InputError(f"--sample {sample}: there are samples 0 to {number - 1}")
    index = jnp.array([sample])
    if isinstance(task, Codebook):
        return task.words[index], task.targets(index)
    return task.tests(index), jax.nn.one_hot(task.test_class[index], task.outputs)
