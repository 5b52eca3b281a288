"""Settings that make a run small; runs that share them share their compiled code."""

SMALL = [
    *("--set", "training.epochs=2", "--set", "training.seeds=2", "--set", "evaluation.copies=2"),
    *("--set", "evaluation.every=1", "--set", "data.copies=1"),
]
