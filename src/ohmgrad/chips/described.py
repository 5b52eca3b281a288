"""What chips are: of every layer its shape, arrays, devices, way of writing, and how long ago its devices were
written."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.synapses import Crossbar, Synapse


def crossbar_of(synapse: Synapse) -> Crossbar | None:
    """The crossbar that a synapse is, or that its kernels lie on; None for ideal weights."""
    parts = jax.tree.leaves(synapse, is_leaf=lambda part: isinstance(part, Crossbar))
    return next((part for part in parts if isinstance(part, Crossbar)), None)


def conductances(chips: Sequence[Synapse]) -> list[Float[Array, "chips row_tiles column_tiles devices rows columns"]]:
    """What reads see of the devices of each layer that has such, in siemens, noise of the read left out."""
    found = [crossbar for crossbar in map(crossbar_of, chips) if crossbar is not None]
    return [jax.vmap(lambda one: one.arrays.effective_g)(crossbar) for crossbar in found]


def weights(chips: Sequence[Synapse]) -> list[Float[Array, "chips rows columns"]]:
    """The weights of each layer; of devices those that their conductances make."""
    return [jax.vmap(lambda one: one.weights)(synapse) for synapse in chips]


def described(chips: Sequence[Synapse]) -> list[dict[str, Any]]:
    """Per layer, as JSON: `shape` of the weights, the kind of synapse, and on crossbars what they are made of."""
    return [_layer(synapse) for synapse in chips]


def _layer(synapse: Synapse) -> dict[str, Any]:
    (matrix,) = jax.eval_shape(weights, [synapse])
    layer = {"chips": matrix.shape[0], "shape": list(matrix.shape[1:]), "synapse": type(synapse).__name__}
    found = crossbar_of(synapse)
    return layer if found is None else layer | _crossbar(found)


def _crossbar(crossbar: Crossbar) -> dict[str, Any]:
    hardware, device = crossbar.hardware, crossbar.hardware.device
    return {
        "arrays": [hardware.rows, hardware.columns],
        "tiles": hardware.tiles(crossbar.shape),
        "devices_per_weight": hardware.mapping.devices,
        "mapping": type(hardware.mapping).__name__,
        "weight_max": _of_chips(crossbar.weight_max),
        "device_siemens": [_decimal(np.min(device.g_min_siemens)), _decimal(np.max(device.g_max_siemens))],
        "response": type(device.response).__name__,
        "aging": None if device.aging is None else type(device.aging).__name__,
        "scheme": type(crossbar.scheme).__name__,
        "seconds_since_write": _ages(crossbar),
    }


def _of_chips(values: Any) -> float | list[float]:
    """One number where all chips have the same, else that of each."""
    found = [_decimal(value) for value in np.ravel(values)]
    return found[0] if len(set(found)) == 1 else found


def _decimal(value: Any) -> float:
    """The shortest decimal number that float32 rounds to this value: what a person wrote."""
    return float(str(np.float32(value)))


def _ages(crossbar: Crossbar) -> dict[str, float] | None:
    """Of the devices since their last write; None where devices do not age."""
    if crossbar.hardware.device.aging is None:
        return None
    ages = np.asarray(jax.vmap(lambda one: jnp.asarray(one.arrays.age_seconds))(crossbar), np.float64)
    return {"least": float(ages.min()), "median": float(np.median(ages)), "most": float(ages.max())}
