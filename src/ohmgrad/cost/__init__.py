"""What a training will ask of a machine, before anything is trained: the room between rules and the ledger.

A rule is traced abstractly, by the same step that trains it, and the marks that verbs leave are added up (`learning`,
`answering`); what arrays count on top of shapes, their parts say with bounds (`on_arrays`, `programming`). So a rule of
your own is priced like those here.
"""

from ohmgrad.cost.on_arrays import on_arrays, programming
from ohmgrad.cost.trace import answering, learning
from ohmgrad.cost.work import Work

__all__ = ["Work", "answering", "learning", "on_arrays", "programming"]
