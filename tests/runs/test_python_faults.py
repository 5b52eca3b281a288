"""What a Python user gives wrongly is refused in the sentence that a recipe gets: run without the checks of tests."""

import json
import subprocess
import sys

FAULTS = {
    "Settling(-3)": "Settling.sweeps: input should be greater than or equal to 1 (given: -3)",
    "Settling(3, order='sideways')": "'forward', 'backward', 'odd-even' or 'synchronous' (given: 'sideways')",
    "Settling(3, tolerance=2.0)": "Settling.tolerance: input should be less than or equal to 1",
    "LayeredHopfield(6, (), 4)": "LayeredHopfield.hidden: Tuple should have at least 1 item",
    "LayeredHopfield(6, (5, 0), 4)": "LayeredHopfield.hidden: input should be greater than or equal to 1 (given: 0)",
    "LayeredHopfield(6, (5,), 4, 'tanh')": "LayeredHopfield.hidden_neuron: should be a Neuron (given: 'tanh')",
    "LayeredHopfield(6, (5,), 4, drive_noise=-1.0)": "drive_noise: input should be greater than or equal to 0",
    "LayeredHopfield(6, (5, 5), 4, skips=((1, 2),))": "skips: [1, 2] must lead past at least one layer; "
    "allowed: from 1 to 1, to at most 3",
    "ConvolutionalHopfield((8, 8, 1), (3,), 4, unpooled=(2,))": "unpooled: 2 is no layer of images; allowed: 1 to 1",
    "ResistiveNetwork(6, (5,), 4, input_gain='auto')": "ResistiveNetwork.input_gain: input should be a valid number",
    "ActivityDifference(LAYERED, push='nugde')": "push: input should be 'nudge' or 'clamp' (given: 'nugde')",
    "ActivityDifference(LAYERED, strength=1)": "rule.strength 1.0 with side 'centered' turns the nudged energy upside "
    "down; allowed: below 1, or side 'positive'",
    "ActivityDifference(READOUT, 'clamp')": "rule.push 'clamp' holds output neurons, which a softmax readout has not; "
    "allowed: nudge",
    "Backpropagation(LAYERED)": "rule.kind 'backpropagation' does not go with network.kind 'layered-hopfield'; "
    "allowed: activity-difference, holomorphic-ep, recurrent-backpropagation, truncated-backpropagation",
    "HolomorphicEquilibriumPropagation(CONVOLUTIONAL)": "network.kind 'convolutional-hopfield'; allowed: "
    "activity-difference",
    "Backpropagation(FEEDFORWARD, loss='entropy')": "loss: input should be 'squared' or 'cross-entropy'",
    "Backpropagation(FEEDFORWARD, dropout=1.0)": "Backpropagation.dropout: input should be less than 1 (given: 1.0)",
    "ForwardForward(FeedForward(6, (5,), 1))": "labels: 1 leaves no wrong label to learn from; allowed: 2 and more",
    "RecurrentBackpropagation(LAYERED, Settling(3, precision='bfloat16'))": "rule.free.precision 'bfloat16' is for "
    "rule.kind 'activity-difference' on ideal weights; allowed: float32",
}
PROGRAM = """
import json, sys
from ohmgrad.errors import InputError
from ohmgrad.networks import *
from ohmgrad.rules import *
LAYERED, READOUT = LayeredHopfield(6, (5,), 4), SoftmaxReadout(6, (5,), 4)
FEEDFORWARD, CONVOLUTIONAL = FeedForward(6, (5,), 4), ConvolutionalHopfield((8, 8, 1), (3,), 4)
ActivityDifference(READOUT, strength=2.0), ActivityDifference(LAYERED, strength=2, side="positive")
said = {}
for fault in json.load(sys.stdin):
    try:
        eval(fault)
    except InputError as error:
        said[fault] = str(error)
print(json.dumps(said))
"""


def test_each_fault_is_refused_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(list(FAULTS)), capture_output=True, text=True, check=True
    )
    sentences = json.loads(done.stdout)
    assert set(sentences) == set(FAULTS)
    for fault, sentence in FAULTS.items():
        assert sentence in sentences[fault]
        assert "\n" not in sentences[fault]
