"""A compact model under a voltage source: its state over time, solved by diffrax."""

from collections.abc import Sequence
from typing import NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.devices.compact.model import CompactModel
from ohmgrad.devices.compact.waveforms import sine
from ohmgrad.errors import InputError

Samples = Sequence[float] | np.ndarray

FASTEST = 1e3
"""How often the state may cross its whole range within one sample interval: what switches faster is cut to this speed,
which moves the crossing by less than a thousandth of the interval and leaves float32 able to step through it."""
SMALLEST_STEP = 1e-6
"""The shortest step of the solver as a share of a sample interval: ten times the resolution of float32 time."""
_RTOL, _ATOL = 1e-5, 1e-6


class Trace(NamedTuple):
    """What a drive gave, at the times of its samples; shorter than they are where the solver gave up.

    `energy_joules` is the integral of V I from the start. `ok` is False, and `message` says in one sentence where and
    why, when the solver did not reach the last sample.
    """

    t_seconds: np.ndarray
    volts: np.ndarray
    amperes: np.ndarray
    state: np.ndarray
    energy_joules: np.ndarray
    ok: bool
    message: str


def drive(model: CompactModel, waveform: Samples, t_seconds: Samples, state0: float, *, max_steps: int = 4096) -> Trace:
    """Drive a model from a state with `waveform` volts at rising times `t_seconds`, straight lines between them.

    The state stays in [0, 1]. `max_steps` bounds the solver's steps between two samples.
    Raises InputError for times that do not rise, for lengths that differ, for numbers that are not finite, for a state
    outside [0, 1], for voltages at which the power is beyond float32.
    """
    volts, times = np.asarray(waveform, float), np.asarray(t_seconds, float)
    if volts.shape != times.shape or volts.ndim != 1 or len(volts) < 2:
        raise InputError(
            f"waveform and t_seconds must be two lists of the same length >= 2, not {volts.shape}, {times.shape}"
        )
    if not (np.isfinite(volts).all() and np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise InputError("waveform must be finite and t_seconds must be finite and rise from sample to sample")
    if not 0 <= state0 <= 1:
        raise InputError(f"state0 must lie in [0, 1], not {state0:g}")
    states, joules, reached = solve(model, state0, volts[:-1], volts[1:], np.diff(times), max_steps)
    amperes = model.current(jnp.asarray(states), jnp.asarray(volts[: reached + 1], jnp.float32))
    message = ""
    if reached < len(times) - 1:
        message = (
            f"the solver gave up after {max_steps} steps between t = {times[reached]:g} s and {times[reached + 1]:g} s "
            f"(from state {states[-1]:.4g} at {volts[reached]:g} V); give it more samples or max_steps"
        )
    return Trace(
        t_seconds=times[: reached + 1],
        volts=volts[: reached + 1],
        amperes=np.asarray(amperes),
        state=states,
        energy_joules=np.concatenate([[0.0], np.cumsum(joules, dtype=float)]),
        ok=not message,
        message=message,
    )


def hysteresis(
    model: CompactModel,
    amplitude_volts: float,
    hertz: float,
    cycles: int = 2,
    state0: float = 0.1,
    samples_per_cycle: int = 400,
) -> Trace:
    """The current-voltage loop under a sine; every memristor's is pinched at the origin.

    Raises InputError where frequency, cycles or samples are not positive, and as `drive` does.
    """
    if not (hertz > 0 and cycles >= 1 and samples_per_cycle >= 4):
        raise InputError("hysteresis needs hertz > 0, cycles of 1 or more and samples_per_cycle of 4 or more")
    t_seconds = np.arange(cycles * samples_per_cycle + 1) / (samples_per_cycle * hertz)
    return drive(model, sine(amplitude_volts, hertz, t_seconds), t_seconds, state0)


def solve(
    model: CompactModel, state0: float, starts: np.ndarray, ends: np.ndarray, seconds: np.ndarray, max_steps: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Segments of voltage from `starts` to `ends`, one after the other.

    Returns the states at their borders, the joules of each, and how many the solver finished; the states and joules of
    those alone. Raises InputError for voltages at which the power is beyond float32.
    """
    largest = float(max(np.abs(starts).max(), np.abs(ends).max()))
    volts = largest * jnp.array([1.0, 1.0, -1.0, -1.0])
    if not jnp.isfinite(volts * model.current(jnp.array([0.0, 1.0, 0.0, 1.0]), volts)).all():
        raise InputError(f"{largest:g} V drive {type(model).__name__} to a power beyond float32; use a lower voltage")
    segments = jnp.asarray(np.column_stack([starts, ends, seconds]), jnp.float32)
    states, joules, ok = map(np.asarray, _scan(model, jnp.float32(state0), segments, max_steps))
    reached = len(ok) if ok.all() else int(np.argmin(ok))
    return np.concatenate([[np.float32(state0)], states[:reached]]), joules[:reached], reached


@eqx.filter_jit
def _scan(model: CompactModel, state0: Float[Array, ""], segments: Float[Array, "segments 3"], max_steps: int):
    def step(state, segment):
        state, joules, ok = _segment(model, state, segment, max_steps)
        return state, (state, joules, ok)

    return jax.lax.scan(step, state0, segments)[1]


def _segment(model: CompactModel, state: Float[Array, ""], segment: Float[Array, "3"], max_steps: int):
    """One straight piece of voltage in its own time from 0 to 1: state, joules, whether the solver finished."""
    start, end, seconds = segment
    largest = jnp.maximum(*(jnp.abs(volts * model.current(state, volts)) for volts in (start, end)))
    watts = jnp.where(largest > 0, largest, 1.0)

    def slope(time, point, _):
        volts, inside = start + time * (end - start), jnp.clip(point[0], 0, 1)
        speed = jnp.clip(seconds * model.rate(inside, volts), -FASTEST, FASTEST)
        stopped = ((point[0] <= 0) & (speed < 0)) | ((point[0] >= 1) & (speed > 0))
        return jnp.stack([jnp.where(stopped, 0.0, speed), volts * model.current(inside, volts) / watts])

    # ForwardMode compiles fastest, and nothing takes gradients backwards through a drive
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Tsit5(),
        t0=0.0,
        t1=1.0,
        dt0=1.0,
        y0=jnp.stack([state, jnp.zeros_like(state)]),
        stepsize_controller=diffrax.PIDController(_RTOL, _ATOL, dtmin=SMALLEST_STEP, force_dtmin=True),
        max_steps=max_steps,
        throw=False,
        adjoint=diffrax.ForwardMode(),
    )
    assert solution.ys is not None
    state_after, work = solution.ys[-1]
    ok = (solution.result == diffrax.RESULTS.successful) & jnp.isfinite(state_after) & jnp.isfinite(work)
    return jnp.where(ok, jnp.clip(state_after, 0, 1), state), work * watts * seconds, ok
