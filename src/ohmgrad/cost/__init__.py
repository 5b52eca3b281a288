"""What a training will ask of a machine, before anything is trained: the room between rules and the ledger.

A rule is traced abstractly, by the same step that trains it, and the marks that verbs leave are added up (`learning`,
`answering`); what arrays count on top of shapes, their parts say with bounds (`on_arrays`, `programming`). So a rule of
your own is priced like those here. JAX is imported where something is traced, not for what was kept of it (`kept`).
"""

from typing import TYPE_CHECKING, Any

from ohmgrad.cost.work import Work, backpropagation

if TYPE_CHECKING:
    from ohmgrad.cost.expected import on_arrays, programming
    from ohmgrad.cost.trace import answering, learning

__all__ = ["Work", "answering", "backpropagation", "learning", "on_arrays", "programming"]


def __getattr__(name: str) -> Any:
    if name in ("answering", "learning"):
        from ohmgrad.cost import trace

        return getattr(trace, name)
    if name in ("on_arrays", "programming"):
        from ohmgrad.cost import expected

        return getattr(expected, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
