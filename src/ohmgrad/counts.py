"""What verbs did, as numbers: counted where a verb runs, priced by the ledger, used nowhere else."""

import operator
from typing import Any, NamedTuple


class Counts(NamedTuple):
    """Totals over the verbs of one or many calls; a pytree of scalars, added up inside compiled code.

    Counts are additive, so a sum over calls is the count of all of them. Siemens-weighted fields let the ledger turn
    them into joules with a voltage and a duration that it owns: `read_watts` is the sum of V^2 G over cells and
    vectors, `pulse_siemens` and `program_siemens` are sums of the conductance (mean of before and after) over pulses
    and verified programmings.
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
    neuron_updates: Any = 0.0
    """New neuron values computed from drives (digital additions and comparisons)."""
    update_macs: Any = 0.0
    """Multiply-accumulates that sum the outer products of a batch before a write is decided."""
    pulses: Any = 0.0
    """Single programming pulses without verification."""
    pulse_siemens: Any = 0.0
    pulsed_rows: Any = 0.0
    """Rows addressed by writes without verification."""
    programs: Any = 0.0
    """Cells programmed to a target by write-and-verify."""
    program_siemens: Any = 0.0
    programmed_rows: Any = 0.0
    """Rows addressed by write-and-verify."""

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*map(operator.add, self, other))

    def times(self, factor: float) -> "Counts":
        return Counts(*(factor * count for count in self))
