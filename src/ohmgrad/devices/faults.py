"""Devices that do not work: stuck cells and open lines, by rates or from a map."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, known, number


class Faults(Part):
    """Shares of devices that are stuck at their lowest, at their highest or at a given conductance, and of open lines.

    A stuck device holds one conductance whatever is written; an open line carries no current, so its devices read 0.
    None: there are none of these.

    Raises InputError where shares exceed 1.
    """

    stuck_at_min: Number | None = number(None, "share of devices stuck at their lowest conductance", off=0.0, ge=0)
    stuck_at_max: Number | None = number(None, "share of devices stuck at their highest conductance", off=0.0, ge=0)
    stuck_at_value: Number | None = number(None, "share of devices stuck at value_siemens", off=0.0, ge=0)
    value_siemens: Number = number(0.0, "of devices stuck at a value", "S", ge=0, le=1)
    open_rows: Number | None = number(None, "share of rows that carry no current", off=0.0, ge=0)
    open_columns: Number | None = number(None, "share of columns that carry no current", off=0.0, ge=0)

    def __check_init__(self):
        stuck = [0.0 if rate is None else rate for rate in (self.stuck_at_min, self.stuck_at_max, self.stuck_at_value)]
        lines = [0.0 if rate is None else rate for rate in (self.open_rows, self.open_columns)]
        if known(*stuck, *lines) and max(sum(stuck), *lines) > 1:
            raise InputError("shares of faults must not exceed 1")

    @property
    def any(self) -> bool:
        """Whether some kind of fault is there, at whatever rate."""
        rates = (self.stuck_at_min, self.stuck_at_max, self.stuck_at_value, self.open_rows, self.open_columns)
        return any(rate is not None for rate in rates)

    def draw(
        self, shape: tuple[int, ...], g_min: Number, g_max: Number, key: PRNGKeyArray
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
            if rate is not None:
                held = jnp.where((u >= edge) & (u < edge + rate), value, held)
                edge += rate
        if self.open_rows is not None:
            held = jnp.where(noise.uniform(row_key, (*shape[:-1], 1)) < self.open_rows, 0.0, held)
        if self.open_columns is not None:
            held = jnp.where(noise.uniform(column_key, (*shape[:-2], 1, shape[-1])) < self.open_columns, 0.0, held)
        return held
