"""Advice from an atlas: against plain means, and on made-up atlases whose best option is known."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ohmgrad import devices
from ohmgrad.devices import LinearStep, Memristor, Spread
from ohmgrad.errors import InputError
from ohmgrad.studies.advice import Advisor, figures


def atlas(accuracy, positions, options=("quiet", "noisy"), tasks=("words",)) -> tuple[Any, dict]:
    """An atlas in which `accuracy(option, position)` is known, and the devices' figures: one position."""
    rows = [
        {"device": f"d{place}", "rule": option, "network": "n", "scheme": "s", "task": task, "joules": 1.0}
        | {"accuracy": accuracy(option, position)}
        for place, position in enumerate(positions)
        for option in options
        for task in tasks
    ]
    return pd.DataFrame(rows), {f"d{place}": {"noise": position} for place, position in enumerate(positions)}


def expected(advisor, position, task="words") -> Any:
    """The choices for a device at a position."""
    return advisor.choices({"noise": position}, task)


def crossing(option, position):
    """One option is better for small positions, the other for large ones."""
    return 0.9 - 0.3 * position if option == "quiet" else 0.6 + 0.2 * position


def test_an_infinite_width_gives_plain_means_and_a_narrow_one_the_nearest_device():
    table, known = atlas(crossing, [0.0, 0.5, 1.0])
    advisor = Advisor(table, known)
    advisor.width = math.inf
    means = expected(advisor, 0.1, "words").set_index("rule")["accuracy"]
    assert means["quiet"] == pytest.approx(np.mean([crossing("quiet", p) for p in (0.0, 0.5, 1.0)]))
    advisor.width = 0.05
    nearest = expected(advisor, 0.1, "words").set_index("rule")["accuracy"]
    assert nearest["quiet"] == pytest.approx(crossing("quiet", 0.0), abs=1e-6)


def test_weights_are_those_of_the_docstring():
    positions = [0.0, 0.4, 1.0, 1.5]
    table, known = atlas(crossing, positions)
    advisor = Advisor(table, known)
    advisor.width = 0.8
    scaled = (np.array(positions) - 0.7) / np.std(positions)
    weights = np.exp(-(scaled**2) / (2 * 0.8**2))
    for rule, mean in expected(advisor, 0.7, "words").set_index("rule")["accuracy"].items():
        values = np.array([crossing(rule, position) for position in positions])
        assert mean == pytest.approx((weights * values).sum() / weights.sum())


def test_the_first_choice_changes_where_the_best_option_does():
    table, known = atlas(crossing, np.linspace(0, 1, 9), tasks=("words", "digits"))
    advisor = Advisor(table, known)
    assert expected(advisor, 0.05, "words")["rule"][0] == "quiet"
    assert expected(advisor, 0.95, "digits")["rule"][0] == "noisy"
    assert advisor.score.near_best == 1.0
    assert advisor.score.residual < 0.1
    assert [name for name, _ in advisor.nearest({"noise": 0.99}, 2)] == ["d8", "d7"]


def test_the_score_of_accuracies_without_a_pattern_is_that_of_guessing():
    drawn, options = np.random.default_rng(0), [f"o{number}" for number in range(10)]
    table, known = atlas(lambda *_: drawn.uniform(0, 1), np.linspace(0, 1, 20), options)
    assert Advisor(table, known).score.near_best < 0.4


def test_intervals_hold_the_accuracy_of_devices_left_out():
    drawn = np.random.default_rng(1)
    noisy = {}

    def accuracy(option, position):
        return noisy.setdefault((option, position), crossing(option, position) + 0.02 * drawn.standard_normal())

    positions = np.linspace(0, 1, 16)
    table, known = atlas(accuracy, positions)
    inside = []
    for place, position in enumerate(positions):
        rest = table[table["device"] != f"d{place}"]
        first = expected(Advisor(rest, known), position).iloc[0]
        inside.append(first["low"] <= accuracy(first["rule"], position) <= first["high"])
    assert np.mean(inside) > 0.8


def test_two_devices_are_too_few():
    with pytest.raises(InputError, match="at least 3"):
        Advisor(*atlas(crossing, [0.0, 1.0]))


def test_figures_of_a_preset():
    """Conductances of 1 and 50.2 units (Chen et al., IEDM 2017, EpiRAM), with its nominal noise of a pulse."""
    preset = devices.load("neurosim-epiram")
    found = figures(preset.memristor())
    ratio = preset.g_max_siemens.nominal / preset.g_min_siemens.nominal
    assert ratio == pytest.approx(50.2, rel=0.01)
    assert 10 ** found["on/off ratio"] == pytest.approx(ratio)
    assert found["read noise"] == -4, "it has none: the floor"


def test_figures_of_a_device_of_plain_numbers():
    device = Memristor(
        1e-6,
        101e-6,
        0.2,
        LinearStep(0.02, 0.02),
        step_noise=0.3,
        pulse_noise_siemens=0.8e-6,
        write_error=(1e-6, 0.02),
        read_noise_siemens=1e-6,
        spread=Spread(step=0.2),
    )
    found = figures(device)
    assert 10 ** found["on/off ratio"] == pytest.approx(101)
    assert 10 ** found["steps over the range"] == pytest.approx(50)
    assert 10 ** found["unevenness of steps"] == pytest.approx(0.1, abs=1e-3)
    assert 10 ** found["scatter of a pulse"] == pytest.approx(0.1 + 0.5)  # 0.3 and 0.4 steps of 2 uS
    assert found["spread of steps"] == pytest.approx(0.2)
    assert 10 ** found["read noise"] == pytest.approx(0.01)
    assert 10 ** found["write error"] == pytest.approx(0.0202)  # 1 uS + 0.02 x 51 uS, of 100 uS


def test_figures_of_all_presets_are_finite():
    for name in devices.names():
        assert all(map(math.isfinite, figures(devices.load(name).memristor()).values())), name
