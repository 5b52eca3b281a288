"""Assessments. Oracles: Student's t over the chips' means; a device with one effect planted bad; straight lines;
speeds of flows written out."""

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ohmgrad import devices
from ohmgrad.devices.curves import ExponentialStep
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.nonlinearity import nonlinearity, with_nonlinearity
from ohmgrad.devices.response import LinearStep
from ohmgrad.report import assess as report
from ohmgrad.runs import assess

TINY = ["data.words=[red,green,blue,cyan,black,white]", "training.batch=48", "evaluation.copies=4"]


def interval(values):
    """95 %, Student's t over chips."""
    mean, error = values.mean(), values.std(ddof=1) / math.sqrt(len(values))
    half = stats.t.ppf(0.975, len(values) - 1) * error
    return max(mean - half, -1.0), mean, min(mean + half, 1.0)


def test_a_planted_effect_costs_most_and_intervals_are_those_of_the_chips(monkeypatch):
    scores = {}
    trained = assess._Bench.trained

    def recorded(self, rule, rates, chips, counts, what):
        right, progress = trained(self, rule, rates, chips, counts, what)
        scores[what] = right.mean(1)
        return right, progress

    monkeypatch.setattr(assess._Bench, "trained", recorded)
    noisy = ["hardware.device.read_noise_siemens=3e-5", "hardware.adc.bits=12", "hardware.only=[read_noise,adc]"]
    experiment = assess.question("taox-1t1r", "braille", chips=4, epochs=4, seed=0, settings=[*TINY, *noisy])
    told = []
    found = assess.assess(experiment, accuracy=0.999, watch=lambda *heard: told.append(heard))

    assert [effect["effect"] for effect in found["effects"]] == ["read_noise", "adc"]  # what is off is not listed
    worst, mild = found["effects"]
    assert worst["mean"] > 0.05 > abs(mild["mean"])
    for effect in found["effects"]:
        paired = scores[f"without {effect['effect']}"] - scores["the device"]
        if paired.std():
            assert (effect["low"], effect["mean"], effect["high"]) == pytest.approx(interval(paired), abs=1e-12)
    of_ideal = scores["the device"] - scores["ideal weights"]
    beside = found["difference"]["ideal"]
    assert (beside["low"], beside["mean"], beside["high"]) == pytest.approx(interval(of_ideal), abs=1e-12)
    assert found["accuracy"]["crossbar"]["mean"] == pytest.approx(scores["the device"].mean())
    assert found["good_enough"] == "no"

    # Four times the range makes the same noise a quarter.
    (need,) = found["needs"]
    assert need["quantity"] == "range" and [level["factor"] for level in need["levels"]] == [0.25, 0.5, 1.0]
    assert [level["value"] for level in need["levels"]] == pytest.approx([600e-6, 300e-6, 150e-6])
    assert need["levels"][0]["mean"] > need["levels"][2]["mean"]
    assert need["levels"][2]["mean"] == found["accuracy"]["crossbar"]["mean"]
    done, most, _ = told[-1]
    assert done + 1 == len(scores) <= most

    # Six words of 60 dots, 61 x 63 and 64 x 6 pairs, one batch of 48 samples in each of four epochs.
    life = found["life"]
    assert life["writes"] == 4
    assert life["mean_pulses_per_device"] >= 1  # all were programmed once


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ([0.9, 0.8, 0.7], None),  # not even at the best
        ([0.99, 0.97, 0.96], math.inf),
        ([0.99, 0.97, 0.93], 0.75),  # half of the way from 0.5 to 1
        ([0.99, 0.91, 0.80], 0.375),
    ],
)
def test_limits_are_where_straight_lines_cross(accuracies, expected):
    assert assess.tolerable([0.25, 0.5, 1.0], accuracies, 0.95) == (expected and pytest.approx(expected))


def test_even_devices_have_mixed_speeds_at_every_conductance():
    """dx/dn = (1 - share) mean + share own, up and down; the mean step stays."""
    linear = Memristor(1e-6, 11e-6, 0.2, LinearStep(0.04, 0.02, 0.9, 0.5))
    curved = Memristor(1e-6, 11e-6, 0.2, ExponentialStep(0.02, 0.03, 0.1, 0.2, 2.0, 1.5))
    x = jnp.linspace(0.1, 0.9, 9)
    for device, close in ((linear, 1e-6), (curved, 0.02)):
        mean = device.step_siemens / device.range_siemens
        mixed = with_nonlinearity(device, 0.25)
        for own, half in zip(device.response.speeds(x), mixed.response.speeds(x), strict=True):
            np.testing.assert_allclose(half, 0.75 * mean + 0.25 * np.asarray(own), rtol=close)
        assert with_nonlinearity(device, 1.0) is device
        assert nonlinearity(with_nonlinearity(device, 0.0)) == pytest.approx(0, abs=1e-6)
        assert nonlinearity(mixed) == pytest.approx(nonlinearity(device) / 4, rel=0.05)


def test_soft_bounds_are_uneven_by_one_step():
    """Steps from twice the mean one to none."""
    assert nonlinearity(Memristor(0.0, 1e-5, 0.2, LinearStep(0.04, 0.04, 1.0, 1.0))) == pytest.approx(1, rel=1e-6)


def test_quantities_scale_as_they_say():
    steps, scatter, _, span = assess.QUANTITIES
    for name in ("taox-1t1r", "neurosim-epiram", "aihwkit-reram-es"):
        device = devices.preset(name)
        for quantity, factor in ((steps, 0.5), (scatter, 2.0), (span, 0.5)):
            if quantity.value(device):
                assert quantity.value(quantity.scaled(device, 2.0)) == pytest.approx(factor * quantity.value(device))
        assert scatter.value(steps.scaled(device, 4.0)) == pytest.approx(scatter.value(device))
        assert span.scaled(device, 2.0).read_noise_siemens == device.read_noise_siemens


def test_a_page_and_a_table_come_out(ohmgrad_here, tmp_path, monkeypatch):
    found = {
        "title": "A device",
        "task": "braille",
        "chips": 10,
        "epochs": 40,
        "test_samples": 1024,
        "ranges": {},
        "accuracy": {arm: estimate(0.95) for arm in ("crossbar", "ideal", "backprop")},
        "difference": {arm: estimate(-0.02) for arm in ("ideal", "backprop")},
        "target": 0.96,
        "asked_for": 0.96,
        "good_enough": "no",
        "effects": [{"effect": "read_noise"} | estimate(0.01)],
        "needs": [
            {
                "quantity": "scatter of a pulse",
                "unit": "steps",
                "own": 0.4,
                "levels": [
                    {"factor": factor, "value": 0.4 * factor} | estimate(0.97 - 0.02 * factor) for factor in (0.5, 1)
                ],
                "limit": {
                    "low": {"reached": "nowhere"},
                    "mean": {"reached": "up to", "factor": 0.5, "value": 0.2},
                    "high": {"reached": "everywhere"},
                },
            }
        ],
        "life": {
            "writes": 320,
            "mean_pulses_per_device": 50.0,
            "most_pulses_per_device": 320.0,
            "endurance_pulses": 1e6,
            "trainings_of_the_mean_device": 20_000.0,
            "trainings_of_the_most_written": 3125.0,
        },
    }
    monkeypatch.setattr(assess, "assess", lambda *_: found)
    done = ohmgrad_here("devices", "assess", "taox-1t1r", "--out", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    shown = " ".join(done.stdout.split())
    for said in ("not good enough", "+1.0 [+0.0, +2.0]", "20,000 trainings, any device 3,100 or more"):
        assert said in shown and said in page
    said = "now 0.4 steps; needs 0.2 steps [not reachable, anything tried]"
    assert report.needed(found["needs"][0]) == said
    assert said in shown and said in page
    assert page.count("<svg") == 2
    told = json.loads(ohmgrad_here("devices", "assess", "taox-1t1r", "--json", cwd=tmp_path).stdout)
    assert told["page"] == "taox-1t1r-assess.html" and told["effects"] == found["effects"]


def estimate(mean):
    return {"mean": mean, "std": 0.01, "low": mean - 0.01, "high": mean + 0.01}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-device"], "unknown device preset"),
        (["taox-1t1r", "--out", "page.pdf"], "must end in .html"),
        (["taox-1t1r", "--chips", "1"], "greater than or equal to 2"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(ohmgrad_here, tmp_path, arguments, said):
    done = ohmgrad_here("devices", "assess", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr
    assert not list(tmp_path.iterdir())
