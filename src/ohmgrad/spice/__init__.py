"""Netlists of arrays, resistive networks and trained chips, and comparison of ngspice's solution with ohmgrad's."""

from ohmgrad.spice import array, network
from ohmgrad.spice.ngspice import installed
from ohmgrad.spice.run import Circuit, circuit

__all__ = ["Circuit", "array", "circuit", "installed", "network"]
