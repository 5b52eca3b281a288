"""What work will count on arrays: exactly where shapes decide, with bounds where only values do."""

from ohmgrad.cost.work import Work
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware, expected
from ohmgrad.quantity import Range
from ohmgrad.rules import Rule
from ohmgrad.synapses.crossbar import ArrayTerminals


def on_arrays(rule: Rule, hardware: Hardware, work: Work, samples: Range = expected.ACTIVITIES) -> Counts:
    """What verbs, and what is done beside them, count on arrays.

    Args:
        rule: whose work it is.
        hardware: the arrays that its matrices stand on.
        work: what it asks (`learning`, `answering`), as often as it asks it.
        samples: the mean square of the numbers of a sample, in units of the largest. Reads of as many rows as the first
            matrix has are driven with samples, others with activities.
    """
    counts = work.counts.plus(rule.expected(lambda: ArrayTerminals(hardware), expected.siemens(hardware), work.phases))
    for verb in work.verbs:
        if not verb.digital:
            first = verb.kind == "read" and verb.rows == rule.shapes[0][0]
            counts = counts.plus(expected.verb(hardware, verb, samples if first else expected.ACTIVITIES))
    return counts


def programming(rule: Rule, hardware: Hardware) -> Counts:
    """What it takes to program the first weights of all matrices."""
    counts = Counts()
    for shape in rule.shapes:
        counts = counts.plus(expected.programming(hardware, shape))
    return counts
