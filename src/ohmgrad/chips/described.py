"""Descriptions of chips: per layer the shape, arrays, devices, write scheme, and time since the last write."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.synapses import Crossbar, Synapse


def crossbar_of(synapse: Synapse) -> Crossbar | None:
    """The crossbar of a synapse: itself, or the one that holds its kernels; None for ideal weights."""
    parts = jax.tree.leaves(synapse, is_leaf=lambda part: isinstance(part, Crossbar))
    return next((part for part in parts if isinstance(part, Crossbar)), None)


def conductances(chips: Sequence[Synapse]) -> list[Float[Array, "chips row_tiles column_tiles devices rows columns"]]:
    """Conductances in siemens, without read noise, of each layer on crossbars.

    Args:
        chips: One synapse per weight matrix; arrays have a leading axis over chips.

    Returns:
        Per layer on crossbars: (chips, row tiles, column tiles, devices per weight, rows, columns).
    """
    found = [crossbar for crossbar in map(crossbar_of, chips) if crossbar is not None]
    return [jax.vmap(lambda one: one.arrays.effective_g)(crossbar) for crossbar in found]


def weights(chips: Sequence[Synapse]) -> list[Float[Array, "chips rows columns"]]:
    """Weights of each layer; on crossbars, those represented by the conductances.

    Args:
        chips: One synapse per weight matrix; arrays have a leading axis over chips.

    Returns:
        Per layer: (chips, rows, columns), including a bias row.
    """
    return [jax.vmap(lambda one: one.weights)(synapse) for synapse in chips]


def described(chips: Sequence[Synapse]) -> list[dict[str, Any]]:
    """Describe chips, as JSON: per layer the number of chips, shape, kind of synapse and, on crossbars, the hardware.

    Args:
        chips: One synapse per weight matrix; arrays have a leading axis over chips.
    """
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
    """A single number if it is the same for all chips, else one per chip."""
    found = [_decimal(value) for value in np.ravel(values)]
    return found[0] if len(set(found)) == 1 else found


def _decimal(value: Any) -> float:
    """The shortest decimal number that rounds to this float32 value, as a user would write it."""
    return float(str(np.float32(value)))


def _ages(crossbar: Crossbar) -> dict[str, float] | None:
    """Least, median and greatest time in seconds since the devices' last write; None if devices do not age."""
    if crossbar.hardware.device.aging is None:
        return None
    ages = np.asarray(jax.vmap(lambda one: jnp.asarray(one.arrays.age_seconds))(crossbar), np.float64)
    return {"least": float(ages.min()), "median": float(np.median(ages)), "most": float(ages.max())}
