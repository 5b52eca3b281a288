"""A compact model driven by a voltage source: its state over time, solved with diffrax."""

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
"""Largest |d state / dt|, per sample interval. Faster switching is clipped to this speed, which delays it by less than
a thousandth of the interval and keeps the steps of the solver resolvable in float32."""
SMALLEST_STEP = 1e-6
"""Shortest step of the solver, per sample interval: ten times the resolution of float32."""
_RTOL, _ATOL = 1e-5, 1e-6


class Trace(NamedTuple):
    """A driven device over time, one entry per sample of the waveform; shorter where the solver failed.

    Attributes:
        t_seconds: Times of the samples.
        volts: Voltage across the device.
        amperes: Current through the device.
        state: State of the model, from 0 to 1.
        energy_joules: Integral of V I from the first sample.
        ok: Whether the solver reached the last sample.
        message: Where and why it did not, in one sentence; empty where it did.
    """

    t_seconds: np.ndarray
    volts: np.ndarray
    amperes: np.ndarray
    state: np.ndarray
    energy_joules: np.ndarray
    ok: bool
    message: str


def drive(model: CompactModel, waveform: Samples, t_seconds: Samples, state0: float, *, max_steps: int = 4096) -> Trace:
    """Drive a model with a voltage waveform, linear between its samples.

    Args:
        model: The compact model.
        waveform: Voltages of the samples, shape (samples,).
        t_seconds: Rising times of the samples, shape (samples,).
        state0: State at the first sample, in [0, 1]; the state is kept in [0, 1] throughout.
        max_steps: Largest number of solver steps between two samples.

    Raises:
        InputError: where shapes differ or have fewer than 2 samples, numbers are not finite, times do not rise,
            `state0` is outside [0, 1], or the power at the largest voltage exceeds float32.
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
    """The current-voltage loop under a sine, which is pinched at the origin for every memristor.

    Args:
        model: The compact model.
        amplitude_volts: Amplitude of the sine.
        hertz: Frequency of the sine.
        cycles: Number of periods.
        state0: State at the start, in [0, 1].
        samples_per_cycle: Samples per period, 4 or more.

    Raises:
        InputError: where frequency, cycles or samples are out of range; also as `drive`.
    """
    if not (hertz > 0 and cycles >= 1 and samples_per_cycle >= 4):
        raise InputError("hysteresis needs hertz > 0, cycles of 1 or more and samples_per_cycle of 4 or more")
    t_seconds = np.arange(cycles * samples_per_cycle + 1) / (samples_per_cycle * hertz)
    return drive(model, sine(amplitude_volts, hertz, t_seconds), t_seconds, state0)


def solve(
    model: CompactModel, state0: float, starts: np.ndarray, ends: np.ndarray, seconds: np.ndarray, max_steps: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Apply voltage ramps one after the other.

    Args:
        model: The compact model.
        state0: State at the start of the first ramp.
        starts: Voltage at the start of each ramp, shape (ramps,).
        ends: Voltage at the end of each ramp, shape (ramps,).
        seconds: Duration of each ramp, shape (ramps,).
        max_steps: Largest number of solver steps per ramp.

    Returns:
        State before the first and after each ramp, energy of each ramp in joules, and how many ramps the solver
        finished; states and energies are given for these only.

    Raises:
        InputError: where the power at the largest voltage exceeds float32.
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
    """One voltage ramp, in time normalised to [0, 1]: state after it, its joules, whether the solver finished."""
    start, end, seconds = segment
    largest = jnp.maximum(*(jnp.abs(volts * model.current(state, volts)) for volts in (start, end)))
    watts = jnp.where(largest > 0, largest, 1.0)

    def slope(time, point, _):
        volts, inside = start + time * (end - start), jnp.clip(point[0], 0, 1)
        speed = jnp.clip(seconds * model.rate(inside, volts), -FASTEST, FASTEST)
        stopped = ((point[0] <= 0) & (speed < 0)) | ((point[0] >= 1) & (speed > 0))
        return jnp.stack([jnp.where(stopped, 0.0, speed), volts * model.current(inside, volts) / watts])

    # ForwardMode compiles fastest; reverse-mode gradients through the solver are not needed.
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
