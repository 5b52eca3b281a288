"""One training step of a resistive network 1568-1024-10, ours beside the code of Scellier, arXiv:2402.11674 (2024).

    python bench/resistive.py                                             ours, in this environment
    python bench/resistive.py --peer PYTHON --peer-code FOLDER            and theirs (rain-neuromorphics/
                                                                          energy-based-learning), with PyTorch

Centered equilibrium propagation, 4 sweeps free and 4 pushed, as in their papers/fast-drn. Rounds of both take turns; the
best of each counts. Beside our time stand the least that a step must compute and move, and the time which products of
matrices of the same shapes take alone: `floor` counts, at batch 4, one read of the first matrix for currents and
conductances and a read and a write of it for its change, at the speed of a copy; at larger batches its products at the
speed measured for them.
"""

import argparse
import json
import subprocess
import sys
import time

SIZES = (1568, 1024, 10)
SWEEPS = 4
PEER = """
import json, sys, time, torch
sys.path.insert(0, sys.argv[1])
batch, repeats = int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(2)
from model.resistive.network import DeepResistiveEnergy
from model.function.network import Network
from model.function.cost import SquaredError
from model.resistive.minimizer import QuadraticMinimizer
from training.sgd import EquilibriumProp, AugmentedFunction
energy = DeepResistiveEnergy([(2, 28, 28), (1024,), (10,)], [1.0, 1.0], 480.0)
energy.set_device("cpu")
cost = SquaredError(energy.layers()[-1])
network = Network(energy)
augmented = AugmentedFunction(energy, cost)
def minimizer(function):
    made = QuadraticMinimizer(function, network.free_layers())
    made.num_iterations, made.mode = 4, "asynchronous"
    return made
free, pushed = minimizer(energy), minimizer(augmented)
estimator = EquilibriumProp(energy.params(), energy.layers(), augmented, cost, pushed)
estimator.nudging, estimator.variant = 1.0, "centered"
optimizer = torch.optim.SGD([p.state for p in energy.params()], lr=0.006)
x, y = torch.rand(batch, 1, 28, 28), torch.randint(10, (batch,))
best = [1e9, 1e9]
for _ in range(repeats):
    wall, cpu = time.perf_counter(), time.process_time()
    network.set_input(x, reset=False)
    free.compute_equilibrium()
    cost.set_target(y)
    for param, grad in zip(energy.params(), estimator.compute_gradient()): param.state.grad = grad
    optimizer.step()
    for param in energy.params(): param.clamp_()
    best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
print(json.dumps(best))
"""


def timed(function, *inputs, repeats: int, turns: int) -> list[float]:
    """Best wall and CPU seconds of one of the turns that a call of the function makes."""
    import jax

    jax.block_until_ready(function(*inputs))
    best = [1e9, 1e9]
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(function(*inputs))
        seconds = (time.perf_counter() - wall) / turns, (time.process_time() - cpu) / turns
        best = [min(best[0], seconds[0]), min(best[1], seconds[1])]
    return best


def ours(batch: int, repeats: int) -> list[float]:
    """Best wall and CPU seconds of a step, as `training.train` makes it."""
    import jax

    from ohmgrad import training
    from ohmgrad.networks import ResistiveNetwork, Settling
    from ohmgrad.rules import ActivityDifference

    settling = Settling(SWEEPS, order="odd-even")
    network = ResistiveNetwork((784, 1024, 10), input_gain=480.0)
    rule = ActivityDifference(network, "nudge", 1.0, "centered", settling, settling)
    chips = training.ideal_chips(rule, [1.0, 1.0], training.keys([0]))
    turns = 32
    key = jax.random.key(0)
    x = jax.random.uniform(key, (turns, batch, 784))
    y = jax.nn.one_hot(jax.random.randint(key, (turns, batch), 0, 10), 10)

    @jax.jit
    def steps(chips, x, y):
        def step(chip, inputs):
            writes, inference, _ = rule.learn(chip, *inputs, key)
            chip = tuple(synapse.write(*write, key, 0.006)[0] for synapse, write in zip(chip, writes, strict=True))
            return chip, inference.residual.max()

        return jax.vmap(lambda chip: jax.lax.scan(step, chip, (x, y)))(chips)

    return timed(steps, chips, x, y, repeats=repeats, turns=turns)


def products(batch: int, repeats: int) -> tuple[float, float]:
    """Best wall seconds of the products that a step needs with the first matrix alone, and of a copy of that matrix."""
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(jax.random.key(0), 3)
    g = jax.random.uniform(keys[0], SIZES[:2])
    x, post = jax.random.uniform(keys[1], (batch, SIZES[0])), jax.random.uniform(keys[2], (batch, SIZES[1]))
    forward, outer = jax.jit(jnp.matmul), jax.jit(lambda x, post: x.T @ post)
    copy = jax.jit(lambda g: g + 1)
    seconds = [
        timed(function, *inputs, repeats=20 * repeats, turns=1)[0]
        for function, inputs in ((forward, (x, g)), (outer, (x, post)), (copy, (g,)))
    ]
    return seconds[0] + seconds[1], seconds[2]


def floating_point(batch: int) -> float:
    """Operations of a step: two products with the first matrix, 2 to 3 with the second in each sweep of 3 samples."""
    inputs, hidden, outputs = SIZES
    settling = 2 * SWEEPS * 3 * batch * hidden * outputs * 2
    return 2 * (2 * batch * inputs * hidden) + settling + 2 * 2 * batch * hidden * outputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a python that has PyTorch")
    parser.add_argument("--peer-code", help="folder of their code")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=[4, 64, 256])
    arguments = parser.parse_args()
    megabytes = 4e-6 * SIZES[0] * SIZES[1]
    for batch in arguments.batches:
        mine, theirs, alone, copied = [1e9, 1e9], [1e9, 1e9], 1e9, 1e9
        for _ in range(2):
            mine = list(map(min, mine, ours(batch, arguments.repeats)))
            alone, copied = map(min, (alone, copied), products(batch, arguments.repeats))
            if arguments.peer:
                command = [arguments.peer, "-c", PEER, arguments.peer_code, str(batch), str(arguments.repeats)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                theirs = list(map(min, theirs, json.loads(done.stdout.splitlines()[-1])))
        flops = floating_point(batch)
        # A copy reads and writes the matrix once; the step reads it once more.
        floor = max(1.5 * copied, alone)
        print(
            f"batch {batch:4}: ours {1e3 * mine[0]:7.2f} ms wall, {1e3 * mine[1]:7.2f} ms CPU; "
            f"{1e-9 * flops:.3f} GFLOP, {3 * megabytes:.1f} MB, {1e-9 * flops / mine[0]:.0f} GFLOP/s; "
            f"products alone {1e3 * alone:.2f} ms ({alone / mine[0]:.0%} of the step), "
            f"moving alone {1.5e3 * copied:.2f} ms; {mine[0] / floor:.2f} times the floor"
        )
        if arguments.peer:
            print(
                f"            theirs {1e3 * theirs[0]:7.1f} ms wall, {1e3 * theirs[1]:7.1f} ms CPU: "
                f"{theirs[0] / mine[0]:.0f} times as long by wall, {theirs[1] / mine[1]:.0f} by CPU"
            )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
