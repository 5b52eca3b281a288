"""The same model behind LitServe and BentoML, in the same run as ours: throughput, latency, start, memory.

    python bench/serving/peers.py RUN [--seconds 10]

Needs hey, litserve and bentoml (pip install litserve bentoml), and the extra serve.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from load import Started, body, load, ours, sample, started

LITSERVE = """
import os
os.environ["JAX_NUM_CPU_DEVICES"] = "1"
import sys
import litserve
import numpy as np


class Api(litserve.LitAPI):
    def setup(self, device):
        from pathlib import Path
        from ohmgrad.serve import Model
        self.model = Model(Path(sys.argv[1]), largest=64)
        self.model.compile()

    def decode_request(self, request):
        return np.asarray(request["input"], np.float32)

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        return self.model.answer(x, np.zeros(len(x), np.uint32)).output

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"output": output.tolist()}


if __name__ == "__main__":
    api = Api(max_batch_size=64, batch_timeout=0.002)
    litserve.LitServer(api, accelerator="cpu").run(port=int(sys.argv[2]), host="127.0.0.1", log_level="error",
                                                   generate_client_file=False)
"""
BENTO = """
import os
os.environ["JAX_NUM_CPU_DEVICES"] = "1"
import bentoml
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 30, "max_concurrency": 4096})
class Served:
    def __init__(self):
        from pathlib import Path
        from ohmgrad.serve import Model
        self.model = Model(Path(os.environ["RUN"]), largest=64)
        self.model.compile()

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=64, max_latency_ms=1000)
    def answer(self, input: np.ndarray) -> np.ndarray:
        x = np.asarray(input, np.float32)
        return self.model.answer(x, np.zeros(len(x), np.uint32)).output
"""


def report(name: str, server: Started, path: str, request: bytes, seconds: float) -> None:
    load(server.url + path, request, 2)
    memory = server.megabytes
    full = load(server.url + path, request, seconds)
    half = load(server.url + path, request, seconds, clients=8, per_second=full.per_second / 2)
    print(f"{name:28} {full.per_second:8,.0f} answers/s  p50 {full.p50_ms:6.1f}  p99 {full.p99_ms:6.1f} ms  "
          f"half load p50 {half.p50_ms:5.1f} p99 {half.p99_ms:5.1f} ms  start {server.seconds:5.1f} s  "
          f"{memory:5.0f} MB  {full.failed} failed", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    run, folder = str(Path(arguments.run).resolve()), Path(tempfile.mkdtemp())
    numbers = np.round(sample(run), 4).tolist()
    path, request = "/v2/models/model/infer", body(run)
    with started(ours(run, 8510), "http://127.0.0.1:8510", path, request) as server:
        report("ohmgrad serve", server, path, request, arguments.seconds)
    if importlib.util.find_spec("litserve"):
        (folder / "lit.py").write_text(LITSERVE)
        plain = json.dumps({"input": numbers}).encode()
        command = [sys.executable, str(folder / "lit.py"), run, "8511"]
        with started(command, "http://127.0.0.1:8511", "/predict", plain) as server:
            report("LitServe", server, "/predict", plain, arguments.seconds)
    if importlib.util.find_spec("bentoml"):
        (folder / "service.py").write_text(BENTO)
        os.environ |= {"RUN": run, "BENTOML_DO_NOT_TRACK": "1", "BENTOML_HOME": str(folder)}
        batch = json.dumps({"input": [numbers]}).encode()
        words = ["-m", "bentoml", "serve", "service:Served", "--working-dir", str(folder), "--port", "8512"]
        with started([sys.executable, *words], "http://127.0.0.1:8512", "/answer", batch) as server:
            report("BentoML", server, "/answer", batch, arguments.seconds)


if __name__ == "__main__":
    main()
