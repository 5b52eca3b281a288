"""Peak memory of training one array of 4096 x 4096 devices that all differ: the goal is 4 GB.

python bench/memory.py
"""

import resource

import jax

from ohmgrad import devices
from ohmgrad.crossbar import Adc, Dac, Hardware, Single, schemes
from ohmgrad.synapses import Crossbar

SIZE = 4096


def main() -> None:
    device = devices.preset("aihwkit-reram-sb")
    mapping, scheme = Single(on_wire=False), schemes.PulseTrains(31)
    hardware = Hardware(device, SIZE, SIZE, mapping=mapping, dac=Dac(7, "vector"), adc=Adc(9), write=scheme)
    keys = jax.random.split(jax.random.key(0), 3)
    program = jax.jit(lambda key: Crossbar.program(jax.numpy.zeros((SIZE, SIZE)), hardware, 1.0, 1e-3, key)[0])
    crossbar = program(keys[0])
    x, d = (jax.random.uniform(key, (64, SIZE), minval=-1) for key in keys[1:])

    def step(crossbar, key, x, d):
        y, _ = crossbar.read(x, key)
        z, _ = crossbar.read_transposed(d, key)
        return crossbar.write(x, 1e-4 * d, key)[0], y.sum() + z.sum()

    def train(crossbar, keys, x, d):
        return jax.lax.scan(lambda crossbar, key: step(crossbar, key, x, d), crossbar, keys)

    steps = jax.jit(train, donate_argnums=0)
    jax.block_until_ready(steps(crossbar, jax.random.split(jax.random.key(1), 3), x, d))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak resident memory: {peak:.2f} GB (programming, 3 steps of 64 vectors, spread from device to device)")


if __name__ == "__main__":
    main()
