"""Ways to run a training on a digital processor, as data: overhead per product, and trainings side by side."""

from functools import cache
from importlib.resources import files

from pydantic import Field, RootModel

from ohmgrad import records
from ohmgrad.errors import unknown
from ohmgrad.footprint.processor import Processor, Start
from ohmgrad.quantity import Positive, Strict

_FILE = files("ohmgrad.footprint").joinpath("programs.yaml")


class Program(Strict):
    """How trainings run on a digital processor.

    Attributes:
        title: Description of the program.
        start: Kind of start between products, a key of the processor's `start_seconds`.
        starts_per_verb: Starts that each verb takes.
        overlapped: Whether starts overlap with the arithmetic of earlier kernels.
        trainings: Independent trainings that run side by side in every kernel.
    """

    title: str
    start: Start
    starts_per_verb: Positive
    overlapped: bool
    trainings: int = Field(ge=1)


class _Programs(RootModel[dict[str, Program]]):
    pass


@cache
def _all() -> dict[str, Program]:
    return records.load(_Programs, _FILE.read_text(encoding="utf-8"), "programs.yaml").root


def programs(machine: Processor) -> dict[str, Program]:
    """The programs that can run on a processor, by name: those of whose kind of start it has a figure."""
    return {name: each for name, each in _all().items() if each.start in machine.start_seconds}


def program(name: str) -> Program:
    """A program by name.

    Raises:
        InputError: where there is none; suggests the most similar name.
    """
    if name not in _all():
        raise unknown("program", name, _all())
    return _all()[name]
