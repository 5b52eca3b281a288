"""One training step of a convolutional Hopfield network, ours against the code of its authors.

    python bench/convolutional.py                                         ours, in this environment
    python bench/convolutional.py --peer PYTHON --peer-code FOLDER        and theirs, in turns

The network of Scellier et al. (NeurIPS 2023, arXiv:2312.15103): images of 32 x 32 x 3; 128, 256, 512, 512 kernels of
3 x 3 with max-pooling; 10 linear outputs. Centered equilibrium propagation: 60 sweeps free, 15 with each of two
nudges. PYTHON has PyTorch; FOLDER is a checkout of rain-neuromorphics/energy-based-learning. Both start from the same
weights and see the same images. Then ours once more with `--tolerance`: sweeps end where no neuron moves by more than
it. CPU seconds are given beside wall seconds, because only they are fair on a machine that others use too.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

KERNELS, GAINS = (128, 256, 512, 512), (0.4, 0.7, 0.6, 0.3, 0.4)
FREE, NUDGED, STRENGTH, RATE = 60, 15, 0.25, 0.03

PEER = """
import json, os, sys, time, numpy, torch
folder, exchange, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, folder)
from model.function.cost import SquaredError
from model.function.network import Network
from model.hopfield.minimizer import FixedPointMinimizer
from model.hopfield.network import ConvHopfieldEnergy32
from training.sgd import AugmentedFunction, EquilibriumProp

torch.set_num_threads(len(os.sched_getaffinity(0)))
given = numpy.load(exchange + "/given.npz")
energy = ConvHopfieldEnergy32(3, 10)
energy.set_device("cpu")
for param, name in zip(energy.params(), [f"b{i}" for i in range(5)] + [f"w{i}" for i in range(5)]):
    param.state = torch.tensor(given[name])
cost = SquaredError(energy.layers()[-1])
network = Network(energy)
free = FixedPointMinimizer(energy, network.free_layers())
free.num_iterations, free.mode = int(given["free"]), "asynchronous"
augmented = AugmentedFunction(energy, cost)
nudged = FixedPointMinimizer(augmented, network.free_layers())
nudged.num_iterations, nudged.mode = int(given["nudged"]), "asynchronous"
estimator = EquilibriumProp(energy.params(), energy.layers(), augmented, cost, nudged)
estimator.variant, estimator.nudging = "centered", float(given["strength"])
x, y = torch.tensor(given["x"]), torch.tensor(given["y"]).argmax(1)
best, optimizer = [1e9, 1e9], torch.optim.SGD([param.state for param in energy.params()], lr=0.0)
for _ in range(repeats):
    wall, cpu = time.perf_counter(), time.process_time()
    network.set_input(x, reset=True)
    cost.set_target(y)
    free.compute_equilibrium()
    state = [layer.state.clone() for layer in network.free_layers()]
    for param, gradient in zip(energy.params(), estimator.compute_gradient()):
        param.state.grad = gradient
    optimizer.step()
    best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
numpy.savez(exchange + "/theirs.npz", *[s.numpy() for s in state])
print(json.dumps(best))
"""


def given(batch: int, folder: Path) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Weights as ours, inputs and targets; the same for the peer in `folder`, in its layout."""
    random = np.random.default_rng(0)
    x = random.normal(size=(batch, 32, 32, 3)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[random.integers(0, 10, batch)]
    exchange = {"x": x.transpose(0, 3, 1, 2), "y": y, "free": FREE, "nudged": NUDGED, "strength": STRENGTH}
    weights = []
    for layer, (below, above, gain) in enumerate(zip((3, *KERNELS), (*KERNELS, 10), GAINS, strict=True)):
        size = 2 if layer == len(KERNELS) else 3
        bound = gain / np.sqrt(below * size * size)
        w = random.uniform(-bound, bound, (size, size, below, above)).astype(np.float32)
        b = random.uniform(-bound, bound, above).astype(np.float32)
        weights.append(np.vstack([w.reshape(-1, above), b]))
        exchange[f"b{layer}"] = b
        exchange[f"w{layer}"] = w.transpose(2, 0, 1, 3) if size == 2 else w.transpose(3, 2, 0, 1)
    np.savez(folder / "given.npz", **exchange)
    return weights, x, y


class Ours:
    """A compiled training step: settle freely, settle with both nudges, write."""

    def __init__(self, weights, x, y, tolerance: float | None):
        import jax

        from ohmgrad.networks import ConvolutionalHopfield, Free, Settling
        from ohmgrad.rules import ActivityDifference
        from ohmgrad.synapses import Ideal

        network = ConvolutionalHopfield((32, 32, 3), KERNELS, 10)
        free, nudged = (Settling(sweeps, tolerance, "odd-even") for sweeps in (FREE, NUDGED))
        rule = ActivityDifference(network, strength=STRENGTH, free=free, pushed=nudged)
        key = jax.random.key(0)

        def step(weights, x, y):
            synapses = rule.mounted([Ideal(w) for w in weights])
            writes, inference, counts = rule.learn(synapses, x, y, key)
            written = [synapse.write(*write, key, RATE)[0] for synapse, write in zip(synapses, writes, strict=True)]
            return [synapse.weights for synapse in written], inference, counts

        def settled(weights, x):
            synapses = rule.mounted([Ideal(w) for w in weights])
            feed, _ = network.feed(synapses, x, key)
            result = network.settle(synapses, feed, Free(), network.start(x), free, key)
            return network.activities(result.state), result.residual.max(), result.sweeps

        self.given = [jax.numpy.array(w) for w in weights], jax.numpy.array(x), jax.numpy.array(y)
        self.step, self.settled, self.wait = jax.jit(step), jax.jit(settled), jax.block_until_ready

    def seconds(self, repeats: int) -> list[float]:
        """Best wall and CPU seconds of a step."""
        self.wait(self.step(*self.given))
        best = [1e9, 1e9]
        for _ in range(repeats):
            wall, cpu = time.perf_counter(), time.process_time()
            self.wait(self.step(*self.given))
            best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
        return best

    def free(self):
        """Settled activities, the residual, the sweeps made."""
        state, residual, sweeps, _ = self.settled(*self.given[:2])
        return [np.asarray(s) for s in state], float(residual), int(sweeps)


def flops(batch: int) -> float:
    """Of a sweep: each coupling above the first carried up and down as plain sums, two operations per term."""
    sides = (16, 8, 4)
    couplings = zip(sides, KERNELS, KERNELS[1:], strict=False)
    terms = sum(side * side * 9 * below * above for side, below, above in couplings) + 4 * KERNELS[-1] * 10
    return 2.0 * 2 * batch * terms


def peak() -> float:
    """Operations per CPU second of large matrix products in single precision."""
    import jax

    a = jax.random.normal(jax.random.key(0), (2048, 2048))
    product, best = jax.jit(lambda a: a @ a), 1e9
    for _ in range(8):
        cpu = time.process_time()
        jax.block_until_ready(product(a))
        best = min(best, time.process_time() - cpu)
    return 2 * 2048**3 / best


def farthest(states, others) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(states, others, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a python that has PyTorch")
    parser.add_argument("--peer-code", help="a checkout of rain-neuromorphics/energy-based-learning")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=1e-6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights, x, y = given(arguments.batch, folder)
        ours = {
            f"ours, {FREE} + 2 x {NUDGED} sweeps": Ours(weights, x, y, None),
            f"ours, to {arguments.tolerance:g}": Ours(weights, x, y, arguments.tolerance),
        }
        best = {name: [1e9, 1e9] for name in (*ours, "theirs")}
        for _ in range(2):
            for each, step in ours.items():
                best[each] = list(map(min, best[each], step.seconds(arguments.repeats)))
            if arguments.peer:
                command = [arguments.peer, "-c", PEER, arguments.peer_code, str(folder), str(arguments.repeats)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                best["theirs"] = list(map(min, best["theirs"], json.loads(done.stdout.splitlines()[-1])))
        rate, sweeps = peak(), FREE + 2 * NUDGED
        floor = sweeps * flops(arguments.batch) / rate
        print(
            f"{flops(arguments.batch) / 1e9:.1f} GFLOP per sweep as plain sums, {sweeps} sweeps; matrix products "
            f"{rate / 1e9:.0f} GFLOP per CPU second: floor {floor:.1f} CPU seconds"
        )
        for name, (wall, cpu) in best.items():
            if cpu < 1e9:
                line = f"{name:28} {wall:7.2f} s wall, {cpu:6.2f} s CPU, {cpu / floor:.2f} of the floor"
                if arguments.peer:
                    line += (
                        f"; {best['theirs'][0] / wall:.2f} times theirs by wall, {best['theirs'][1] / cpu:.2f} by CPU"
                    )
                print(line)
        states = {name: step.free() for name, step in ours.items()}
        for name, (_, residual, swept) in states.items():
            print(f"{name:28} free phase: {swept} sweeps, last change {residual:.1e}")
        full, early = (state for state, _, _ in states.values())
        print(f"largest difference between the two free states {farthest(full, early):.1e}")
        if arguments.peer:
            theirs = np.load(folder / "theirs.npz")
            states = [theirs[key] for key in theirs.files]
            states = [s.transpose(0, 2, 3, 1) if s.ndim == 4 else s for s in states]
            print(f"from their free state: {farthest(full, states):.1e} and {farthest(early, states):.1e}")


if __name__ == "__main__":
    main()
