"""Measured pulse data in, a preset out: `fit(read("measured.csv")).yaml()` is a device file that any recipe takes."""

from ohmgrad.devices.fit.choice import KINDS, Candidate, Fit, fit
from ohmgrad.devices.fit.measured import Chain, Measured, VerifiedWrite
from ohmgrad.devices.fit.read import read

__all__ = ["KINDS", "Candidate", "Chain", "Fit", "Measured", "VerifiedWrite", "fit", "read"]
