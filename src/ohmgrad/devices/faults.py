"""Devices that do not work: stuck cells and open lines, by rates or from a map."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise


class Faults(eqx.Module):
    """Shares of devices that are stuck at their lowest, at their highest or at a given conductance, and of open lines.

    A stuck device holds one conductance whatever is written; an open line carries no current, so its devices read 0.
    """

    stuck_at_min: float = 0.0
    stuck_at_max: float = 0.0
    stuck_at_value: float = 0.0
    value_siemens: float = 0.0
    open_rows: float = 0.0
    open_columns: float = 0.0

    @property
    def any(self) -> bool:
        return any((self.stuck_at_min, self.stuck_at_max, self.stuck_at_value, self.open_rows, self.open_columns))

    def draw(
        self, shape: tuple[int, ...], g_min: float, g_max: float, key: PRNGKeyArray
    ) -> Float[Array, "*cells rows columns"]:
        """A map of arrays of this shape: what each stuck device holds, in siemens, and NaN where a device works."""
        cell_key, row_key, column_key = jax.random.split(key, 3)
        u = noise.uniform(cell_key, shape)
        held = jnp.full(shape, jnp.nan)
        edge = 0.0
        for rate, value in (
            (self.stuck_at_min, g_min),
            (self.stuck_at_max, g_max),
            (self.stuck_at_value, self.value_siemens),
        ):
            held = jnp.where((u >= edge) & (u < edge + rate), value, held)
            edge += rate
        open_row = noise.uniform(row_key, (*shape[:-1], 1)) < self.open_rows
        open_column = noise.uniform(column_key, (*shape[:-2], 1, shape[-1])) < self.open_columns
        return jnp.where(open_row | open_column, 0.0, held)
