"""Price a training in joules, seconds, area, carbon and money: on a crossbar chip and on digital processors.

Every figure has a source, and low, nominal and high values. Does not import JAX.
"""

from ohmgrad.ledger.adc import survey_joules
from ohmgrad.ledger.bill import Bill, Line, ratio_on_one_chip
from ohmgrad.ledger.chip import Chip, Component, chip, chip_names, chip_text
from ohmgrad.ledger.opponents import Opponent, best, best_alone, opponents
from ohmgrad.ledger.price import Arrays, Pulse, price_chip
from ohmgrad.ledger.roofline import price_processor
from ohmgrad.quantity import Range

__all__ = [
    "Arrays",
    "Bill",
    "Chip",
    "Component",
    "Line",
    "Opponent",
    "Pulse",
    "Range",
    "best",
    "best_alone",
    "chip",
    "chip_names",
    "chip_text",
    "opponents",
    "price_chip",
    "price_processor",
    "ratio_on_one_chip",
    "survey_joules",
]
