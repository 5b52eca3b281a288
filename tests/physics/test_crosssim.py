"""Oracle: CrossSim's own reading of its tables, written here anew from its documentation of the format.

A step is looked up by rounding the conductance and a uniform share to the nearest column and row; the mean step over a
column is the sum of the steps at the lower ends of the intervals of shares, times their widths.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from ohmgrad import devices
from ohmgrad.devices import crosssim
from ohmgrad.devices.fit import fit, read
from ohmgrad.devices.response import LinearStep
from ohmgrad.errors import InputError

STEADY = dataclasses.replace(
    devices.preset("neurosim-epiram"), response=LinearStep(0.02, 0.03), step_noise=0.25, pulse_noise_siemens=0.0
)
"""Steps of 2 and 3 % of the range anywhere, which scatter by a quarter."""


class Lookup:
    """A pair of files as CrossSim takes them."""

    def __init__(self, folder):
        parts = [
            [
                np.genfromtxt(folder / name, delimiter=",", skip_header=skip, max_rows=rows)
                for skip, rows in ((1, 1), (2, 1), (3, None))
            ]
            for name in ("dG_increasing.txt", "dG_decreasing.txt")
        ]
        (self.g, self.shares, up), (g, shares, down) = parts
        assert (self.g == g).all() and (self.shares == shares).all()
        for grid in (self.g, self.shares):
            steps = np.diff(grid)
            assert np.ptp(steps) < steps.max() / 1e4  # else CrossSim falls back to a slow way
        self.steps = {1: up, -1: down}
        assert up.shape == down.shape == (len(shares), len(g))
        assert (self.mean(1) > 0).mean() > 0.99 and (self.mean(-1) < 0).mean() > 0.99

    def mean(self, polarity):
        """Mean step at each conductance."""
        return np.diff(self.shares) @ self.steps[polarity][:-1]

    def draw(self, polarity, g, shares):
        column = int((g - self.g[0]) / (self.g[1] - self.g[0]) + 0.5)
        return self.steps[polarity][((shares * (len(self.shares) - 1)) + 0.5).astype(int), column]


def written(device, folder):
    for name, text in crosssim.tables(device).texts().items():
        (folder / name).write_text(text)
    return Lookup(folder)


def test_steady_steps_by_closed_form(tmp_path):
    """Far from the bounds a step is normal: its mean, its deviation and its quantiles are known."""
    lookup, span = written(STEADY, tmp_path), float(STEADY.range_siemens)
    assert lookup.g[[0, -1]] == pytest.approx([STEADY.g_min_siemens, STEADY.g_max_siemens])
    inside = slice(100, 401)
    shares = np.random.default_rng(0).random(20_000)
    for polarity, step in ((1, 0.02 * span), (-1, -0.03 * span)):
        sigma = 0.25 * abs(step)
        # 301 columns of 10,000 draws each; the sum over lower ends lies low by half a share of the drawn range.
        low = (norm.ppf(1 - 1 / 2000) - norm.ppf(1 / 2000)) / 1000
        assert lookup.mean(polarity)[inside].mean() == pytest.approx(step - low * sigma, abs=4 * sigma / 1000)
        drawn = lookup.draw(polarity, lookup.g[0] + 0.4 * span, shares)
        assert drawn.mean() == pytest.approx(step, abs=0.04 * sigma)
        assert drawn.std() == pytest.approx(sigma, rel=0.04)
        for share in (0.05, 0.25, 0.75, 0.95):
            row = round(500 * share)
            found = lookup.steps[polarity][row, inside].mean()
            assert found == pytest.approx(step + sigma * norm.ppf(share), abs=0.01 * sigma)


@pytest.mark.parametrize("name", ["neurosim-pcmo", "aihwkit-reram-es"])
def test_tables_answer_as_the_device_does(name, tmp_path):
    """Single pulses of the product's device, drawn with other keys, at three conductances."""
    device = devices.preset(name)
    lookup, shares = written(device, tmp_path), np.random.default_rng(1).random(20_000)
    for polarity in (1, -1):
        for place in (100, 250, 400):
            g = jnp.full(20_000, lookup.g[place])
            up, down = (jnp.full_like(g, float(polarity == sign)) for sign in (1, -1))
            after = device.pulse(g, up, down, jax.random.key(99 + place))
            steps = np.asarray(after - g, float)
            drawn = lookup.draw(polarity, lookup.g[place], shares)
            assert drawn.mean() == pytest.approx(steps.mean(), abs=0.05 * steps.std())
            assert drawn.std() == pytest.approx(steps.std(), rel=0.05)
            for share in (0.1, 0.5, 0.9):
                assert np.quantile(drawn, share) == pytest.approx(np.quantile(steps, share), abs=0.07 * steps.std())


def test_a_table_of_ours_is_read_back(tmp_path):
    written(STEADY, tmp_path)
    found = fit(read(tmp_path / crosssim.NAMES[0], tmp_path / crosssim.NAMES[1]), "linear-step")
    record: Any = found.record()
    span = record.g_max_siemens.nominal - record.g_min_siemens.nominal
    assert record.response.up.nominal * span == pytest.approx(0.02 * STEADY.range_siemens, rel=0.1)
    assert record.response.down.nominal * span == pytest.approx(0.03 * STEADY.range_siemens, rel=0.1)
    # Of 20 quantiles per conductance, the deviation is that of a normal cut at 2 sigma: 4 % short.
    assert record.step_noise.nominal == pytest.approx(0.25, rel=0.1)


def test_a_one_sided_device_has_no_such_table():
    with pytest.raises(InputError, match="need both polarities"):
        crosssim.tables(devices.preset("pcm-inference"))
