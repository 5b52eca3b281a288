"""Faulty devices: stuck cells and open lines, drawn at given rates."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, known, number


class Faults(Part):
    """Rates of stuck devices (at the lowest, the highest or a given conductance) and of open rows and columns.

    A stuck device keeps its conductance whatever is written; an open line carries no current, so its devices read 0.
    None: no faults of this kind.

    Raises:
        InputError: where rates of stuck devices add up to more than 1, or a rate of open lines exceeds 1.
    """

    stuck_at_min: Number | None = number(None, "share of devices stuck at their lowest conductance", off=0.0, ge=0)
    stuck_at_max: Number | None = number(None, "share of devices stuck at their highest conductance", off=0.0, ge=0)
    stuck_at_value: Number | None = number(None, "share of devices stuck at value_siemens", off=0.0, ge=0)
    value_siemens: Number = number(0.0, "conductance of devices stuck at a value", "S", ge=0, le=1)
    open_rows: Number | None = number(None, "share of rows that carry no current", off=0.0, ge=0)
    open_columns: Number | None = number(None, "share of columns that carry no current", off=0.0, ge=0)

    def __check_init__(self):
        stuck = [0.0 if rate is None else rate for rate in (self.stuck_at_min, self.stuck_at_max, self.stuck_at_value)]
        lines = [0.0 if rate is None else rate for rate in (self.open_rows, self.open_columns)]
        if known(*stuck, *lines) and max(sum(stuck), *lines) > 1:
            raise InputError("shares of faults must not exceed 1")

    @property
    def any(self) -> bool:
        """Whether any kind of fault is present (not None), at whatever rate."""
        rates = (self.stuck_at_min, self.stuck_at_max, self.stuck_at_value, self.open_rows, self.open_columns)
        return any(rate is not None for rate in rates)

    def draw(
        self, shape: tuple[int, ...], g_min: Number, g_max: Number, key: PRNGKeyArray
    ) -> Float[Array, "*cells rows columns"]:
        """Draw a map of faults.

        Args:
            shape: Shape of the arrays, (..., rows, columns).
            g_min: Lowest conductance, in siemens.
            g_max: Highest conductance, in siemens.
            key: Randomness of the draw.

        Returns:
            The conductance of each faulty device in siemens, NaN where a device works.
        """
        cell_key, row_key, column_key = jax.random.split(key, 3)
        u = noise.uniform(cell_key, shape)
        stuck = jnp.full(shape, jnp.nan)
        edge = 0.0
        for rate, value in (
            (self.stuck_at_min, g_min),
            (self.stuck_at_max, g_max),
            (self.stuck_at_value, self.value_siemens),
        ):
            if rate is not None:
                stuck = jnp.where((u >= edge) & (u < edge + rate), value, stuck)
                edge += rate
        if self.open_rows is not None:
            stuck = jnp.where(noise.uniform(row_key, (*shape[:-1], 1)) < self.open_rows, 0.0, stuck)
        if self.open_columns is not None:
            stuck = jnp.where(noise.uniform(column_key, (*shape[:-2], 1, shape[-1])) < self.open_columns, 0.0, stuck)
        return stuck
