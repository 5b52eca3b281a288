"""The work that a training requires of a machine, determined before training; input of the ledger.

The training step of a rule is traced abstractly, and the calls of verbs (read, read_transposed, write) in the trace are
added up (`learning`, `answering`). Counts on arrays that depend on values are estimated with bounds (`on_arrays`,
`programming`). User-defined rules are priced in the same way. JAX is imported only for tracing, not to use cached
results (`kept`).
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad.cost.work import Work, backpropagation

if TYPE_CHECKING:
    from ohmgrad.cost.expected import on_arrays, programming
    from ohmgrad.cost.trace import answering, learning

__all__ = ["Work", "answering", "backpropagation", "learning", "on_arrays", "programming"]
__getattr__, *_ = lazy_loader.attach(
    __name__, submod_attrs={"expected": ["on_arrays", "programming"], "trace": ["answering", "learning"]}
)
