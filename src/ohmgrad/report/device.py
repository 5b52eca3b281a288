"""The picture of a device: response to pulses with noise and variation, errors of writes and reads, aging."""

import textwrap
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray
from matplotlib.axes import Axes

from ohmgrad.devices.aging import Drift, Retention
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.record import Device
from ohmgrad.quantity import Quantity
from ohmgrad.report.style import BLUE, GREY, RED, image, styled, subplots

DEVICES = (20, 20)
"""Rows and columns of the array of devices that is simulated."""
MOST_PULSES = 20000
"""Largest number of pulses of a polarity."""
_YEAR = 31_536_000.0


class Curve(NamedTuple):
    """Read conductances in siemens, before the first and after each pulse, of shape (pulses + 1, devices).

    Attributes:
        up: Under potentiating pulses.
        down: Under depressing pulses that follow; None for one-sided devices.
    """

    up: np.ndarray
    down: np.ndarray | None


def simulate(device: Memristor, seed: int = 0) -> Curve:
    """Simulate 400 devices under single pulses: up from the lowest conductance, then down again.

    The number of pulses of each polarity is what the nominal device needs for 98 % of its range (`pulses`).

    Args:
        device: The device; a one-sided one gets potentiating pulses only.
        seed: Seed of all randomness.
    """
    fabrication, up_key, down_key = jax.random.split(jax.random.key(seed), 3)
    variation = device.fabricate(DEVICES, fabrication)
    one, none = jnp.ones(DEVICES), jnp.zeros(DEVICES)

    def pulsed(g: jax.Array, up: bool, key: PRNGKeyArray) -> tuple[jax.Array, np.ndarray]:
        doses = (one, none) if up else (none, one)

        def pulse(g: jax.Array, key: PRNGKeyArray) -> tuple[jax.Array, jax.Array]:
            write, read = jax.random.split(key)
            g = device.pulse(g, *doses, write, variation)
            return g, _read(device, g, read)

        first, rest = jax.random.split(key)
        keys = jax.random.split(rest, pulses(device, up))
        last, reads = jax.jit(lambda g, keys: jax.lax.scan(pulse, g, keys))(g, keys)
        return last, np.asarray(jnp.concatenate([_read(device, g, first)[None], reads])).reshape(len(keys) + 1, -1)

    top, rising = pulsed(device.bound(jnp.full(DEVICES, device.g_min_siemens), variation), True, up_key)
    return Curve(rising, None if device.one_sided else pulsed(top, False, down_key)[1])


def pulses(device: Memristor, up: bool) -> int:
    """Number of pulses of a polarity that the nominal device needs for 98 % of its range, at most `MOST_PULSES`."""
    counts = jnp.arange(1, MOST_PULSES + 1, dtype=jnp.float32)
    start, none = jnp.full_like(counts, 0.0 if up else 1.0), jnp.zeros_like(counts)
    x = device.response.after(start, *((counts, none) if up else (none, counts)))
    reached = np.asarray(x >= 0.98 if up else x <= 0.02)
    return int(counts[int(reached.argmax())]) if reached.any() else MOST_PULSES


def _read(device: Memristor, g: jax.Array, key: PRNGKeyArray) -> jax.Array:
    """One noisy read after a write."""
    deviation = jnp.sqrt((device.unsettled_siemens or 0.0) ** 2 + device.read_variance(g))
    return g + deviation * jax.random.normal(key, g.shape)


@styled()
def picture(record: Device, name: str, kind: str) -> bytes:
    """Draw a device: its response to pulses and, where it has them, errors over the conductance and aging.

    Args:
        record: The device's record.
        name: Its name, for the title.
        kind: Format of the picture file (`style.kinds`), such as svg, png or pdf.

    Returns:
        The content of the file.
    """
    device = record.memristor()
    panels = [_pulses]
    if device.write_error is not None or device.reads_scatter:
        panels.append(_errors)
    if device.aging is not None:
        panels.append(_aging)
    figure, (axes,) = subplots(1, len(panels), (4.4 * len(panels) + 1.4, 4.4), layout="constrained")
    for axis, panel in zip(axes, panels, strict=True):
        panel(axis, device)
    if _assumed(record):
        axes[0].set_title("response to pulses: ASSUMED, not published", fontsize=9)
    figure.suptitle(f"{name}: {record.title}", x=0.01, ha="left", fontsize=11, wrap=True)
    cited = textwrap.fill(record.citation, width=95 * len(panels))
    figure.supxlabel(cited, x=0.01, ha="left", fontsize=7, color="#555555")
    return image(figure, kind)


def _assumed(record: Device) -> bool:
    """Whether the size of the device's steps is an assumption."""
    steps = [getattr(record.response, side, None) for side in ("up", "down")]
    return any(isinstance(step, Quantity) and step.basis == "assumption" for step in steps)


def _pulses(axis: Axes, device: Memristor) -> None:
    """Median, the middle 68 % and five single devices, over potentiating and then depressing pulses."""
    curve = simulate(device)
    first = 0
    for reads, colour, side in ((curve.up, BLUE, "potentiation"), (curve.down, RED, "depression")):
        if reads is None:
            continue
        number = first + np.arange(len(reads))
        # A picture resolves no more than some hundred points.
        some = np.unique(np.linspace(0, len(reads) - 1, 400).astype(int))
        low, median, high = np.quantile(1e6 * reads[some], [0.16, 0.5, 0.84], axis=1)
        axis.plot(number[some], 1e6 * reads[some, :5], color=GREY, lw=0.5, alpha=0.7)
        axis.fill_between(number[some], low, high, color=colour, alpha=0.25, lw=0)
        axis.plot(number[some], median, color=colour, label=side)
        first += len(reads) - 1
    axis.set_xlabel("pulses" + ("; depressed by a reset" if device.one_sided else ""))
    axis.set_ylabel("conductance as read after each pulse (µS)")
    axis.set_title(f"{np.prod(DEVICES)} devices: median, 68 %, five of them", fontsize=9)
    axis.legend(loc="lower right" if device.one_sided else "lower center")


def _errors(axis: Axes, device: Memristor) -> None:
    """Standard deviations of a verified write and of a read, over the conductance."""
    g = jnp.linspace(device.g_min_siemens, device.g_max_siemens, 200)
    if device.write_error is not None:
        axis.plot(1e6 * g, 1e6 * device.write_deviation(g), color=BLUE, label="verified write")
    if device.reads_scatter:
        read = jnp.sqrt(device.read_variance(g)) * jnp.ones_like(g)
        axis.plot(1e6 * g, 1e6 * read, color=RED, label="read")
    axis.set_ylim(0)
    axis.set_xlabel("target or conductance (µS)")
    axis.set_ylabel("standard deviation (µS)")
    axis.legend(loc="best")


def _aging(axis: Axes, device: Memristor) -> None:
    """Conductance over time of devices written to three conductances: median and the middle 68 %."""
    match device.aging:
        case Drift(t0_seconds=t0):
            seconds = np.geomspace(t0, _YEAR, 60)
        case Retention(lifetime_seconds=lifetime):
            seconds = np.geomspace(lifetime / 100, 10 * lifetime, 60)
        case _:
            seconds = np.geomspace(1.0, _YEAR, 60)
    variation = device.fabricate(DEVICES, jax.random.key(1))._replace(low=None, high=None)
    for share, alpha in ((1.0, 1.0), (0.5, 0.7), (0.1, 0.4)):
        start = jnp.full(DEVICES, device.g_min_siemens + share * device.range_siemens)
        aged = [np.quantile(1e6 * device.aged(start, float(t), variation), [0.16, 0.5, 0.84]) for t in seconds]
        low, median, high = np.array(aged).T
        axis.fill_between(seconds, low, high, color=BLUE, alpha=0.2 * alpha, lw=0)
        axis.plot(seconds, median, color=BLUE, alpha=alpha, label=f"{100 * share:g} % of the range")
    axis.set_xscale("log")
    axis.set_xlabel("seconds since the write")
    axis.set_ylabel("conductance (µS)")
    axis.legend(loc="best")
