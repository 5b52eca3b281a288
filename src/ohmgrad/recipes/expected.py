"""What crossbars will count on top of shapes: conversions exactly, powers and pulses as expectations with bounds.

Imports no JAX. Bounds hold for inputs within [-1, 1], which converters see to.
"""

from collections.abc import Sequence

from ohmgrad.counts import Counts, Verb
from ohmgrad.figure import Range
from ohmgrad.recipes import work
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.hardware import Effect, HardwareSettings
from ohmgrad.recipes.work import Work
from ohmgrad.records import AUTO

_MEAN_SQUARE = Range(0.0, 0.15, 1.0)
"""Of activities: about what a training of `braille` has, between silence and full scale."""
_IMAGE_MEAN_SQUARE = Range(0.0, 0.1, 1.0)
"""Of pixels: 0.1 is MNIST's."""
_FILLED = 1 / 3
"""Of the range of a one-sided device, on average: it can only rise until its pair is reset."""
_RESET = 0.002
"""Share of one-sided devices that are programmed anew after a write: about what a training of `braille` has."""
_NODE_MEAN_SQUARE = 0.06
"""Of the volts across the devices of a resistive network: about what a training of `mnist-resistive-epiram` has."""
_TURNS = Range(0.0, 4.0, 20.0)
"""Turns of pulses and reads for each pulse of a budget (nominally of ten at most): read noise makes cells that were
done seem off again, so there are more than the budget; about what a training of `braille` has; 20 is assumed."""
_TOUCHED = {
    **dict.fromkeys(("single-pulse", "exact", "error-aware", "tiki-taka"), 0.1),
    **dict.fromkeys(("pulse-count", "mixed-precision", "write-verify"), 0.02),
    "manhattan": 1.0,
}
"""Share of devices that a write touches, nominally: about what a training of `braille` has, between none and all."""
_MOVED = 0.5
"""Of write-verify without a tolerance, which touches all that move: about what `mnist-resistive-epiram` has."""
_TRAINS = Range(0.0, 0.05, 1.0)
"""Coincidences of a device for each vector of pulse trains: about what a training of `braille` has, up to one."""
_MOST_PULSES = {"single-pulse": 1, "manhattan": 1, "pulse-count": 100, "mixed-precision": 100, "exact": 100}
"""Per device and write; where the number has no bound of its own, a hundred."""
_PULSED = (*_MOST_PULSES, "pulse-trains", "tiki-taka")


def digital(work: Work) -> Counts:
    """What any machine counts."""
    return Counts(
        calls=work.calls,
        macs=work.macs,
        neuron_updates=work.neuron_updates,
        edge_inputs=work.edge_inputs,
        edge_outputs=work.edge_outputs,
    )


def training(experiment: Experiment, samples: int | None = None) -> Counts:
    """Of a whole training of one chip, from the programming of its first weights on; ranges where bounds differ."""
    counts = on_arrays(experiment, work.training(experiment, samples))
    hardware = experiment.hardware
    if hardware is None:
        return counts
    settings, shapes = _Arrays(hardware), work.matrices(experiment)
    counts = settings.programmed(counts, shapes)
    if settings.write == "tiki-taka":
        counts = settings.transferred(counts, shapes, work.steps(experiment, samples))
    return counts


def on_arrays(experiment: Experiment, asked: Work) -> Counts:
    """What verbs count on the recipe's arrays; on ideal weights, where it has none."""
    counts = digital(asked)
    if experiment.hardware is None:
        return counts
    for verb in asked.verbs:
        if not verb.digital:
            counts = counts.plus(of_verb(experiment.hardware, verb, _drive(experiment, verb)))
    if asked.settlings:
        counts = counts.plus(_Arrays(experiment.hardware).settled(experiment, asked.settlings))
    return counts


def of_verb(hardware: HardwareSettings, verb: Verb, drive: Range = _MEAN_SQUARE) -> Counts:
    """What arrays count of a verb beside its arithmetic; `drive` is the mean square of what a read drives."""
    settings = _Arrays(hardware)
    return settings.written(verb) if verb.kind == "write" else settings.read(verb, drive)


def array_count(experiment: Experiment) -> int:
    """Arrays that the matrices stand on."""
    assert experiment.hardware is not None
    settings = _Arrays(experiment.hardware)
    return sum(settings.tiles(*shape) for shape in work.matrices(experiment)) * settings.devices


def cells_used(experiment: Experiment) -> float:
    """Share of the cells of these arrays that hold weights; the rest is neither driven nor written, and not priced."""
    assert experiment.hardware is not None
    settings, shapes = _Arrays(experiment.hardware), work.matrices(experiment)
    cells = sum(settings.tiles(*shape) for shape in shapes) * experiment.hardware.rows * experiment.hardware.columns
    return sum(rows * columns for rows, columns in shapes) / cells


def _drive(experiment: Experiment, verb: Verb) -> Range:
    """The mean square of what a verb drives: of the input where it has its rows, of activities elsewhere."""
    inputs = work.matrices(experiment)[0][0] - 1
    if verb.kind != "read" or verb.rows - 1 != inputs:
        return _MEAN_SQUARE
    data = experiment.data
    if data.kind == "images":
        return _IMAGE_MEAN_SQUARE
    # Dots are 1 or -1, or, unreadable, 0.
    return Range(0.0, 1 - data.train_unreadable, 1.0)


class _Arrays:
    """Arrays by arithmetic."""

    def __init__(self, hardware: HardwareSettings):
        self.hardware = hardware
        mapping, device = hardware.mapping, hardware.device
        self.groups = mapping.count if mapping.kind == "slices" else 1
        self.devices = self.groups * (2 if mapping.kind in ("pair", "slices") else 1)
        lowest, highest = device.g_min_siemens.nominal, device.g_max_siemens.nominal
        rest = {"pair": lowest, "slices": lowest, "single": (lowest + highest) / 2, "direct": lowest}[mapping.kind]
        if mapping.kind == "pair":
            rest += hardware.offset_siemens
        elif mapping.kind in ("slices", "direct"):
            rest += (highest - lowest) / 8
        if device.one_sided:
            rest = lowest + _FILLED * (highest - lowest)
        # What sets devices apart reaches beyond the nominal range: by five deviations, for the bound.
        beyond = 5 * device.spread.g_max.nominal * (highest - lowest)
        self.siemens = Range(0.0, rest, highest + beyond)
        self.write = self._scheme()

    def _on(self, effect: Effect) -> bool:
        hardware = self.hardware
        return effect in hardware.only if hardware.only is not None else effect not in hardware.without

    def _scheme(self) -> str:
        kind = self.hardware.write.kind
        if self._on("write_granularity"):
            return kind
        return "exact" if kind in _PULSED else "write-verify"

    @property
    def touched(self) -> Range:
        """Share of devices that a write touches, where that is a scheme's own number; trains are counted by vectors."""
        tolerance = self.hardware.device.verify_tolerance_siemens.nominal if self._on("write_granularity") else 0.0
        all_that_move = self.write == "write-verify" and not tolerance
        return Range(0.0, _MOVED if all_that_move else _TOUCHED[self.write], 1.0)

    def tiles(self, rows: int, columns: int) -> int:
        return -(-rows // self.hardware.rows) * -(-columns // self.hardware.columns)

    def _bits(self) -> int:
        """Reads that an input takes: one, or one for each bit of its size."""
        dac = self.hardware.dac
        return dac.bits - 1 if dac.bit_serial and self._on("dac") else 1

    def read(self, verb: Verb, drive: Range) -> Counts:
        """Forward or transposed; with bound management a clipping read is made again."""
        hardware, transposed = self.hardware, verb.kind == "read_transposed"
        down, across = -(-verb.rows // hardware.rows), -(-verb.columns // hardware.columns)
        driven, sensed = (verb.columns, verb.rows) if transposed else (verb.rows, verb.columns)
        copies, partial = (down, across) if transposed else (across, down)
        vectors = verb.times * verb.vectors * self._bits()
        reads: Range | float = vectors
        if hardware.adc.bound_management and self._on("adc") and hardware.adc.range != "vector":
            halvings = (hardware.dac.bits if self._on("dac") else 12) - 2
            reads = Range(vectors, vectors, vectors * (1 + halvings))
        volts, bend = hardware.device.read_volts.nominal, 0.0
        if self._on("bent_current"):
            bend = max(hardware.device.cubic_per_square_volt.nominal, 0.0) * volts**2
        watts = self.siemens * drive * (volts**2 * verb.rows * verb.columns * self.devices * vectors)
        watts = watts._replace(high=watts.high * (1 + bend) * (4 / 3 if isinstance(reads, Range) else 1))
        if hardware.mapping.kind == "single" and hardware.mapping.on_wire:
            watts += self._reference(verb, drive, vectors, transposed)
        return Counts(
            reads=reads,
            dac_conversions=reads * float(driven * copies * self.devices),
            adc_conversions=reads * float(sensed * partial * self.groups),
            read_watts=watts,
        )

    def _reference(self, verb: Verb, drive: Range, vectors: float, transposed: bool) -> Range:
        """A column of reference devices on every tile; transposed it is driven with the sum of all inputs."""
        hardware = self.hardware
        volts, tiles = hardware.device.read_volts.nominal, -(-verb.columns // hardware.columns)
        driven = min(verb.columns, hardware.columns)
        square = Range(0.0, drive.nominal * driven, float(driven) ** 2) if transposed else drive
        return self.siemens * square * (volts**2 * verb.rows * tiles * vectors)

    def written(self, verb: Verb) -> Counts:
        """What the write scheme makes of a call, besides its arithmetic."""
        hardware, times = self.hardware, verb.times
        counts = Counts()
        if self.write not in ("pulse-trains", "tiki-taka"):
            counts = counts._replace(update_macs=verb.macs)
        if self.write in ("write-verify", "error-aware"):
            budget = hardware.write.pulse_budget if hardware.write.kind == "write-verify" else None
            if budget is not None and self._on("write_granularity"):
                return counts.plus(self._verified(verb, times, budget))
            return counts.plus(self._programs(verb, times)).plus(self._refreshed(verb, times))
        arrays = 2 if self.write == "tiki-taka" else 1
        pulses = self._pulses(verb) * (times * verb.rows * verb.columns * self.devices)
        siemens = pulses * self.siemens
        half = Range(siemens.low, siemens.nominal / 2, siemens.high)
        counts = counts._replace(
            pulses=pulses,
            up_siemens=half,
            down_siemens=Range(0.0, 0.0, 0.0) if hardware.device.one_sided else half,
            half_select_siemens=siemens * self._exposed(verb),
            pulsed_rows=times * self._rows(verb.rows) * arrays,
        )
        return counts.plus(self._refreshed(verb, times))

    def _pulses(self, verb: Verb) -> Range:
        """On one device in one write."""
        if self.write == "pulse-trains":
            return _TRAINS * verb.vectors
        if self.write == "tiki-taka":
            # The fast array takes trains, the slow one whole steps.
            return _TRAINS * verb.vectors + self.touched * Range(1.0, 1.0, 100.0)
        return Range(0.0, self.touched.nominal, float(_MOST_PULSES[self.write]))

    def _programs(self, verb: Verb, times: float) -> Counts:
        programs = self.touched * (times * verb.rows * verb.columns * self.devices)
        siemens = programs * self.siemens
        return Counts(programs=programs, program_siemens=siemens, programmed_rows=times * self._rows(verb.rows))

    def _rows(self, rows: int) -> float:
        """Rows that a write addresses one after another: all tiles at once, only those that the matrix uses."""
        return float(min(rows, self.hardware.rows))

    def _exposed(self, verb: Verb) -> float:
        """Devices that a pulse half-selects: the others of its lines that hold weights; none behind transistors."""
        if not self.hardware.passive:
            return 0.0
        return float(min(verb.rows, self.hardware.rows) + min(verb.columns, self.hardware.columns) - 2)

    def _verified(self, verb: Verb, times: float, budget: int) -> Counts:
        """Cells that are off are pulsed and read in turns, each at most as often as the budget says."""
        cells = times * verb.rows * verb.columns * self.devices
        pulses = self.touched * Range(0.0, min(budget, 10), float(budget)) * cells
        siemens = pulses * self.siemens
        half = Range(siemens.low, siemens.nominal / 2, siemens.high)
        turns = Range(0.0, _TURNS.nominal * min(budget, 10), _TURNS.high * budget)
        rows = times * self._rows(verb.rows)
        return Counts(
            pulses=pulses,
            up_siemens=half,
            down_siemens=half,
            half_select_siemens=siemens * self._exposed(verb),
            pulsed_rows=turns * rows,
            verify_reads=(turns + 1.0) * self.touched * cells,
            verified_rows=(turns + 1.0) * rows,
        )

    def _refreshed(self, verb: Verb, times: float) -> Counts:
        """One-sided pairs that have filled up are reset after a write."""
        if not self.hardware.device.one_sided:
            return Counts()
        most = times * verb.rows * verb.columns * self.devices
        programs = Range(0.0, _RESET * most, most)
        return Counts(
            programs=programs,
            program_siemens=programs * self.siemens,
            programmed_rows=times * self._rows(verb.rows),
        )

    def settled(self, experiment: Experiment, settlings: float) -> Counts:
        """A resistive network: every device between two nodes, none further apart than a source of each sign."""
        hardware = self.hardware
        assert experiment.network.kind == "resistive"
        shapes, found = work.matrices(experiment), work.sizes(experiment)
        gain = experiment.network.input_gain
        # Sources above the rails, as a gain that is still to be found makes them.
        rails = 1.0 if gain == AUTO else max(1.0, experiment.network.bias_volts / gain)
        span = 2 * rails * max(1.0, experiment.network.amplification ** (len(shapes) - 1))
        devices = sum(rows * columns for rows, columns in shapes)
        squares = Range(0.0, _NODE_MEAN_SQUARE, span**2)
        watts = self.siemens * squares * (hardware.device.read_volts.nominal**2 * devices * settlings)
        return Counts(
            settlings=settlings,
            settle_watts=watts,
            dac_conversions=settlings * 2 * found.inputs * -(-shapes[0][1] // hardware.columns),
            adc_conversions=settlings * sum(columns for _, columns in shapes),
        )

    def programmed(self, counts: Counts, shapes: Sequence[tuple[int, int]]) -> Counts:
        """With the programming of the first weights, every device once from its lowest conductance."""
        for rows, columns in shapes:
            devices = float(rows * columns * self.devices)
            rest = Range(self.siemens.low, self.siemens.nominal / 2, self.siemens.high)
            programming = Counts(programs=devices, program_siemens=rest * devices, programmed_rows=self._rows(rows))
            counts = counts.plus(programming)
        return counts

    def transferred(self, counts: Counts, shapes: Sequence[tuple[int, int]], steps: int) -> Counts:
        """With the reads of Tiki-Taka's fast arrays, one row at a time."""
        write = self.hardware.write
        transfers = float(steps // write.every) if write.kind == "tiki-taka" else 0.0
        for rows, columns in shapes:
            sensed = -(-rows // self.hardware.rows) * columns
            counts = counts.plus(Counts(reads=transfers, adc_conversions=transfers * sensed))
        return counts
