"""Measured pulse data in, a preset out: `fit(read("measured.csv")).yaml()` is a device file that any recipe takes."""

from ohmgrad.devices.fit.choice import KINDS, Candidate, Fit, fit
from ohmgrad.devices.fit.read import UNITS, Measured, read

__all__ = ["KINDS", "UNITS", "Candidate", "Fit", "Measured", "fit", "read"]
