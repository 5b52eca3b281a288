"""Expected counts of operations on arrays, before any training: conversions exactly, powers and pulses as ranges.

Low and high are bounds for inputs within [-1, 1], where converters clip. The assumptions behind nominal values are
documented where they are defined; `tests/ledger/test_nominal.py` compares them with real trainings.
"""

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar import tiles
from ohmgrad.crossbar.hardware import Hardware
from ohmgrad.crossbar.reading import edges
from ohmgrad.crossbar.schemes import Region
from ohmgrad.quantity import Range

ACTIVITIES = Range(0.0, 0.15, 1.0)
"""Mean square of activities. Nominal: measured in trainings of `braille`; bounds: silence and full scale."""
_FILLED = 1 / 3
"""Mean position of one-sided devices in their range; they only rise until their pair is reset."""
_DEVIATIONS = 5
"""Standard deviations of device-to-device variation that the bound of the highest conductance allows for."""


def verb(hardware: Hardware, asked: Verb, drive: Range = ACTIVITIES) -> Counts:
    """Expected counts of calls of a verb, without their multiply-accumulates.

    Args:
        hardware: The arrays of the matrix.
        asked: The calls of one kind and shape.
        drive: Mean square of the numbers that a read drives.
    """
    if asked.kind != "write":
        return _read(hardware, asked, drive)
    region = _region(hardware, asked.rows, asked.columns)
    counts = hardware.write.expected(region, asked)
    return counts.plus(region.refreshed(asked)) if hardware.resets_pairs else counts


def programming(hardware: Hardware, shape: tuple[int, int]) -> Counts:
    """Expected counts of programming initial weights: every device of a matrix once, from its lowest conductance."""
    region = _region(hardware, *shape)
    low, nominal, high = region.siemens
    return Counts(
        programs=region.devices,
        program_siemens=Range(low, nominal / 2, high) * region.devices,
        programmed_rows=region.rows,
    )


def siemens(hardware: Hardware) -> Range:
    """Mean conductance over devices and a training, in siemens."""
    device = hardware.device
    nominal = hardware.mapping.nominal_siemens(device)
    if device.one_sided:
        nominal = device.g_min_siemens + _FILLED * device.range_siemens
    beyond = _DEVIATIONS * (device.spread.g_max or 0.0) * device.range_siemens
    return Range(0.0, float(nominal), float(device.g_max_siemens + beyond))


def _region(hardware: Hardware, rows: int, columns: int) -> Region:
    """The devices that writes of a matrix address."""
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
    """Counts of reads, forward or transposed; with bound management, each repetition takes a quarter of the power."""
    device, lines = hardware.device, edges(hardware, (asked.rows, asked.columns), asked.kind == "read_transposed")
    vectors = asked.times * asked.vectors * hardware.dac.reads
    again = hardware.dac.max_halvings if hardware.adc.reads_again else 0
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
    """Watts of the reference columns, one per tile; in transposed reads they are driven with the sum of all inputs."""
    if asked.kind == "read_transposed":
        driven = min(asked.columns, hardware.columns)
        drive = Range(0.0, drive.nominal * driven, float(driven) ** 2)
    devices = asked.rows * tiles.count(asked.columns, hardware.columns)
    return siemens(hardware) * drive * float(hardware.device.read_volts**2 * devices)
