"""Counts of what verbs do: added up where they run, or derived from shapes beforehand; priced by the ledger."""

import operator
from typing import Any, Literal, NamedTuple

__all__ = ["BY_MATRIX", "Counts", "Verb"]


class Verb(NamedTuple):
    """Calls of one verb on matrices of one shape.

    Attributes:
        kind: The verb.
        rows: Rows of the matrix, including its bias row.
        columns: Columns of the matrix.
        vectors: Vectors per call: a batch, or all patches of a batch of images.
        times: Number of calls.
        digital: Whether a digital unit computes the product instead of an array, so that only arithmetic counts.
    """

    kind: Literal["read", "read_transposed", "write"]
    rows: int
    columns: int
    vectors: int
    times: float
    digital: bool = False

    @property
    def macs(self) -> float:
        """Multiply-accumulates of all calls on a digital machine."""
        return self.times * self.rows * self.columns * self.vectors


class Counts(NamedTuple):
    """Totals over the verbs of one or many calls; a pytree of scalars, added up inside compiled code.

    They include what is priced, and what failed: cells that did not verify, phases that did not settle. Sums of
    conductances become joules in the ledger, with a voltage and a duration: `read_watts` is the sum of V^2 G over cells
    and vectors, `up_siemens` and its like are sums of G (mean of before and after) over pulses or verified writes. The
    counts of BY_MATRIX may be vectors, with one number per weight matrix of a network.
    """

    calls: Any = 0.0
    """Batched calls of verbs: the kernels that a digital machine would launch."""
    reads: Any = 0.0
    """Vectors driven through an array, forward or transposed."""
    macs: Any = 0.0
    """Multiply-accumulates of all verbs on a digital machine."""
    dac_conversions: Any = 0.0
    """Conversions by DACs."""
    adc_conversions: Any = 0.0
    """Conversions by ADCs."""
    read_watts: Any = 0.0
    """Power of all cells, summed over reads."""
    settlings: Any = 0.0
    """Samples for which a resistive circuit settled."""
    settle_watts: Any = 0.0
    """Power of all devices of the settled circuit, summed over settlings."""
    neuron_updates: Any = 0.0
    """Neuron values computed from drives (digital additions and comparisons)."""
    update_macs: Any = 0.0
    """Multiply-accumulates that sum the outer products of a batch in digital before a write."""
    pulses: Any = 0.0
    """Single programming pulses."""
    up_siemens: Any = 0.0
    """Sum of conductances over potentiating pulses."""
    down_siemens: Any = 0.0
    """Sum of conductances over depressing pulses."""
    half_select_siemens: Any = 0.0
    """Sum of conductances of half-selected devices of passive arrays over pulses."""
    pulsed_rows: Any = 0.0
    """Rows addressed by pulses."""
    verify_reads: Any = 0.0
    """Cells read to verify pulses, where write-and-verify is simulated pulse by pulse."""
    verified_rows: Any = 0.0
    """Rows addressed by these reads."""
    verifications: Any = 0.0
    """Cells that were pulsed and read until they verified or their budget of pulses was spent."""
    unverified: Any = 0.0
    """Cells of `verifications` that did not verify within their budget."""
    programs: Any = 0.0
    """Cells programmed to a target by write-and-verify, where only its outcome is simulated."""
    program_siemens: Any = 0.0
    """Sum of conductances over `programs`."""
    programmed_rows: Any = 0.0
    """Rows addressed by `programs`."""
    edge_inputs: Any = 0.0
    """Numbers that enter from outside: inputs and targets, each once per sample."""
    edge_outputs: Any = 0.0
    """Numbers that leave: the network's outputs."""
    free_phases: Any = 0.0
    """Samples for which a network settled freely."""
    free_unsettled: Any = 0.0
    """Free phases that did not settle: they still changed in the last sweep, or diverged."""
    pushed_phases: Any = 0.0
    """Samples times phases in which the outputs were pushed (nudged or clamped), or the adjoint settled."""
    pushed_unsettled: Any = 0.0
    """Pushed phases that did not settle."""
    diverged: Any = 0.0
    """Phases of either kind whose state became infinite or not a number."""
    clipped_conversions: Any = 0.0
    """Those of `adc_conversions` whose current exceeded the full scale."""

    def plus(self, other: "Counts") -> "Counts":
        """The sum of both, field by field."""
        return Counts(*map(operator.add, self, other))

    def times(self, factor: float) -> "Counts":
        """All counts times a factor."""
        return Counts(*(factor * count for count in self))

    def placed(self, matrix: Any | None) -> "Counts":
        """The counts with those of `BY_MATRIX` as vectors over the weight matrices.

        Args:
            matrix: One-hot vector of the matrix that the counts belong to; None: leave them unchanged.
        """
        if matrix is None:
            return self
        return self._replace(**{name: getattr(self, name) * matrix for name in BY_MATRIX})


BY_MATRIX = ("adc_conversions", "clipped_conversions")
"""Counts that a training keeps per weight matrix."""
