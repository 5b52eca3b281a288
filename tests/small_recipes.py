"""Tiny recipes of every network and rule that there is: what arithmetic says of them is held against real trainings."""

from typing import Any

WORDS = {"kind": "braille", "words": ["ohm", "volt", "watt", "ampere"], "copies": 1}
DIGITS = {"kind": "images", "name": "digits", "samples": 4}
FREE = {"sweeps": 2}
RATES = [0.01, 0.01, 0.01]
GAINS = [0.5, 0.5, 0.5]
HOPFIELD = {"kind": "layered-hopfield", "hidden": [7, 5], "initial_gains": GAINS}
SMOOTH = HOPFIELD | {"hidden_neuron": "tanh", "output_neuron": "linear"}
READOUT = {"kind": "softmax-readout", "hidden": [7, 5], "initial_gains": GAINS}
ASSOCIATIVE = {"kind": "associative", "hidden": 9, "initial_gains": [0.3]}
RESISTIVE = {"kind": "resistive", "hidden": [8, 6], "input_gain": 10, "node_ranges": [1, 1, 1], "initial_gains": GAINS}
CONVOLUTIONAL = {"kind": "convolutional-hopfield", "kernels": [3, 2], "initial_gains": GAINS}
FEEDFORWARD = {"kind": "feed-forward", "hidden": [7, 5], "initial_gains": GAINS}


def difference(**settings: Any) -> dict[str, Any]:
    """Activity differences with few sweeps."""
    free = {"free": FREE, "pushed": {"sweeps": 2, "order": "odd-even"}}
    return {"kind": "activity-difference", "learning_rates": RATES, **free, **settings}


def recipe(network: dict[str, Any], rule: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A whole recipe: an epoch of batches of three, of which the last is filled up."""
    given = {"data": WORDS, "training": {"epochs": 1, "batch": 3, "seeds": 1}, **sections}
    return {"title": "small", "network": network, "rule": rule, **given}


def hardware(matrices: int, **settings: Any) -> dict[str, Any]:
    """Arrays so small that matrices are cut into several tiles."""
    figures = {"weight_max": [1.0] * matrices, "adc_full_scale_amperes": [1e-4] * matrices}
    return {"rows": 20, "columns": 6, "array_pairs": 200, **figures, **settings}


def one_pass(kind: str, **settings: Any) -> dict[str, Any]:
    return recipe(FEEDFORWARD, {"kind": kind, "learning_rates": RATES, **settings})


RECIPES = {
    "hopfield, centered": recipe(HOPFIELD, difference()),
    "hopfield, positive": recipe(HOPFIELD, difference(side="positive")),
    "hopfield, skip": recipe(
        HOPFIELD | {"skips": [[1, 3]], "initial_gains": [*GAINS, 0.1]}, difference(learning_rates=[*RATES, 0.01])
    ),
    "hopfield, random, clamped": recipe(HOPFIELD, difference(side="random", push="clamp")),
    "holomorphic, even": recipe(
        SMOOTH, {"kind": "holomorphic-ep", "phases": 4, "free": FREE, "pushed": FREE, "learning_rates": RATES}
    ),
    "holomorphic, odd, readout": recipe(
        READOUT, {"kind": "holomorphic-ep", "phases": 3, "free": FREE, "pushed": FREE, "learning_rates": RATES}
    ),
    "readout": recipe(READOUT, difference()),
    "recurrent": recipe(
        HOPFIELD, {"kind": "recurrent-backpropagation", "free": FREE, "adjoint": FREE, "learning_rates": RATES}
    ),
    "truncated": recipe(
        HOPFIELD, {"kind": "truncated-backpropagation", "free": FREE, "depth": 2, "learning_rates": RATES}
    ),
    "associative": recipe(ASSOCIATIVE, difference(learning_rates=[0.01]), data={**WORDS, "answer": "restore"}),
    "resistive": recipe(RESISTIVE, difference(strength=1.0)),
    "resistive, positive": recipe(RESISTIVE, difference(side="positive")),
    "convolutional": recipe(CONVOLUTIONAL, difference(), data=DIGITS),
    "convolutional, skip past unpooled layers": recipe(
        CONVOLUTIONAL
        | {"kernels": [3, 2, 4], "unpooled": [2, 3], "skips": [[1, 3]], "initial_gains": [*GAINS, 0.1, 0.1]},
        difference(learning_rates=[*RATES, 0.01, 0.01]),
        data=DIGITS,
    ),
    "backpropagation": one_pass("backpropagation", dropout=0.2),
    "feedback alignment": one_pass("feedback-alignment"),
    "direct feedback alignment": one_pass("direct-feedback-alignment"),
    "direct random target projection": one_pass("direct-random-target-projection"),
    "predictive coding": one_pass("predictive-coding", steps=3),
    "forward-forward": recipe(
        FEEDFORWARD | {"initial_gains": GAINS[:2]}, {"kind": "forward-forward", "learning_rates": RATES[:2]}
    ),
    "node perturbation": one_pass("node-perturbation"),
    "weight perturbation": one_pass("weight-perturbation"),
}
