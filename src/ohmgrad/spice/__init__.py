"""Netlists of arrays, of resistive networks and of what a run has trained; ngspice's answer beside ours."""

from ohmgrad.spice import array, network
from ohmgrad.spice.ngspice import installed
from ohmgrad.spice.run import Circuit, circuit

__all__ = ["Circuit", "array", "circuit", "installed", "network"]
