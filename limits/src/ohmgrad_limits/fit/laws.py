"""The two scaling laws of the published analysis: a function of the error that is linear in log10 FLOP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmgrad.errors import unknown


@dataclass(frozen=True)
class Law:
    """A law is a response y(error) with y = a + b log10 FLOP."""

    name: str
    formula: str
    response: Callable[[Any], Any]
    error: Callable[[Any], Any]
    """The inverse of `response`."""
    log_density: Callable[[Any], Any]
    """ln |dy / d log10(1/error)|, which makes likelihoods of different responses comparable."""


LAWS = {
    law.name: law
    for law in (
        Law(
            "polynomial",
            "log10(1/error) = a + b log10 FLOP",
            response=lambda error: -np.log10(error),
            error=lambda y: 10.0**-y,
            log_density=lambda error: np.zeros_like(error),
        ),
        Law(
            "exponential",
            "1/error = a + b log10 FLOP",
            response=lambda error: 1 / error,
            error=lambda y: np.where(np.asarray(y) > 1, 1 / np.maximum(y, 1), 1.0),
            log_density=lambda error: np.log(np.log(10) / error),
        ),
    )
}


def law(name: str) -> Law:
    """A law by name. Raises InputError for an unknown name."""
    if name not in LAWS:
        raise unknown("model", name, LAWS)
    return LAWS[name]
