"""Netlists of arrays, of resistive networks and of what a run has trained; ngspice's answer beside ours."""
