"""Making, training and testing many chips at once."""

from ohmgrad.training.answers import Answers, accuracy, answer, predict
from ohmgrad.training.epochs import Progress, Schedule, compiled, cosine, exponential, step, train
from ohmgrad.training.fabrication import (
    CALIBRATION,
    SERVING,
    TESTS,
    VALIDATION,
    Chips,
    Values,
    Variants,
    aged,
    crossbar_chips,
    ideal_chips,
    keys,
    programmed,
)

__all__ = [
    "CALIBRATION",
    "SERVING",
    "TESTS",
    "VALIDATION",
    "Answers",
    "Chips",
    "Progress",
    "Schedule",
    "Values",
    "Variants",
    "accuracy",
    "aged",
    "answer",
    "compiled",
    "cosine",
    "crossbar_chips",
    "exponential",
    "ideal_chips",
    "keys",
    "predict",
    "programmed",
    "step",
    "train",
]
