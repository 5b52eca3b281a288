"""Verbs in, joules out: the same counts priced on a chip and on a graphics processor."""

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.figure import Figure
from ohmgrad.ledger.bill import ZERO, Bill, Line, Range
from ohmgrad.ledger.machines import Chip, Gpu


def price_chip(counts: Counts, chip: Chip, dac_bits: int, adc_bits: int) -> Bill:
    """What the verbs cost on a crossbar chip, everything one after another.

    Cells: V^2 G t of every cell at the inputs and conductances it really had. Writes: V^2 G t per pulse with the mean
    of the conductances before and after (as NeuroSim has it). Clocks, control and leakage are not priced.
    Raises InputError for converter bits that the chip has no figure for.
    """
    if adc_bits not in chip.adc_joules:
        known = ", ".join(map(str, sorted(chip.adc_joules)))
        raise InputError(f"hardware.adc.bits: the chip prices converters of {known} bits, not {adc_bits}")
    adc = chip.adc_joules[adc_bits]
    conditions = f"{dac_bits}-bit DAC, {adc_bits}-bit ADC, time of reads and writes only, one after another"
    return Bill(chip.title, conditions, (*_reading(counts, chip, dac_bits, adc), *_writing(counts, chip, adc)))


def _reading(counts: Counts, chip: Chip, dac_bits: int, adc: Figure) -> tuple[Line, ...]:
    """What vectors through arrays, and the neurons behind them, cost."""
    read = Range.of(chip.read_seconds)
    dac_joules = Range.of(chip.dac_one_bit_joules).times(2.0 ** (dac_bits - 1) * counts.dac_conversions)
    adc_seconds = Range.of(chip.adc_seconds).times(chip.columns_per_adc * counts.reads)
    cells_joules, read_seconds = read.times(counts.read_watts), read.times(counts.reads)
    adc_joules = Range.of(adc).times(counts.adc_conversions)
    neuron_joules = Range.of(chip.neuron_joules).times(counts.neuron_updates)
    return (
        _line("cells", "read", counts.reads, cells_joules, read_seconds, chip.read_seconds),
        _line("DAC", "convert", counts.dac_conversions, dac_joules, ZERO, chip.dac_one_bit_joules),
        _line("ADC", "convert", counts.adc_conversions, adc_joules, adc_seconds, adc),
        _line("neurons", "update", counts.neuron_updates, neuron_joules, ZERO, chip.neuron_joules),
    )


def _writing(counts: Counts, chip: Chip, adc: Figure) -> tuple[Line, ...]:
    """What deciding and firing pulses, and programming cells, cost; a row takes both polarities one after another."""
    read, pulse, volts = Range.of(chip.read_seconds), Range.of(chip.pulse_seconds), Range.of(chip.pulse_volts)
    tries = Range.of(chip.pulses_per_program)
    per_siemens = volts.times(volts).times(pulse)
    sum_joules = Range.of(chip.update_mac_joules).times(counts.update_macs)
    pulse_joules, pulse_seconds = per_siemens.times(counts.pulse_siemens), pulse.times(2 * counts.pulsed_rows)
    program_joules = per_siemens.times(tries).times(counts.program_siemens)
    program_seconds = tries.times(counts.programmed_rows).times(pulse.plus(read))
    verifications = tries.times(counts.programs)
    return (
        _line("accumulator", "sum", counts.update_macs, sum_joules, ZERO, chip.update_mac_joules),
        _line("cells", "pulse", counts.pulses, pulse_joules, pulse_seconds, chip.pulse_seconds),
        _line("cells", "program", counts.programs, program_joules, program_seconds, chip.pulses_per_program),
        _line("ADC", "verify", verifications.nominal, Range.of(adc).times(verifications), ZERO, adc),
    )


def _line(component: str, action: str, count: float, joules: Range, seconds: Range, figure: Figure) -> Line:
    return Line(component, action, float(count), joules, seconds, figure.source, figure.basis)


def price_gpu(counts: Counts, gpu: Gpu, batch: int) -> Bill:
    """The same verbs as batched kernels on a graphics processor.

    Low: every operation at peak throughput and full power, which small matrices never reach. Nominal and high: kernels
    of this size are bound by their launches, so time is kernels x launch time, at the stated share of full power
    (nominal) or all of it (high).
    """
    peak, watts = Range.of(gpu.peak_flops), Range.of(gpu.watts)
    computing = Range(1.0, 1.0, 1.0).over(peak).times(2 * counts.macs)
    launches = Range.of(gpu.kernels_per_call).times(counts.calls)
    launching = launches.times(Range.of(gpu.launch_seconds))._replace(low=0.0)
    idling = launching.times(Range.of(gpu.small_kernel_power))
    seconds = Range(*map(max, computing, launching))
    joules = Range(*map(max, computing, idling)).times(watts)
    utilisation = computing.nominal / seconds.nominal if seconds.nominal else 0.0
    figure = gpu.launch_seconds
    source = f"launches: {figure.source}; power: {gpu.small_kernel_power.source}; peak: {gpu.peak_flops.source}"
    line = Line("GPU", "kernels", launches.nominal, joules, seconds, source, figure.basis)
    conditions = f"{gpu.precision}, batch {batch}, utilisation {utilisation:.2%} (nominal), 100 % (low)"
    return Bill(gpu.title, conditions, (line,))
