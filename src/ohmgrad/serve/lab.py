"""Looks into a network while it answers: its activities sweep by sweep, with effects of the hardware changed."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from ohmgrad import training
from ohmgrad.crossbar import Hardware
from ohmgrad.crossbar.wires import Wires
from ohmgrad.errors import InputError
from ohmgrad.networks import FeedForward, Free, SettlingNetwork
from ohmgrad.quantity import Strict
from ohmgrad.serve.batching import Overloaded
from ohmgrad.serve.model import Model
from ohmgrad.synapses import Crossbar

_SHOWN = 1024
"""Largest number of neurons of a layer that are shown."""
_MOST_WAITING, _MOST_COMPILED = 8, 16
"""Most looks that wait, and most combinations of effects whose compiled code is kept."""
Off = Literal["read_noise", "adc", "dac", "wires"]


class Effects(Strict):
    """Changes of the hardware of a chip on crossbars, for one look at it."""

    without: list[Off] = Field(default_factory=list, description="effects that are switched off")
    adc_bits: Annotated[int, Field(ge=4, le=12)] | None = Field(None, description="resolution of the ADCs")
    wire_ohms: Annotated[float, Field(ge=0, le=100)] | None = Field(None, description="ohms of each segment of a wire")
    age_seconds: Annotated[float, Field(ge=0, le=1e10)] = Field(0.0, description="time since the last write, added")


NONE = Effects.model_validate({})


class Look(eqx.Module):
    """Activities of one answer, per layer above the input: (sweeps, neurons); one sweep where nothing settles."""

    layers: list[Any]
    output: Any
    residual: Any


def look(model: Model, x: np.ndarray, seed: int, effects: Effects, looked: Callable[..., "Look"]) -> dict[str, Any]:
    """Answer a sample on the first chip, and keep what its neurons do.

    Args:
        model: The model.
        x: The sample as it is given, (1, ...).
        seed: Seed of the read noise.
        effects: Changes of the hardware.
        looked: `_looked`, compiled or not.

    Returns:
        As JSON: the answer, and per layer its activities sweep by sweep.

    Raises:
        InputError: if the chip has no hardware to change, or it cannot be changed so.
    """
    chips = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, model.chips)
    chips = _changed(chips, effects)
    key = jax.random.fold_in(model.keys[0], np.uint32(seed))
    found = looked(model.rule, chips, model.samples.seen(jnp.asarray(x)), key)
    output = np.asarray(found.output)
    return {
        "answer": model.samples.named(output),
        "output": _plain(output),
        "residual": float(np.nan_to_num(found.residual)),
        "layers": [_layer(np.asarray(each)) for each in found.layers],
    }


class Looks:
    """Looks at networks one after another: each combination of effects compiles code of its own."""

    def __init__(self) -> None:
        self._thread, self._waiting = ThreadPoolExecutor(1, thread_name_prefix="look"), 0
        self._looked, self._compiled = eqx.filter_jit(_looked), set()

    async def look(self, model: Model, x: np.ndarray, seed: int, effects: Effects) -> dict[str, Any]:
        """As `look`, in a thread; arguments and errors as there.

        Raises:
            Overloaded: if too many wait.
        """
        if self._waiting >= _MOST_WAITING:
            raise Overloaded(5.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._one, model, x, seed, effects)
        finally:
            self._waiting -= 1

    def _one(self, model: Model, x: np.ndarray, seed: int, effects: Effects) -> dict[str, Any]:
        self._compiled.add((id(model), tuple(sorted(effects.without)), effects.adc_bits, bool(effects.wire_ohms)))
        if len(self._compiled) > _MOST_COMPILED:
            self._looked = eqx.filter_jit(_looked)
            self._compiled.clear()
        return look(model, x, seed, effects, self._looked)


def _looked(rule, chips, x, key) -> Look:
    network = rule.network
    if isinstance(network, FeedForward):
        states, _ = network.forward(chips, x, key)
        return Look([state[0][None] for state in states[1:]], states[-1][0], jnp.zeros(()))
    assert isinstance(network, SettlingNetwork)
    settling = rule.phases_by_name["free"]
    feed_key, free_key = jax.random.split(key)
    feed, _ = network.feed(chips, x, feed_key)
    ready = [synapse.cached() for synapse in chips]

    def sweep(state, key):
        new, _ = network.sweep(ready, feed, Free(), state, settling, key)
        return new, network.activities(new)

    state, layers = jax.lax.scan(sweep, network.start(x), jax.random.split(free_key, settling.sweeps))
    output, _ = network.answer(chips, state, jax.random.fold_in(free_key, 0))
    last = [jnp.abs(each[-1] - each[-2]).max() if len(each) > 1 else jnp.abs(each[-1]).max() for each in layers]
    return Look([each[:, 0].reshape(len(each), -1) for each in layers], output[0], jnp.stack(last).max())


def _changed(chips: Sequence[Any], effects: Effects) -> Any:
    """The chip with other effects; a chip that no effect changes stays as it is."""
    if effects == NONE:
        return chips
    if not any(isinstance(part, Crossbar) for part in jax.tree.leaves(chips, is_leaf=_is_crossbar)):
        raise InputError("effects: this model is on ideal weights; allowed: none")
    if effects.age_seconds:
        together = jax.tree.map(lambda leaf: leaf[None] if eqx.is_array(leaf) else leaf, chips)
        aged = training.aged(together, effects.age_seconds)
        chips = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, aged)
    return jax.tree.map(lambda part: _with(part, effects) if _is_crossbar(part) else part, chips, is_leaf=_is_crossbar)


def _is_crossbar(part: Any) -> bool:
    return isinstance(part, Crossbar)


def _with(crossbar: Crossbar, effects: Effects) -> Crossbar:
    hardware: Hardware = crossbar.hardware.without(*effects.without)
    if effects.adc_bits is not None:
        hardware = replace(hardware, adc=replace(hardware.adc, bits=effects.adc_bits))
    if effects.wire_ohms is not None:
        wires = Wires(effects.wire_ohms, effects.wire_ohms) if effects.wire_ohms else None
        hardware = replace(hardware, wires=wires)
    return crossbar.with_hardware(hardware)


def _layer(activity: np.ndarray) -> dict[str, Any]:
    """A layer's activities, those of at most `_SHOWN` neurons spread evenly over it."""
    neurons = activity.shape[1]
    picked = np.unique(np.linspace(0, neurons - 1, min(neurons, _SHOWN)).astype(int))
    return {"neurons": neurons, "sweeps": [_plain(each) for each in activity[:, picked]]}


def _plain(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in np.nan_to_num(values.ravel())]


def picture(model: Model, layer: int) -> bytes:
    """A layer of the first chip as a PNG picture, a pixel per weight: red positive, blue negative, white none.

    Args:
        model: The model.
        layer: Number of the layer, from 1.

    Raises:
        InputError: if there is no such layer.
    """
    import io

    from PIL import Image

    layers = model.layers
    if not 1 <= layer <= len(layers):
        raise InputError(f"layer: {layer}; allowed: 1 to {len(layers)}")
    weights = layers[layer - 1]
    share = weights / max(float(np.abs(weights).max()), 1e-30)
    fade = (255 * (1 - np.abs(share))).astype(np.uint8)
    full = np.full_like(fade, 255)
    pixels = np.where((share > 0)[..., None], np.stack([full, fade, fade], -1), np.stack([fade, fade, full], -1))
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()
