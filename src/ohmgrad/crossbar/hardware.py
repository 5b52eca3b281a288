"""What an array is made of and which of its imperfections are switched on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import equinox as eqx

from ohmgrad.crossbar import tiles
from ohmgrad.devices import Memristor
from ohmgrad.errors import InputError, unknown

Effect = Literal["dac", "adc", "read_noise", "write_error", "write_granularity", "conductance_bounds"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
Scheme = Literal["pulse", "write-verify"]


class Hardware(eqx.Module):
    """Arrays of `rows` x `columns` devices in pairs, their converters and how they are written.

    Inputs in [-1, 1] become row voltages of up to `device.read_volts`. `pair_offset_siemens` is how far above its
    lowest conductance each device of a pair stands at weight zero. The ADC's full scale is given per layer, with
    its weights (`synapses.Crossbar`).
    """

    device: Memristor
    rows: int = 64
    columns: int = 64
    pair_offset_siemens: float = 40e-6
    dac_bits: int | None = 8
    adc_bits: int | None = 8
    write_scheme: Scheme = "pulse"

    def pairs(self, shape: tuple[int, int]) -> int:
        """Pairs of arrays that a weight matrix of this shape takes."""
        return tiles.count(shape[0], self.rows) * tiles.count(shape[1], self.columns)

    def without(self, *effects: Effect) -> "Hardware":
        """The same hardware with these effects switched off.

        Raises InputError for an effect that does not exist, naming the nearest.
        """
        device, dac_bits, adc_bits = self.device, self.dac_bits, self.adc_bits
        for effect in effects:
            match effect:
                case "dac":
                    dac_bits = None
                case "adc":
                    adc_bits = None
                case "read_noise":
                    device = replace(device, read_noise_siemens=0.0)
                case "write_error":
                    device = replace(device, write_error_siemens=0.0)
                case "write_granularity":
                    device = replace(device, pulse_step_siemens=0.0, verify_tolerance_siemens=0.0)
                case "conductance_bounds":
                    device = replace(device, bounded=False)
                case _:
                    raise unknown("hardware effect", effect, EFFECTS)
        return replace(self, device=device, dac_bits=dac_bits, adc_bits=adc_bits)

    def only(self, *effects: Effect) -> "Hardware":
        """The same hardware with every effect switched off but these."""
        for effect in effects:
            if effect not in EFFECTS:
                raise unknown("hardware effect", effect, EFFECTS)
        others: list[Effect] = [effect for effect in EFFECTS if effect not in effects]
        return self.without(*others)

    def check_fits(self, shapes: Sequence[tuple[int, int]], array_pairs: int) -> None:
        """Raises InputError, naming the layer, where the matrices need more pairs of arrays than there are."""
        left = array_pairs
        for layer, shape in enumerate(shapes, start=1):
            needed = self.pairs(shape)
            if needed > left:
                raise InputError(
                    f"layer {layer} ({shape[0]} x {shape[1]} with its bias row) needs {needed} pair(s) of "
                    f"{self.rows} x {self.columns} arrays but {left} of hardware.array_pairs = {array_pairs} are left"
                )
            left -= needed
