"""What arrays will count on top of shapes: conversions exactly, powers and pulses with a low, a nominal and a high.

Bounds hold for inputs within [-1, 1], which converters see to. The assumptions behind nominal values stand beside the
parts that they are about, and are held to real trainings by `tests/ledger/test_nominal.py`.
"""

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar import tiles
from ohmgrad.crossbar.hardware import Hardware
from ohmgrad.crossbar.reading import edges
from ohmgrad.crossbar.schemes import Region
from ohmgrad.quantity import Range

ACTIVITIES = Range(0.0, 0.15, 1.0)
"""Mean square of activities: about what a training of `braille` has, between silence and full scale."""
_FILLED = 1 / 3
"""Of the range of a one-sided device, on average: it can only rise until its pair is reset."""
_DEVIATIONS = 5
"""By which a device's highest conductance may lie above the nominal one, for the bound."""


def verb(hardware: Hardware, asked: Verb, drive: Range = ACTIVITIES) -> Counts:
    """What a verb counts beside its arithmetic.

    Args:
        hardware: the arrays that its matrix stands on.
        asked: the calls of one kind and shape.
        drive: of a read, the mean square of the numbers that it drives.
    """
    if asked.kind != "write":
        return _read(hardware, asked, drive)
    region = _region(hardware, asked.rows, asked.columns)
    return hardware.write.expected(region, asked).plus(region.refreshed(asked))


def programming(hardware: Hardware, shape: tuple[int, int]) -> Counts:
    """What programming the first weights counts: every device of a matrix once, from its lowest conductance."""
    region = _region(hardware, *shape)
    low, nominal, high = region.siemens
    return Counts(
        programs=region.devices,
        program_siemens=Range(low, nominal / 2, high) * region.devices,
        programmed_rows=region.rows,
    )


def siemens(hardware: Hardware) -> Range:
    """What a device conducts, on average over devices and a training."""
    device = hardware.device
    rest = hardware.mapping.rest(device)
    if device.one_sided:
        rest = device.g_min_siemens + _FILLED * device.range_siemens
    beyond = _DEVIATIONS * (device.spread.g_max or 0.0) * device.range_siemens
    return Range(0.0, float(rest), float(device.g_max_siemens + beyond))


def _region(hardware: Hardware, rows: int, columns: int) -> Region:
    """The devices of a matrix as writes meet them, on the cells that it uses."""
    height, width = min(rows, hardware.rows), min(columns, hardware.columns)
    return Region(
        hardware.device,
        float(rows * columns * hardware.mapping.devices),
        siemens(hardware),
        float(height + width - 2) if hardware.passive else 0.0,
        float(height),
        float(tiles.count(rows, hardware.rows) * columns),
    )


def _read(hardware: Hardware, asked: Verb, drive: Range) -> Counts:
    """Forward or transposed; a converter that clips may read again with smaller inputs, each time at less power."""
    device, lines = hardware.device, edges(hardware, (asked.rows, asked.columns), asked.kind == "read_transposed")
    vectors = asked.times * asked.vectors * hardware.dac.reads
    again = hardware.dac.most_halvings if hardware.adc.reads_again else 0
    reads = Range(vectors, vectors, vectors * (1 + again)) if again else vectors
    bend = max(device.cubic_per_square_volt or 0.0, 0.0) * device.read_volts**2
    devices = asked.rows * asked.columns * hardware.mapping.devices
    watts = siemens(hardware) * drive * float(device.read_volts**2 * devices * vectors)
    watts = watts._replace(high=watts.high * (1 + bend) * (4 / 3 if again else 1))
    if hardware.mapping.reference:
        watts += _reference(hardware, asked, drive) * vectors
    return Counts(
        reads=reads, dac_conversions=reads * lines.driven, adc_conversions=reads * lines.sensed, read_watts=watts
    )


def _reference(hardware: Hardware, asked: Verb, drive: Range) -> Range:
    """Watts of the columns of reference devices, one on every tile; transposed, driven with the sum of all inputs."""
    if asked.kind == "read_transposed":
        driven = min(asked.columns, hardware.columns)
        drive = Range(0.0, drive.nominal * driven, float(driven) ** 2)
    devices = asked.rows * tiles.count(asked.columns, hardware.columns)
    return siemens(hardware) * drive * float(hardware.device.read_volts**2 * devices)
