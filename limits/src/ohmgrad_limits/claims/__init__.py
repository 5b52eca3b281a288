"""What papers and the press said, held against the data, and the simulation of why flexible models take so much.

`judged` holds every quoted number against the data, `beside` those of one forecast's target. `claims.simulation`, which
draws with JAX, is imported where it is used.
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
