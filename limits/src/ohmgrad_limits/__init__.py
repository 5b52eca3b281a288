"""What accuracy costs: published models, scaling laws through them, forecasts with their intervals, and what was said.

A distribution of its own beside ohmgrad, whose terminal it gives the command `limits`. Its rooms, each built on those
before it: `data`, `fit`, `forecast`, `claims`, `show`; `cli` is the command. Knows no chip, and imports no JAX but in
`claims.simulation`. Import the room you need (`from ohmgrad_limits import fit`): this module stays light.
"""
