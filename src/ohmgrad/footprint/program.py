"""Ways to run verbs on a digital processor, as data: what each pays between products, and for how many trainings."""

from functools import cache
from importlib.resources import files

from pydantic import Field, RootModel

from ohmgrad import records
from ohmgrad.errors import unknown
from ohmgrad.footprint.processor import Processor, Start
from ohmgrad.quantity import Positive, Strict

_FILE = files("ohmgrad.footprint").joinpath("programs.yaml")


class Program(Strict):
    """How a training is run on a digital processor."""

    title: str
    start: Start
    """Which of the processor's `start_seconds` it pays."""
    starts_per_verb: Positive
    overlapped: bool
    """Whether starts pass while the arithmetic of the kernels before still runs, or hold it up."""
    trainings: int = Field(ge=1)
    """Independent ones, side by side in every kernel."""


class _Programs(RootModel[dict[str, Program]]):
    pass


@cache
def _all() -> dict[str, Program]:
    return records.load(_Programs, _FILE.read_text(encoding="utf-8"), "programs.yaml").root


def programs(machine: Processor) -> dict[str, Program]:
    """By name, those that can run on a processor: it has a figure for what starts them."""
    return {name: each for name, each in _all().items() if each.start in machine.start_seconds}


def program(name: str) -> Program:
    """A program by name. Raises InputError where there is none, with the nearest name."""
    if name not in _all():
        raise unknown("program", name, _all())
    return _all()[name]
