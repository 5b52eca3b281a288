"""What verbs do, as numbers: counted where a verb runs, or worked out beforehand from shapes; priced by the ledger."""

import operator
from typing import Any, Literal, NamedTuple

__all__ = ["BY_MATRIX", "Counts", "Verb"]


class Verb(NamedTuple):
    """One kind of verb call with its shapes, and how often it is made.

    A `digital` one is no array's: products that a digital unit makes beside the arrays, and only its arithmetic counts.
    """

    kind: Literal["read", "read_transposed", "write"]
    rows: int
    columns: int
    """Of the matrix, its bias row included."""
    vectors: int
    """Of one call: a batch, or all patches of a batch of images."""
    times: float
    digital: bool = False

    @property
    def macs(self) -> float:
        """Multiply-accumulates of all calls, as a digital machine would count them."""
        return self.times * self.rows * self.columns * self.vectors


class Counts(NamedTuple):
    """Totals over the verbs of one or many calls; a pytree of scalars, added up inside compiled code.

    What is priced, and what failed: cells that did not verify, phases that did not settle.

    Counts are additive, so a sum over calls is the count of all of them. Siemens-weighted fields let the ledger turn
    them into joules with a voltage and a duration that it owns: `read_watts` is the sum of V^2 G over cells and
    vectors, `up_siemens` and its like are sums of the conductance (mean of before and after) over pulses and verified
    programmings. The counts of BY_MATRIX may be vectors, with one number per weight matrix of a network.
    """

    calls: Any = 0.0
    """Batched verb invocations: the kernels a digital machine would launch."""
    reads: Any = 0.0
    """Vectors driven through an array, forward or transposed."""
    macs: Any = 0.0
    """Multiply-accumulates of all verbs, as a digital machine would count them."""
    dac_conversions: Any = 0.0
    adc_conversions: Any = 0.0
    read_watts: Any = 0.0
    settlings: Any = 0.0
    """Samples for which a circuit of conductances settled by itself."""
    settle_watts: Any = 0.0
    """Power of all its devices where it had settled, summed over settlings."""
    neuron_updates: Any = 0.0
    """New neuron values computed from drives (digital additions and comparisons)."""
    update_macs: Any = 0.0
    """Multiply-accumulates that sum the outer products of a batch before a write is decided."""
    pulses: Any = 0.0
    """Single programming pulses."""
    up_siemens: Any = 0.0
    """Of potentiating pulses."""
    down_siemens: Any = 0.0
    """Of depressing pulses."""
    half_select_siemens: Any = 0.0
    """Of the devices that pulses in a passive array meet on their lines with half of the voltage."""
    pulsed_rows: Any = 0.0
    """Rows addressed by pulses."""
    verify_reads: Any = 0.0
    """Cells read to see whether pulses have brought them to their goal, where that is simulated pulse by pulse."""
    verified_rows: Any = 0.0
    """Rows read for it."""
    verifications: Any = 0.0
    """Cells that were pulsed and read until they verified or their budget was spent."""
    unverified: Any = 0.0
    """Those of them that still read wrong when it was."""
    programs: Any = 0.0
    """Cells programmed to a target by write-and-verify, where only its outcome is simulated."""
    program_siemens: Any = 0.0
    programmed_rows: Any = 0.0
    """Rows addressed by write-and-verify."""
    edge_inputs: Any = 0.0
    """Numbers that come from outside: inputs and targets, each once per sample."""
    edge_outputs: Any = 0.0
    """Numbers that leave: the network's answers."""
    free_phases: Any = 0.0
    """Samples for which a network settled by itself."""
    free_unsettled: Any = 0.0
    """Those that still moved in the last sweep, or diverged."""
    pushed_phases: Any = 0.0
    """Samples, each as often as it settled with its output pushed, or its adjoint did."""
    pushed_unsettled: Any = 0.0
    diverged: Any = 0.0
    """Phases of either kind that ended in something that is no finite number."""
    clipped_conversions: Any = 0.0
    """Of `adc_conversions`, those of a current beyond the converter's full scale."""

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*map(operator.add, self, other))

    def times(self, factor: float) -> "Counts":
        return Counts(*(factor * count for count in self))

    def placed(self, matrix: Any | None) -> "Counts":
        """The same with those of BY_MATRIX told per weight matrix: all in the one that `matrix`, a one-hot vector, is;
        None: as they are."""
        if matrix is None:
            return self
        return self._replace(**{name: getattr(self, name) * matrix for name in BY_MATRIX})


BY_MATRIX = ("adc_conversions", "clipped_conversions")
"""Counts that a training tells per weight matrix."""
