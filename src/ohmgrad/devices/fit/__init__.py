"""Fit a device preset to measured pulse data: `fit(read("measured.csv")).yaml()` is a device file for any recipe."""

from ohmgrad.devices.fit.choice import KINDS, Candidate, Fit, fit
from ohmgrad.devices.fit.measured import Chain, Measured, VerifiedWrite
from ohmgrad.devices.fit.read import read

__all__ = ["KINDS", "Candidate", "Chain", "Fit", "Measured", "VerifiedWrite", "fit", "read"]
