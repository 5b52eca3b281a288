"""What accuracy costs: published models, scaling laws, forecasts with confidence intervals, and published claims.

This is a separate distribution that adds the command `limits` to ohmgrad. Its subpackages, each importing only those
before it, are `data`, `fit`, `forecast`, `claims`, `show` and `cli`. It uses no simulated chip, and JAX only in
`claims.simulation`. Import the subpackage that you need (`from ohmgrad_limits import fit`).
"""
