"""ohmgrad: neural networks trained without backpropagation on simulated memristor crossbars.

The rooms, from the ground up: `data`, `devices`, `crossbar`, `synapses`, `networks`, `rules`, `ledger`, `training`,
`recipes`, `runs`, `report`. Import the room you need (`from ohmgrad import networks`); this module stays light so that
the terminal answers at once.
"""

from importlib.metadata import version

__version__ = version("ohmgrad")
