"""Circuits of a finished run in the state of a phase: one of its arrays, or its resistive network."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad import files, networks
from ohmgrad.crossbar import Hardware, Wires
from ohmgrad.data import Codebook, Task
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.networks import ResistiveNetwork
from ohmgrad.rules import ActivityDifference
from ohmgrad.runs.folder import SUMMARY
from ohmgrad.runs.run import reopen
from ohmgrad.spice import array as array_circuit
from ohmgrad.spice import network as network_circuit
from ohmgrad.synapses import Ideal

Phase = Literal["free", "nudged"]


class Circuit(NamedTuple):
    """A circuit of a run.

    Attributes:
        what: Description of the circuit.
        netlist: Text of a deck for ngspice.
        compare: Runs ngspice and returns the largest relative deviation of its solution from ohmgrad's.
    """

    what: str
    netlist: str
    compare: Callable[[], float]


def circuit(folder: Path, layer: int | None, phase: Phase, array: int | None, sample: int) -> Circuit:
    """A circuit of the first chip of a finished run, without noise.

    For a resistive network it is the whole network; otherwise one array, driven by the state that the network settles
    to with the chip's weights.

    Args:
        folder: Folder of the finished run.
        layer: Weight matrix, from 1; None: the first, or a resistive network.
        phase: The phase whose settled state drives the rows, or whose push acts on the outputs.
        array: Array of the layer, from 0, counting the devices of one tile after another; None: the first, or a
            resistive network.
        sample: Index of the uncorrupted word or test image at the input.

    Raises:
        InputError: where there is no such run, layer, array or sample, or the run has no such circuit.
    """
    if not files.exists(folder / SUMMARY):
        raise InputError(f"{folder}: no finished run there; `ohmgrad train` makes one")
    _, _, parts = reopen(folder)
    rule = parts.rule
    if not isinstance(rule, ActivityDifference):
        raise InputError(
            f"{folder}: its rule has no nudged phase; `ohmgrad spice` is for the activity-difference family"
        )
    tensors = files.read_tensors(folder / "weights.safetensors", str(folder))
    arm = "ideal" if parts.hardware is None else "crossbar"
    weights = [tensors[f"{arm}/layer{n}/weights"][0] for n in range(1, len(rule.shapes) + 1)]
    x, target = _presented(parts.task, sample)
    if isinstance(rule.network, ResistiveNetwork):
        if layer is not None or array is not None:
            raise InputError("`layer`, `array`: a resistive network is one circuit; leave them away")
        return _network(rule, rule.network, weights, x, target, phase)
    if parts.hardware is None:
        raise InputError(f"{folder}: the run has ideal weights only, so no array; its recipe has no section hardware")
    layer = 1 if layer is None else layer
    if not 1 <= layer <= len(weights):
        raise InputError(f"`layer` {layer}: the run has layers 1 to {len(weights)}")
    state = rule.settled([Ideal(jnp.asarray(w)) for w in weights], x, target, phase, jax.random.key(0)).state
    drive = np.clip(np.asarray(rule.network.pairs(x, state)[layer - 1].pre[0]), -1, 1)
    tiles, columns = tensors[f"crossbar/layer{layer}/conductances"][0], weights[layer - 1].shape[1]
    return _array(tiles, parts.hardware, drive, columns, layer, array or 0)


def _array(
    tiles: np.ndarray, hardware: Hardware, drive: np.ndarray, used_columns: int, layer: int, array: int
) -> Circuit:
    """One array of a layer, its rows driven by activities in [-1, 1]; cells without a weight are open."""
    row_tiles, column_tiles, devices, rows, columns = tiles.shape
    if not 0 <= array < row_tiles * column_tiles * devices:
        raise InputError(f"`array` {array}: layer {layer} has arrays 0 to {row_tiles * column_tiles * devices - 1}")
    row_tile, column_tile, device = array // (column_tiles * devices), array // devices % column_tiles, array % devices
    padded = np.zeros(row_tiles * hardware.rows)
    padded[: len(drive)] = drive
    sign = hardware.mapping.signs[device % len(hardware.mapping.signs)]
    volts = sign * hardware.device.read_volts * padded[row_tile * hardware.rows :][: hardware.rows]
    down, across = min(rows, len(drive) - row_tile * rows), min(columns, used_columns - column_tile * columns)
    g = np.zeros((hardware.rows, hardware.columns))
    g[:down, :across] = tiles.reshape(-1, rows, columns)[array][:down, :across]
    g, wires = g / (1 + g * (hardware.access_ohms or 0.0)), hardware.wires or Wires(0.0, 0.0)
    what, deck = f"a {hardware.rows} x {hardware.columns} array", array_circuit.netlist(g, wires, volts)
    return Circuit(what, deck, lambda: array_circuit.compare(g, wires, volts))


def _network(
    rule: ActivityDifference,
    network: ResistiveNetwork,
    weights: list[np.ndarray],
    x: jax.Array,
    target: jax.Array,
    phase: Phase,
) -> Circuit:
    """The circuit of a resistive network with its inputs applied and its outputs pushed as in the phase."""
    free = rule.settled([Ideal(jnp.asarray(w)) for w in weights], x, target, "free", jax.random.key(0))
    push = networks.Free() if phase == "free" else rule.push_of_one(free.state[-1], target)
    inputs = np.asarray(x[0], np.float64)

    def compare() -> float:
        with jax.enable_x64(True):
            return network_circuit.compare(network, weights, inputs, push)

    what = f"a resistive network of {' - '.join(map(str, network.layers))}"
    return Circuit(what, network_circuit.netlist(network, weights, inputs, push), compare)


def _presented(task: Task, sample: int) -> tuple[jax.Array, jax.Array]:
    """Input and target of an uncorrupted word or a test image, with a batch axis of 1."""
    if not isinstance(task, Codebook | LabelledImages):
        raise InputError(
            "`ohmgrad spice` is for data of words, patterns, images and signals, not for a task of your own"
        )
    number = len(task.words) if isinstance(task, Codebook) else len(task.test)
    if not 0 <= sample < number:
        raise InputError(f"`sample` {sample}: there are samples 0 to {number - 1}")
    index = jnp.array([sample])
    if isinstance(task, Codebook):
        return task.words[index], task.targets(index)
    return task.tests(index), jax.nn.one_hot(task.test_class[index], task.outputs)
