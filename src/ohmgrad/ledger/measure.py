"""Energy that this computer uses, measured by its energy counters through zeus; nothing is estimated.

zeus rather than codecarbon: where a counter is missing, codecarbon falls back on rated power, and an estimate would
pass for a measurement.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ohmgrad.errors import InputError

_NONE = (
    "nothing: this machine has no energy counter that can be read (NVML or AMD SMI of a GPU; RAPL of a processor, "
    "which may need the right to read it)"
)


class Meter:
    """Measures joules and seconds of named windows, by device. Without a counter it measures nothing and says so.

    Raises:
        InputError: where zeus is not installed.
    """

    def __init__(self) -> None:
        try:
            from zeus.monitor import ZeusMonitor
        except ImportError:
            raise InputError("`measure` reads counters through zeus: pip install 'ohmgrad[measure]'") from None
        self._monitor: Any = ZeusMonitor()
        self.counters = [f"GPU {index} (NVML or AMD SMI)" for index in self._monitor.gpu_indices]
        self.counters += [f"processor {index} (RAPL)" for index in self._monitor.cpu_indices]
        self.windows: dict[str, dict] = {}

    @contextmanager
    def window(self, name: str) -> Iterator[None]:
        """A context whose energy and time are recorded under `name`, unless it raises an error."""
        if not self.counters:
            yield
            return
        self._monitor.begin_window(name, sync_execution=False)
        try:
            yield
        except BaseException:
            self._monitor.end_window(name, sync_execution=False, cancel=True)
            raise
        self.windows[name] = _read(self._monitor.end_window(name, sync_execution=False))

    def as_dict(self) -> dict:
        """The result for JSON: counters, joules and seconds of each window, and a sentence for people."""
        if not self.counters:
            return {"status": "not measured", "counters": [], "sentence": _NONE}
        parts = [f"{name} {w['joules']:.4g} J in {w['seconds']:.4g} s" for name, w in self.windows.items()]
        counters = f"counters: {', '.join(self.counters)}"
        sentence = f"{'; '.join(parts)}; {counters}; of this machine's simulation, not of the chip's work"
        return {"status": "measured", "counters": self.counters, "windows": self.windows, "sentence": sentence}


def _read(measurement: Any) -> dict:
    """Joules and seconds of a window; zeus's total would leave out CPUs and memory."""
    by_device = {f"gpu{index}": joules for index, joules in measurement.gpu_energy.items()}
    by_device |= {f"cpu{index}": joules for index, joules in (measurement.cpu_energy or {}).items()}
    by_device |= {f"dram{index}": joules for index, joules in (measurement.dram_energy or {}).items()}
    return {"joules": sum(by_device.values()), "seconds": measurement.time, "by_device": by_device}
