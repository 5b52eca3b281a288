"""Expected counts of work on arrays: exact if they depend on shapes only, with bounds if they depend on values."""

from ohmgrad.cost.work import Work
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware, expected
from ohmgrad.quantity import Range
from ohmgrad.rules import Rule
from ohmgrad.synapses.crossbar import ArrayTerminals


def on_arrays(rule: Rule, hardware: Hardware, work: Work, samples: Range = expected.ACTIVITIES) -> Counts:
    """Expected counts of work on arrays.

    Args:
        rule: The rule that does the work.
        hardware: The arrays that hold its matrices.
        work: The work, from `learning` or `answering`.
        samples: Mean square of the numbers of a sample, in units of the largest, with bounds. Reads of matrices with as
            many rows as the first are assumed to be driven by samples, others by activities.

    Returns:
        The counts, with bounds where they depend on values.
    """
    counts = work.counts.plus(rule.expected(lambda: ArrayTerminals(hardware), expected.siemens(hardware), work.phases))
    for verb in work.verbs:
        if not verb.digital:
            first = verb.kind == "read" and verb.rows == rule.shapes[0][0]
            counts = counts.plus(expected.verb(hardware, verb, samples if first else expected.ACTIVITIES))
    return counts


def programming(rule: Rule, hardware: Hardware) -> Counts:
    """Expected counts of programming the initial weights of all matrices.

    Args:
        rule: The rule, with its matrices' shapes.
        hardware: The arrays.
    """
    counts = Counts()
    for shape in rule.shapes:
        counts = counts.plus(expected.programming(hardware, shape))
    return counts
