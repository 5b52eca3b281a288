"""Claims of papers and the press, checked against the data; simulation of why flexible models need more computation.

`judged` checks all claims, `beside` those about the target of one forecast. `claims.simulation` uses JAX and is
imported separately.
"""

from ohmgrad_limits.claims.judged import Judged, beside, judged
from ohmgrad_limits.claims.quoted import Claim, Implication, implications, quoted

__all__ = [
    "Claim",
    "Implication",
    "Judged",
    "beside",
    "implications",
    "judged",
    "quoted",
]
