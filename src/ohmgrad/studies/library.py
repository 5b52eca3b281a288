"""Texts of shipped studies by name, and of user-defined ones by path. Does not import JAX."""

from ohmgrad.records import Library

_STUDIES = Library("ohmgrad.studies", "study")
names, text = _STUDIES.names, _STUDIES.text
