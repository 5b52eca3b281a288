"""One training step on one array, ours against aihwkit 1.1.0: forward read, transposed read, pulsed update, batch 64.

    python bench/training_step.py                          ours, in this environment
    python bench/training_step.py --peer PYTHON            and aihwkit, in the environment of another python

A soft-bounds ReRAM with its spread from device to device (aihwkit's ReRamSB), 7-bit DAC scaled to each vector, 9-bit
ADC, pulse trains of 31 slots. Rounds of both take turns; the best of each counts. CPU seconds are given beside wall
seconds, because only they are fair on a machine that others use too.
"""

import argparse
import json
import subprocess
import sys
import time
from functools import partial

PEER = """
import json, sys, time, torch
from aihwkit.simulator.presets import ReRamSBPreset
from aihwkit.simulator.tiles import AnalogTile
torch.set_num_threads(2)
size, repeats = int(sys.argv[1]), int(sys.argv[2])
tile = AnalogTile(size, size, ReRamSBPreset())
tile.set_learning_rate(0.01)
x, d = torch.rand(64, size) * 2 - 1, (torch.rand(64, size) * 2 - 1) * 0.01
best = [1e9, 1e9]
for _ in range(repeats):
    wall, cpu = time.perf_counter(), time.process_time()
    tile.forward(x); tile.backward(d); tile.update(x, d)
    best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
print(json.dumps(best))
"""


def ours(size: int, repeats: int) -> list[float]:
    """Best wall and CPU seconds of a step."""
    import jax

    from ohmgrad import devices
    from ohmgrad.crossbar import Adc, Dac, Hardware, Single, schemes
    from ohmgrad.synapses import Crossbar

    device = devices.preset("aihwkit-reram-sb")
    hardware = Hardware(
        device,
        size,
        size,
        mapping=Single(on_wire=False),
        dac=Dac(7, "vector"),
        adc=Adc(9),
        write=schemes.PulseTrains(31),
    )
    keys = jax.random.split(jax.random.key(0), 4)
    weights = 0.1 * jax.random.normal(keys[0], (size, size))
    crossbar = jax.jit(lambda w, key: Crossbar.program(w, hardware, 1.0, 1e-3, key)[0])(weights, keys[1])
    turns = max(4, 4096 // size)
    # New vectors for every step, as in training: from the same ones the compiler would work out a write's mean pulses
    # once for all steps, and keep them in memory.
    x = jax.random.uniform(keys[2], (turns, 64, size), minval=-1)
    d = 0.01 * jax.random.uniform(keys[3], (turns, 64, size), minval=-1)

    def step(crossbar, key, x, d):
        forward, backward, write = jax.random.split(key, 3)
        y, _ = crossbar.read(x, forward)
        z, _ = crossbar.read_transposed(d, backward)
        crossbar, counts = crossbar.write(x, 0.01 * d, write)
        return crossbar, y.sum() + z.sum() + counts.pulses

    @partial(jax.jit, donate_argnums=0)
    def steps(crossbar, *inputs):
        return jax.lax.scan(lambda crossbar, each: step(crossbar, *each), crossbar, inputs)

    best = [1e9, 1e9]
    for run in range(1 + repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        crossbar, _ = jax.block_until_ready(steps(crossbar, jax.random.split(jax.random.key(run), turns), x, d))
        seconds = (time.perf_counter() - wall) / turns, (time.process_time() - cpu) / turns
        best = [min(best[0], seconds[0]), min(best[1], seconds[1])]
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a python that has aihwkit 1.1.0 (it works with PyTorch 2.11.0)")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for size in (512, 2048):
        mine, theirs = [1e9, 1e9], [1e9, 1e9]
        for _ in range(2):
            mine = list(map(min, mine, ours(size, arguments.repeats)))
            if arguments.peer:
                command = [arguments.peer, "-c", PEER, str(size), str(2 * arguments.repeats)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                theirs = list(map(min, theirs, json.loads(done.stdout.splitlines()[-1])))
        line = f"{size:5}: ours {1e3 * mine[0]:7.2f} ms wall, {1e3 * mine[1]:7.2f} ms CPU"
        if arguments.peer:
            line += f"   aihwkit {1e3 * theirs[0]:7.2f} wall, {1e3 * theirs[1]:7.2f} CPU"
            line += f"   {theirs[0] / mine[0]:.2f} times faster by wall, {theirs[1] / mine[1]:.2f} by CPU"
        print(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
