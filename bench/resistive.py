"""One training step of a resistive network 1568-1024-10, ours beside the code of Scellier, arXiv:2402.11674 (2024).

    python bench/resistive.py                                             ours, in this environment
    python bench/resistive.py --peer PYTHON --peer-code FOLDER            and theirs (rain-neuromorphics/
                                                                          energy-based-learning), with PyTorch

Centered equilibrium propagation, 4 sweeps free and 4 pushed, as in their papers/fast-drn. Rounds of both take turns;
the best of each counts. CPU seconds are given beside wall seconds, because only they are fair on a machine that
others use too. Beside our step stand the products of matrices that it needs with the first matrix, alone, and three
passes over that matrix (read for currents and conductances, read and written for its change) at the speed of a copy;
the floor is the larger of the two. Operations are counted as if the sources of both signs were separate inputs.
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
    network = ResistiveNetwork(784, (1024,), 10, input_gain=480.0)
    rule = ActivityDifference(network, "nudge", 1.0, "centered", settling, settling)
    chips = training.ideal_chips(rule, [1.0, 1.0], training.keys([0]))
    turns = 32
    key = jax.random.key(0)
    x = jax.random.uniform(key, (turns, batch, 784))
    y = jax.nn.one_hot(jax.random.randint(key, (turns, batch), 0, 10), 10)

    @jax.jit
    def steps(chips, x, y):
        def step(chip, inputs):
            writes, inference, _ = rule.learn(chip, inputs[0], inputs[1], key)
            chip = tuple(
                synapse.write(write.pre, write.post, key, 0.006)[0] for synapse, write in zip(chip, writes, strict=True)
            )
            return chip, inference.residual.max()

        return jax.vmap(lambda chip: jax.lax.scan(step, chip, (x, y)))(chips)

    return timed(steps, chips, x, y, repeats=repeats, turns=turns)


def alone(batch: int, repeats: int) -> tuple[list[float], list[float]]:
    """Best wall and CPU seconds of the products that a step needs with the first matrix, and of a copy of it."""
    import jax
    import jax.numpy as jnp

    inputs, hidden, _ = SIZES
    keys = jax.random.split(jax.random.key(0), 3)
    g = jax.random.uniform(keys[0], (inputs, hidden))
    x, post = jax.random.uniform(keys[1], (batch, inputs)), jax.random.uniform(keys[2], (batch, hidden))
    forward, outer, copied = (
        timed(jax.jit(function), *arguments, repeats=10 * repeats, turns=1)
        for function, arguments in (
            (jnp.matmul, (x, g)),
            (lambda x, post: x.T @ post, (x, post)),
            (lambda g: g + 1, (g,)),
        )
    )
    return [a + b for a, b in zip(forward, outer, strict=True)], copied


def operations(batch: int) -> float:
    """Of a step, as dense products: inputs and change of the first matrix; sweeps, free and for both pushes; change."""
    inputs, hidden, outputs = SIZES
    first, second = 2 * batch * inputs * hidden, 2 * batch * hidden * outputs
    return 2 * first + 2 * SWEEPS * (1 + 2) * second + 2 * second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a python that has PyTorch")
    parser.add_argument("--peer-code", help="folder of their code")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=[4, 64, 256])
    arguments = parser.parse_args()
    inputs, hidden, _ = SIZES
    for batch in arguments.batches:
        mine, theirs, products, copied = ([1e9, 1e9] for _ in range(4))
        for _ in range(2):
            mine = list(map(min, mine, ours(batch, arguments.repeats)))
            more, copy = alone(batch, arguments.repeats)
            products, copied = list(map(min, products, more)), list(map(min, copied, copy))
            if arguments.peer:
                command = [arguments.peer, "-c", PEER, arguments.peer_code, str(batch), str(arguments.repeats)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                theirs = list(map(min, theirs, json.loads(done.stdout.splitlines()[-1])))
        rate = operations(batch) / mine[1]
        peak = 4 * batch * inputs * hidden / products[1]
        # A copy is two passes over the matrix.
        floor = max(1.5 * copied[1], products[1])
        print(
            f"batch {batch:4}: ours {1e3 * mine[0]:7.2f} ms wall, {1e3 * mine[1]:7.2f} ms CPU; "
            f"{1e-9 * operations(batch):.3f} GFLOP at {rate / peak:.0%} of the products' speed "
            f"({1e-9 * peak:.0f} GFLOP/s of CPU time); {12e-6 * inputs * hidden:.1f} MB, "
            f"moved alone {1.5e3 * copied[1]:.2f} ms CPU; {mine[1] / floor:.2f} times the floor"
        )
        if arguments.peer:
            print(
                f"            theirs {1e3 * theirs[0]:7.1f} ms wall, {1e3 * theirs[1]:7.1f} ms CPU: "
                f"{theirs[0] / mine[0]:.0f} times as long by wall, {theirs[1] / mine[1]:.0f} by CPU"
            )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
