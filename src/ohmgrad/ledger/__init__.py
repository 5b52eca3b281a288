"""Verbs and shapes to joules and seconds: a chip's bill beside a graphics processor's, every figure with its source."""

from ohmgrad.ledger.bill import Bill, Line, Range
from ohmgrad.ledger.machines import Chip, Gpu, chip, gpu, names
from ohmgrad.ledger.price import price_chip, price_gpu

__all__ = ["Bill", "Chip", "Gpu", "Line", "Range", "chip", "gpu", "names", "price_chip", "price_gpu"]
