"""Oracle: the compact model driven pulse by pulse, beside the device that a preset makes of it."""

import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices, records
from ohmgrad.devices import compact
from ohmgrad.errors import InputError

FIELDS = {
    "title": "VTEAM",
    "citation": "test",
    "g_min_siemens": 1.0e-3,
    "g_max_siemens": 2.0e-2,
    "read_volts": 0.1,
    "response": {
        "kind": "compact",
        "model": "vteam",
        "pulses": 30,
        "up": {"volts": -0.7, "seconds": 1e-12},
        "down": {"volts": 0.6, "seconds": 1e-9},
    },
}


def test_a_device_from_a_compact_model_follows_its_pulses():
    device = records.check(devices.Device, FIELDS, "device").memristor()
    map_ = compact.pulse_map(compact.Vteam(), compact.Pulse(-0.7, 1e-12), compact.Pulse(0.6, 1e-9), 30, 0.1)
    assert map_.up_siemens[10] > 1.3 * map_.up_siemens[0]
    for pulses in (1, 7, 20):
        one = jnp.array(1.0)
        g_up, g_down = jnp.array(map_.up_siemens[0]), jnp.array(map_.down_siemens[0])
        for _ in range(pulses):
            up = device.response.after((g_up - 1e-3) / 1.9e-2, one, 0 * one)
            down = device.response.after((g_down - 1e-3) / 1.9e-2, 0 * one, one)
            g_up, g_down = 1e-3 + 1.9e-2 * up, 1e-3 + 1.9e-2 * down
        assert float(g_up) == pytest.approx(map_.up_siemens[pulses], rel=1e-3)
        assert float(g_down) == pytest.approx(map_.down_siemens[pulses], rel=1e-3)
    assert np.isfinite(device.step_siemens)


def test_pulses_that_do_nothing_and_unknown_parameters_are_refused():
    still = FIELDS | {"response": FIELDS["response"] | {"up": {"volts": -0.01, "seconds": 1e-9}}}
    with pytest.raises(InputError, match="do not move"):
        records.check(devices.Device, still, "device").memristor()
    strange = FIELDS | {"response": FIELDS["response"] | {"parameters": {"colour": 1.0}}}
    with pytest.raises(InputError, match="parameter of vteam"):
        records.check(devices.Device, strange, "device").memristor()
