"""Netlists of arrays, resistive networks and trained chips, and comparison of ngspice's solution with ohmgrad's."""
