"""What the package hands out: every public room lists its names, and has them."""

import importlib

import pytest

import ohmgrad
from ohmgrad import crossbar, devices

ROOMS = [
    *(
        f"ohmgrad.{name}"
        for name in ohmgrad.__all__
        if name[0].islower() and name not in ("run", "load", "calibrate", "parts")
    ),
    *("ohmgrad.crossbar.schemes", "ohmgrad.devices.compact", "ohmgrad.devices.fit", "ohmgrad.intervals"),
    *("ohmgrad.counts", "ohmgrad.quantity", "ohmgrad.errors", "ohmgrad.variants", "ohmgrad_limits"),
]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_its_public_names_and_has_them(room):
    module = importlib.import_module(room)
    names = module.__all__
    assert len(names) == len(set(names)) and not any(name.startswith("_") for name in names)
    for name in names:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError):
        module.no_such_name  # noqa: B018


def test_users_words_are_where_they_are_looked_for():
    from ohmgrad.data import ArrayTask, LabelledImages, Task
    from ohmgrad.devices import Memristor, Response
    from ohmgrad.rules import free_phase

    assert issubclass(ArrayTask, Task) and issubclass(LabelledImages, Task)
    assert isinstance(devices.preset("taox-1t1r"), Memristor)
    assert isinstance(devices.preset("taox-1t1r").response, Response) and callable(free_phase)
    assert set(ohmgrad.__all__) <= set(dir(ohmgrad)) and issubclass(ohmgrad.InputError, Exception)


def test_hardware_says_what_it_is():
    device = devices.preset("taox-1t1r")  # 0 to 150 µS, steps of 4 µS
    shown = repr(crossbar.Hardware(device, 32, 16, wires=crossbar.Wires(1.0, 2.5), access_ohms=1000.0).without("adc"))
    for words in (
        "32 x 16",
        "0 to 150 µS",
        "4 µS a pulse",
        "row_ohms=1.0",
        "1000 ohm",
        "8-bit, fixed DAC",
        "exact ADC",
    ):
        assert words in shown, words
    off = next(each for each in shown.splitlines() if "effects that are off" in each)
    assert "adc" in off and "faults" in off and "dac" not in off and "wires" not in off
    assert len(shown.splitlines()) <= 6
