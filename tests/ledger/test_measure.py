"""Oracle: counters of known content in the library's place, and this machine as it is."""

from types import SimpleNamespace

import pytest
from zeus import monitor

from ohmgrad.errors import InputError
from ohmgrad.ledger.measure import Meter


class FakeMonitor:
    """zeus's monitor of one GPU and one processor whose counters rise by known joules in every window."""

    def __init__(self):
        self.gpu_indices, self.cpu_indices = [0], [0]
        self.open: list[str] = []
        self.cancelled: list[str] = []

    def begin_window(self, key, sync_execution):
        self.open.append(key)

    def end_window(self, key, sync_execution, cancel=False):
        self.open.remove(key)
        if cancel:
            self.cancelled.append(key)
        return SimpleNamespace(time=2.0, gpu_energy={0: 30.0}, cpu_energy={0: 8.0}, dram_energy={0: 1.5})


@pytest.fixture
def counters(monkeypatch):
    monkeypatch.setattr(monitor, "ZeusMonitor", FakeMonitor)


def test_a_window_adds_up_all_devices_and_says_which(counters):
    meter = Meter()
    with meter.window("ideal"):
        pass
    found = meter.as_dict()
    assert found["status"] == "measured"
    assert found["windows"]["ideal"]["joules"] == 39.5  # zeus's own total is that of the GPU alone
    assert found["windows"]["ideal"]["by_device"] == {"gpu0": 30.0, "cpu0": 8.0, "dram0": 1.5}
    for said in ("GPU 0 (NVML or AMD SMI)", "processor 0 (RAPL)", "39.5 J in 2 s", "not of the chip's work"):
        assert said in found["sentence"]


def test_a_window_left_by_an_error_leaves_nothing(counters):
    meter = Meter()
    with pytest.raises(KeyboardInterrupt), meter.window("ideal"):
        raise KeyboardInterrupt
    assert meter.windows == {} and meter._monitor.cancelled == ["ideal"]


def test_without_a_counter_nothing_is_called_measured(monkeypatch):
    """The machine's own counters: none here, or real ones, and then real joules."""
    meter = Meter()
    with meter.window("ideal"):
        sum(range(10**6))
    found = meter.as_dict()
    if meter.counters:
        assert found["status"] == "measured" and found["windows"]["ideal"]["seconds"] > 0
    else:
        assert found["status"] == "not measured" and "windows" not in found
        assert "no energy counter" in found["sentence"]


def test_a_missing_library_is_said_in_one_sentence(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "zeus.monitor", None)
    with pytest.raises(InputError, match=r"ohmgrad\[measure\]"):
        Meter()
