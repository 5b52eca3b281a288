"""Serving a run: throughput with and without batches, beside the bare compiled batch; latency at half load.

    python bench/serving/throughput.py RUN [--seconds 10]

Needs hey (Debian's package) and the extra serve.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")

import numpy as np
from load import binary, body, load, ours, sample, started

PATH = "/v2/models/model/infer"
WINDOW_MS = 2.0


def bare(run: str, largest: int, seconds: float = 3.0) -> tuple[float, float]:
    """Samples per second of the compiled batch alone, and seconds of one batch."""
    from ohmgrad.serve import Model

    model = Model(Path(run), largest=largest)
    x = np.stack([sample(run).astype(np.float32)] * largest)
    seeds = np.arange(largest, dtype=np.uint32)
    model.answer(x, seeds)
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        model.answer(x, seeds)
        batches += 1
    step = (time.perf_counter() - began) / batches
    return largest / step, step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    run, seconds, request = arguments.run, arguments.seconds, body(arguments.run)
    found, halves = {}, {}
    for name, largest, window in (("batches of up to 64", 64, WINDOW_MS), ("one by one", 1, 0.0)):
        command = ours(run, 8501, largest=largest, window_ms=window)
        with started(command, "http://127.0.0.1:8501", PATH, request) as server:
            load(server.url + PATH, request, 2)
            found[name] = load(server.url + PATH, request, seconds)
            halves[name] = half = load(
                server.url + PATH, request, seconds, clients=8, per_second=found[name].per_second / 2
            )
            print(f"{name}: {found[name].per_second:,.0f} answers/s, p50 {found[name].p50_ms:.1f} ms, "
                  f"p99 {found[name].p99_ms:.1f} ms, {found[name].failed} failed; "
                  f"at half load p50 {half.p50_ms:.1f}, p99 {half.p99_ms:.1f} ms; "
                  f"first answer after {server.seconds:.1f} s, {server.megabytes:.0f} MB")  # fmt: skip
    whole, head = binary(run, 64)
    with started(ours(run, 8501), "http://127.0.0.1:8501", PATH, request) as server:
        packs = load(server.url + PATH, whole, seconds, clients=8, json_bytes=head)
    rate, step = bare(run, 64)
    batched, single = found["batches of up to 64"].per_second, found["one by one"].per_second
    print(f"bare batch of 64: {rate:,.0f} samples/s, {1000 * step:.2f} ms")
    print(f"batched over one by one: {batched / single:.2f} (goal 4)")
    print(
        f"batched over bare: {batched / rate:.3f} with a sample a request, "
        f"{64 * packs.per_second / rate:.3f} with 64 in binary data ({64 * packs.per_second:,.0f} samples/s; goal 0.5)"
    )
    allowed = 3 * (WINDOW_MS + 1000 * step)
    print(
        f"p99 at half load {halves['batches of up to 64'].p99_ms:.1f} ms, three times window and step {allowed:.1f} ms"
    )


if __name__ == "__main__":
    main()
