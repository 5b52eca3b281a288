"""The arrays of a chip: size, devices, wires, converters, write scheme, and switches for single imperfections."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp

from ohmgrad.crossbar import tiles
from ohmgrad.crossbar.converters import Adc, Dac
from ohmgrad.crossbar.mapping import Direct, Mapping, Pair, Slices
from ohmgrad.crossbar.schemes import Exact, Layout, Scheme, SinglePulse, TikiTaka, WriteVerify
from ohmgrad.crossbar.wires import MAX_OHMS, Wires
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Memristor, Spread
from ohmgrad.errors import InputError, unknown
from ohmgrad.parts import COUNT, Number, Part, known, number, part, setting


class Hardware(Part):
    """The arrays of a chip, their wires and converters, and their write scheme.

    Inputs in [-1, 1] become row voltages of up to `device.read_volts`. Without `wires`, lines have no resistance. A
    `passive` array has no access transistors, and writes half-select. The ADC's full scale is set per weight matrix
    (`synapses.Crossbar`).

    A matrix occupies the upper left of its tiles. Cells without a weight are open; lines without weights are neither
    driven nor sensed.

    Raises:
        InputError: where a field is out of its range, or parts are incompatible.
    """

    device: Memristor
    rows: int = setting(64, "rows of an array", **COUNT)
    columns: int = setting(64, "columns of an array", **COUNT)
    mapping: Mapping = part(Pair(), "mapping of a weight to devices")
    dac: Dac = part(Dac(), "input converters")
    adc: Adc = part(Adc(), "output converters")
    wires: Wires | None = part(None, "resistance of lines; none: 0")
    access_ohms: Number | None = number(
        None, "resistance of the access transistor in series with each device", "ohm", off=0.0, ge=0, le=MAX_OHMS
    )
    passive: bool = setting(False, "no access transistors: writes half-select")
    write: Scheme = part(SinglePulse(), "write scheme")

    def __check_init__(self):
        if len(self.mapping.digits) > 1 and not self.write.supports_slices:
            raise InputError(
                "hardware.write.kind: weights in slices are written by write-verify; "
                "allowed with mapping slices: write-verify"
            )
        if self.device.one_sided and self.write.pulsed and self.mapping.devices == 1:
            raise InputError(
                "hardware.mapping: a one-sided device can only raise its conductance and needs a partner; "
                "allowed with pulsed writes: pair"
            )
        if self.device.one_sided and isinstance(self.write, TikiTaka):
            raise InputError("hardware.write.kind: tiki-taka needs devices that answer pulses both ways")
        if self.device.one_sided and isinstance(self.write, WriteVerify) and self.write.pulse_budget:
            raise InputError("hardware.write.pulse_budget: a one-sided device cannot be pulsed back; allowed: none")
        if isinstance(self.mapping, Pair) and isinstance(self.mapping.offset_siemens, float):
            room = self.device.range_siemens / 2
            if self.mapping.offset_siemens > room:
                raise InputError(
                    f"hardware.mapping.offset_siemens: {self.mapping.offset_siemens} is above half the range of the "
                    f"device; allowed: up to {room:.3g}, or auto"
                )
        if self.passive and self.access_ohms is not None:
            raise InputError("hardware.access_ohms: a passive array has no access transistor; allowed: 0")

    def __repr__(self) -> str:
        if not known(*jax.tree.leaves(self)):  # numbers of many chips, or of compiled code
            return super().__repr__()
        device, write = self.device, type(self.write).__name__
        low, high, step = (1e6 * float(x) for x in (device.g_min_siemens, device.g_max_siemens, device.step_siemens))
        wires = "no resistance of wires" if self.wires is None else repr(self.wires)
        access = "passive" if self.passive else "access transistors"
        if self.access_ohms is not None:
            access += f" of {float(self.access_ohms):g} ohm"
        off = [effect for effect, without in _OFF.items() if without(self) == self]
        lines = [
            f"Hardware: arrays of {self.rows} x {self.columns}, {access}, {wires}",
            f"device: {low:g} to {high:g} µS, {step:.3g} µS a pulse at mid-range ({type(device.response).__name__})",
            f"mapping: {self.mapping!r}; write: {write}",
            f"converters: {_bits(self.dac)} DAC, {_bits(self.adc)} ADC",
            f"effects that are off: {', '.join(off) or 'none'}",
        ]
        return "\n  ".join(lines)

    def layout(self, weight_max: Number, shape: tuple[int, int]) -> Layout:
        """How the devices represent a weight matrix.

        Args:
            weight_max: The largest weight.
            shape: Rows and columns of the matrix.
        """
        passive_cells = tiles.used_cells(shape, self.simulated(shape)).astype(jnp.float32) if self.passive else None
        return Layout(self.device, self.mapping, weight_max, passive_cells)

    @property
    def resets_pairs(self) -> bool:
        """Whether pairs are reset when one of their devices, which only rise, is nearly full (`Layout.refreshed`)."""
        return self.device.one_sided and self.mapping.devices == 2

    def tiles(self, shape: tuple[int, int]) -> int:
        """Number of tiles for a weight matrix of this shape; a tile has all arrays of the mapping."""
        return tiles.count(shape[0], self.rows) * tiles.count(shape[1], self.columns)

    def simulated(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of each tile that are simulated for a weight matrix of this shape."""
        rows, columns = tiles.simulated(shape[0], self.rows), tiles.simulated(shape[1], self.columns)
        # With wires, the position of the reference column, at the end of the array, matters.
        return rows, self.columns if self.mapping.reference and self.wires is not None else columns

    def cells_used(self, shape: tuple[int, int]) -> float:
        """Share of the cells of a weight matrix's tiles that hold weights; all others are open."""
        return shape[0] * shape[1] / (self.tiles(shape) * self.rows * self.columns)

    def without(self, *effects: str) -> "Hardware":
        """Switch off effects, named as in `EFFECTS`.

        Raises:
            InputError: for an unknown effect; names the most similar one.
        """
        hardware = self
        for effect in effects:
            if effect not in _OFF:
                raise unknown("hardware effect", effect, EFFECTS)
            hardware = _OFF[effect](hardware)
        return hardware

    def only(self, *effects: str) -> "Hardware":
        """Switch off all effects but these, named as in `EFFECTS`.

        Raises:
            InputError: for an unknown effect; names the most similar one.
        """
        for effect in effects:
            if effect not in _OFF:
                raise unknown("hardware effect", effect, EFFECTS)
        return self.without(*(effect for effect in EFFECTS if effect not in effects))

    def check_signs(self, low: float | None) -> None:
        """Raises InputError where weights, of this lower bound (None: of either sign), lack devices for one sign."""
        if isinstance(self.mapping, Direct) and (low is None or low < 0):
            raise InputError(
                "hardware.mapping.kind: direct devices hold no negative weights; allowed: pair, single, slices"
            )

    def check_fits(self, shapes: Sequence[tuple[int, int]], array_pairs: int) -> None:
        """Check that a chip has enough tiles.

        Args:
            shapes: Rows and columns of each weight matrix.
            array_pairs: Tiles of the chip.

        Raises:
            InputError: where the matrices need more tiles; names the first layer that does not fit.
        """
        needed = [self.tiles(shape) for shape in shapes]
        if sum(needed) > array_pairs:
            layer = next(layer for layer in range(len(shapes)) if sum(needed[: layer + 1]) > array_pairs)
            left = array_pairs - sum(needed[:layer])
            raise InputError(
                f"layer {layer + 1} ({shapes[layer][0]} x {shapes[layer][1]} with its bias row) needs {needed[layer]} "
                f"tile(s) of {self.rows} x {self.columns} arrays, {left} of hardware.array_pairs = {array_pairs} are "
                f"left; all layers need {sum(needed)}; allowed: array_pairs from {sum(needed)}"
            )


def _bits(converter: Dac | Adc) -> str:
    return "exact" if converter.bits is None else f"{converter.bits}-bit, {converter.range}"


def _device(**changes) -> Callable[[Hardware], Hardware]:
    return lambda hardware: replace(hardware, device=replace(hardware.device, **changes))


def _any_size(hardware: Hardware) -> Hardware:
    """Write without granularity: fractional pulses, or every device programmed at every write, to any level."""
    scheme = Exact() if hardware.write.pulsed else WriteVerify()
    if isinstance(hardware.mapping, Slices):
        hardware = replace(hardware, mapping=replace(hardware.mapping, rounded=False))
    device = replace(hardware.device, verify_tolerance_siemens=0.0, levels=None)
    return replace(hardware, write=scheme, device=device)


_OFF: dict[str, Callable[[Hardware], Hardware]] = {
    "dac": lambda hardware: replace(hardware, dac=Dac(None)),
    "adc": lambda hardware: replace(hardware, adc=Adc(None)),
    "read_noise": _device(read_noise_siemens=None, flicker=None),
    "bent_current": _device(cubic_per_square_volt=None),
    "wires": lambda hardware: replace(hardware, wires=None, access_ohms=None),
    "write_error": _device(write_error=None),
    "write_granularity": _any_size,
    "uneven_steps": lambda hardware: replace(hardware, device=hardware.device.ideal_response()),
    "pulse_scatter": lambda hardware: replace(hardware, device=hardware.device.without_scatter()),
    "device_spread": _device(spread=Spread()),
    "faults": _device(faults=Faults()),
    "aging": _device(aging=None),
    "half_select": _device(half_select=None),
    "conductance_bounds": _device(bounded=False),
}
EFFECTS = tuple(_OFF)
"""Names of the imperfections that can each be switched off alone."""
