"""Columns of the table of results beside those of factors."""

ALWAYS = ("rule", "network", "task", "device")
"""What every cell has, whether or not a factor is named so."""
SWEPT = ("sweep", "level")
RUN = ("setting", "seed", "status", "reason", "chosen", "at_edge")
FIGURES = (
    "accuracy",
    "validation",
    "loss",
    "residual",
    "unsettled",
    "joules",
    "seconds",
    "gpu_joules",
    "gpu_seconds",
    "pulses_per_device",
    "unverified",
)
RESERVED = ("cell", *SWEPT, *RUN, *FIGURES)
"""Columns that no factor may be named after."""
