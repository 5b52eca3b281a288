"""Oracle: HTTP itself. What is wrong is refused with 4xx, nothing is 5xx, and the next good request is answered."""

import asyncio
import contextlib
import gzip
import http.client
import itertools
import json
import random
import re
import resource
import shutil
import socket
import struct
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Serving, config, serving

from ohmgrad.data import braille
from ohmgrad.errors import InputError
from ohmgrad.serve import protocol
from ohmgrad.serve.guard import Guard
from ohmgrad.serve.settings import Bounds

REQUESTS = 2000
TOKEN = "correct-horse-battery-staple"
INFER, PREDICT = "/v2/models/braille/infer", "/v1/predict"
DOTS = braille.pattern("ohm").astype(np.float32)
Sent = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers and body of a request."""


def tensor(**fields: Any) -> dict[str, Any]:
    return {"name": "input", "shape": [1, 60], "datatype": "FP32", "data": DOTS.tolist()} | fields


def infer(content: Any, *binary: bytes, **headers: str) -> Sent:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    if binary:
        headers = {protocol.HEADER: str(len(text))} | headers
    return "POST", INFER, headers, b"".join([text, *binary])


def posted(path: str, content: Any, method: str = "POST") -> Sent:
    return method, path, {}, json.dumps(content).encode()


GOOD = infer({"inputs": [tensor()], "parameters": {"seed": 7}})


# Each function makes a request that is wrong in one way.


def cut_json(rng: random.Random) -> Sent:
    method, path, headers, body = rng.choice([GOOD, posted(PREDICT, {"word": "ohm", "seed": 3})])
    return method, path, headers, body[: rng.randrange(len(body))]


def cut_binary(rng: random.Random) -> Sent:
    content = {"inputs": [tensor(data=None, parameters={"binary_data_size": 240})]}
    return infer(content, DOTS.tobytes()[: rng.randrange(240)])


def too_much_binary(rng: random.Random) -> Sent:
    content = {"inputs": [tensor(data=None, parameters={"binary_data_size": 240})]}
    return infer(content, DOTS.tobytes() + rng.randbytes(rng.randint(1, 500)))


def wrong_binary_size(rng: random.Random) -> Sent:
    size = rng.choice([-1, 0, 239, 241, 2**31, 2**63, 10**30, 240.0, "240", True, [], {}])
    return infer({"inputs": [tensor(data=None, parameters={"binary_data_size": size})]}, DOTS.tobytes())


def wrong_header_length(rng: random.Random) -> Sent:
    text = json.dumps({"inputs": [tensor(data=None, parameters={"binary_data_size": 240})]}).encode()
    wrong = rng.choice([-1, 0, 1, len(text) - 1, len(text) + 1, 10**6, 10**30, "", "x", "1e2", "0x10", "²"])
    return "POST", INFER, {protocol.HEADER: str(wrong)}, text + DOTS.tobytes()


def binary_not_finite(rng: random.Random) -> Sent:
    dots = DOTS.copy()
    dots[rng.randrange(60)] = rng.choice([np.nan, np.inf, -np.inf, 1e30, -2])
    return infer({"inputs": [tensor(data=None, parameters={"binary_data_size": 240})]}, dots.tobytes())


def json_not_finite(rng: random.Random) -> Sent:
    word = rng.choice(["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e30", "1" * 400, "1" * 5000, '"1"', "null"])
    text = json.dumps({"inputs": [tensor()]}).replace("1.0", word, 1)
    return infer(text.encode())


def wrong_shape(rng: random.Random) -> Sent:
    sides = [0, -1, 1, 59, 61, 2**31, 2**32 - 1, 2**32, 2**64, 1.0, "60", None, True, [60]]
    shape = [rng.choice(sides) for _ in range(rng.randrange(12))]
    if shape == [1, 60]:
        shape = [60]
    shape = rng.choice([shape, shape, rng.choice(["60", 60, None, {}, True])])
    binary = rng.random() < 0.5
    if not binary:
        return infer({"inputs": [tensor(shape=shape)]})
    return infer({"inputs": [tensor(shape=shape, data=None, parameters={"binary_data_size": 240})]}, DOTS.tobytes())


def wrong_data(rng: random.Random) -> Sent:
    long = ["A" * 20_000, *[1] * 59]
    ragged = [[1.0] * 30, [1.0] * 29, [1.0]]
    return infer({"inputs": [tensor(data=rng.choice([None, {}, "1", 1, [], [[]], long, ragged, [DOTS.tolist()] * 2]))]})


def wrong_datatype(rng: random.Random) -> Sent:
    kind = rng.choice(["FP16", "BF16", "BYTES", "fp32", "", "INT8", "object", "FP64", "INT64", "BOOL", 32, None, ["F"]])
    return infer({"inputs": [tensor(datatype=kind)]})


def wrong_name(rng: random.Random) -> Sent:
    name = rng.choice(["", "Input", "input ", "x" * 10_000, "\ud800", "\0", "__class__", 1, None, ["input"], {}])
    return infer({"inputs": [tensor(name=name)]})


def twice(rng: random.Random) -> Sent:
    whole = json.dumps({"inputs": [tensor()]})
    return rng.choice(
        [
            infer({"inputs": [tensor(), tensor()]}),
            infer({"inputs": [tensor()], "outputs": [{"name": "output"}] * 2}),
            infer((whole[:-1] + ', "inputs": []}').encode()),
            infer(whole.replace('"shape"', '"name": "input", "shape"').encode()),
            ("POST", PREDICT, {}, b'{"word": "ohm", "word": "volt"}'),
            posted(PREDICT, {"word": "ohm", "dots": DOTS.tolist()}),
        ]
    )


def wrong_structure(rng: random.Random) -> Sent:
    odd = rng.choice([None, 1, "x", [], {}, [1], [None], [[]], [{}], True])
    bad_outputs = rng.choice([1, "x", {}, [1], [{}], [{"name": 1}], [{"name": "nothing"}], True])
    return rng.choice(
        [
            infer(odd),
            infer({"inputs": odd}),
            infer({"inputs": [tensor()], "outputs": bad_outputs}),
            infer({"inputs": [tensor()], "id": rng.choice([1, [], {}, True])}),
            infer({"inputs": [tensor()], "parameters": rng.choice([1, [], "x"])}),
            infer({"inputs": [tensor()], "parameters": {"timeout": rng.choice([0, -1, 1.5, "1", 10**30, True])}}),
        ]
    )


def wrong_seed(rng: random.Random) -> Sent:
    seed = rng.choice([-1, 2**32, 2**64, 1.5, "1", [], True, 10**400])
    beside = {"name": "seed", "shape": [1], "datatype": rng.choice(["UINT32", "INT64", "UINT64"])}
    if seed is True:
        return infer({"inputs": [tensor()], "parameters": {"seed": seed}})
    return rng.choice(
        [
            infer({"inputs": [tensor(), beside | {"data": [seed]}]}),
            infer({"inputs": [tensor(), beside | {"shape": [2], "data": [1, 2]}]}),
            infer({"inputs": [tensor()], "parameters": {"seed": seed}}),
            posted(PREDICT, {"word": "ohm", "seed": seed}),
        ]
    )


def not_utf8(rng: random.Random) -> Sent:
    method, path, headers, body = rng.choice([GOOD, posted(PREDICT, {"word": "ohm"})])
    place = rng.randrange(len(body) + 1)
    wrong = rng.choice(
        [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x28", b"\0", b"\xef\xbb\xbf"]
    )
    return method, path, headers, body[:place] + wrong + body[place:]


def deep(rng: random.Random) -> Sent:
    depth = rng.choice([9, 33, 65, 200, 256, 300, 900, 990, 1000, 50_000])
    start, end = rng.choice([("[", "]"), ('{"a":', "}")])
    nest = start * depth + "1" + end * depth
    field = rng.choice(['"word"', '"dots"', '"image"', '"input"', '"seed"', '"signals"', '"scenario"'])
    return rng.choice(
        [
            infer(f'{{"inputs": [{{"name": "input", "shape": [1], "datatype": "FP32", "data": {nest}}}]}}'.encode()),
            infer(f'{{"inputs": [{{"name": "input", "shape": {nest}, "datatype": "FP32", "data": []}}]}}'.encode()),
            ("POST", PREDICT, {}, f'{{"model": "braille", {field}: {nest}}}'.encode()),
            ("POST", "/v1/label", {}, f'{{"id": "x", "label": {nest}}}'.encode()),
            ("POST", PREDICT, {}, nest.encode()),
        ]
    )


def wrong_field(rng: random.Random) -> Sent:
    good: dict[str, Any] = {"model": "braille", "word": "ohm"}
    field, value = rng.choice(
        [
            ("model", rng.choice([1, [], "nobody", "..", "\ud800", "x" * 10_000, ""])),
            ("version", rng.choice([0, -1, 2, 10**30, "1", 1.5, True])),
            ("scenario", rng.choice([1, {}])),
            ("word", rng.choice([1, "", "ox", "wörd", "x" * 100_000, [], "\ud800", "a\r\nb"])),
            ("timeout_ms", rng.choice([0, -1, "1", 1e300, 10**400])),
            ("signals", rng.choice([1, [], {"a": "b"}, {"a" * 65: 1}, {"\ud800": 1}, {"a": None}, {"a": 10**400}])),
            ("x" * rng.choice([1, 10_000]), 1),
            ("__proto__", {}),
        ]
    )
    return posted(rng.choice([PREDICT, "/v1/watch"]), good | {field: value})


def wrong_effect(rng: random.Random) -> Sent:
    wrong = [
        *({"without": each} for each in (["device"], "adc", [1], [[]])),
        *({"adc_bits": each} for each in (3, 13, 4.5, "8", True)),
        *({"wire_ohms": each} for each in (-1, 101, "1", 10**400)),
        *({"age_seconds": each} for each in (-1, 1e11, "1")),
    ]
    return posted("/v1/watch", {"model": "braille", "word": "ohm", "effects": rng.choice([*wrong, 1, [], {"x": 1}])})


def wrong_label(rng: random.Random) -> Sent:
    odd = rng.choice([None, 1, "", "x" * 10_000, "0" * 16, [], {}, "\ud800"])
    return posted("/v1/label", rng.choice([{"id": odd, "label": "ohm"}, {"id": "0" * 16}, odd]))


def wrong_signals(rng: random.Random) -> Sent:
    odd = rng.choice([1, "x", [], {"a": "b"}, {"a": [1]}, {"a" * 65: 1.0}, {str(n): 1.0 for n in range(101)}])
    return posted("/v1/signals", {"signals": odd}, "PUT")


def wrong_path(rng: random.Random) -> Sent:
    name = rng.choice(
        ["..", "%2e%2e", "%2f", "..%2f..%2fetc", "%00", "%ff", "a%0d%0aX:%20y", "x" * 5000, "~", "%", "é"]
    )
    name = urllib.parse.quote(name, safe="%~.")
    path = rng.choice(
        [
            "/v2/models/{}/infer",
            "/v2/models/{}",
            "/v2/models/{}/ready",
            "/v2/models/braille/versions/{}/ready",
            "/v2/repository/models/{}/load",
            "/v2/repository/models/{}/unload",
            "/page/{}",
            "/v1/models/{}/layers/1",
            "/v1/models/braille/layers/{}",
            "/{}",
        ]
    )
    return rng.choice(["GET", "POST", "DELETE", "PUT", "HEAD", "PATCH"]), path.format(name), {}, b""


def wrong_picture(rng: random.Random) -> Sent:
    kind = rng.choice(["image/png", "image/jpeg", "image/x-nothing", "image/"])
    start = rng.choice([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"BM", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 "])
    large = start[:8] + b"\0\0\0\rIHDR" + struct.pack(">IIBBBBB", *[rng.choice([0, 5000, 2**31])] * 2, 8, 0, 0, 0, 0)
    content = rng.choice([start + rng.randbytes(rng.randrange(200)), large + rng.randbytes(30)])
    text = rng.choice(["", "%", "data:image/png;base64,", "QUJD", "A" * 5, "é"])
    return rng.choice(
        [
            ("POST", PREDICT + "?model=digits", {"content-type": kind}, content),
            ("POST", PREDICT + "?model=braille", {"content-type": kind}, content),
            ("POST", PREDICT + "?model=digits&seed=-1", {"content-type": kind}, content),
            ("POST", PREDICT + "?" + "a=b&" * 500, {"content-type": kind}, content),
            posted(PREDICT, {"model": "digits", "image": text}),
        ]
    )


def wrong_encoding(rng: random.Random) -> Sent:
    method, path, headers, body = GOOD
    return method, path, headers | {"content-encoding": rng.choice(["gzip", "br", "identity"])}, gzip.compress(body)


def foreign(rng: random.Random) -> Sent:
    method, path, headers, body = GOOD
    origin = rng.choice(["http://evil.example", "null", "http://127.0.0.1", "https://localhost:1", "file://", ""])
    return method, path, headers | {"origin": origin}, body


def random_bytes(rng: random.Random) -> Sent:
    path = rng.choice([INFER, PREDICT, "/v1/watch", "/v1/label", "/v2/repository/models/braille/load"])
    return "POST", path, {}, b"\xfe" + rng.randbytes(rng.randrange(2000))


KINDS: list[Callable[[random.Random], Sent]] = [
    cut_json, cut_binary, too_much_binary, wrong_binary_size, wrong_header_length, binary_not_finite, json_not_finite,
    wrong_shape, wrong_data, wrong_datatype, wrong_name, twice, wrong_structure, wrong_seed, not_utf8, deep,
    wrong_field, wrong_effect, wrong_label, wrong_signals, wrong_path, wrong_picture, wrong_encoding, foreign,
    random_bytes,
]  # fmt: skip


class Client:
    """A connection to a server, opened anew after it was closed."""

    def __init__(self, running: Serving) -> None:
        self._to = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=60)

    def send(self, sent: Sent) -> tuple[int, bytes]:
        method, path, headers, body = sent
        self._to.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self._to.putheader(name, value.encode())
        self._to.endheaders(body)
        reply = self._to.getresponse()
        return reply.status, reply.read()

    def close(self) -> None:
        self._to.close()


@pytest.fixture
def client(server) -> Iterator[Client]:
    found = Client(server)
    yield found
    found.close()


def answer(client: Client) -> Any:
    status, body = client.send(GOOD)
    assert status == 200
    return json.loads(body)["outputs"]


def test_malformed_requests_are_refused_and_the_next_good_one_is_answered(server, client):
    rng, expected, statuses = random.Random(20_261_128), answer(client), Counter()
    for number, kind in zip(range(REQUESTS), itertools.cycle(KINDS), strict=False):
        sent = kind(rng)
        status, body = client.send(sent)
        statuses[status] += 1
        told = f"{number}: {kind.__name__}: {status} {body[:200]} to {sent[:3]} {sent[3][:300]}"
        assert 400 <= status < 500, told
        if sent[0] != "HEAD":
            error = json.loads(body)
            assert list(error) == ["error"] and len(error["error"]) < 2000, told
        if number % 100 == 99:
            assert answer(client) == expected
    assert {400, 403, 404, 405, 415} <= statuses.keys()
    assert not [line for line in server.log if "Exception" in line or "Traceback" in line]


# The wire itself.


def exchange(server: Serving, content: bytes, seconds: float = 30.0) -> bytes:
    """Send bytes, and take all that comes until the server closes the connection."""
    with connected(server, seconds) as to:
        with contextlib.suppress(ConnectionError):  # closed before all was sent
            to.sendall(content)
        return rest(to)


def connected(server: Serving, seconds: float = 30.0) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=seconds)


def rest(to: socket.socket) -> bytes:
    found = b""
    try:
        while piece := to.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass  # closed while something was still on its way to the server
    return found


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin-1")


LIVE = head("GET", "/v2/health/live")
WORD = b'{"word": "ohm"}'
CHUNKED = head("POST", PREDICT, "Transfer-Encoding: chunked")
WIRE = {
    "two lengths": head("POST", PREDICT, "Content-Length: 15", "Content-Length: 3") + WORD,
    "the same length twice": head("POST", PREDICT, "Content-Length: 15", "Content-Length: 15") + WORD,
    "length and chunks": head("POST", PREDICT, "Content-Length: 15", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head("POST", PREDICT, "Transfer-Encoding: chunked", "Content-Length: 15") + b"0\r\n\r\n",
    "unknown coding": head("POST", PREDICT, "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "coding before chunks": head("POST", PREDICT, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunk without a size": CHUNKED + b"zz\r\n" + WORD,
    "chunk of too large a size": CHUNKED + b"fffffffffffffffff\r\n" + WORD,
    "negative length": head("POST", PREDICT, "Content-Length: -1") + WORD,
    "length with a sign": head("POST", PREDICT, "Content-Length: +15") + WORD,
    "length beyond 64 bits": head("POST", PREDICT, "Content-Length: 99999999999999999999999") + WORD,
    "folded header": head("POST", PREDICT, "X: a\r\n b", "Content-Length: 15") + WORD,
    "space before a colon": head("POST", PREDICT, "Content-Length : 15") + WORD,
    "zero byte in a header": head("GET", "/v2", "X: a\0b"),
    "line feeds alone": LIVE.replace(b"\r\n", b"\n"),
    "no host": b"GET /v2 HTTP/1.1\r\n\r\n",
    "two hosts": head("GET", "/v2", "Host: localhost"),
    "two origins": head("GET", "/v2", "Origin: http://localhost", "Origin: http://localhost"),
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another version": b"GET /v2 HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "no method": b"/v2 HTTP/1.1\r\n\r\n",
    "connect": head("CONNECT", "evil.example:1"),
    "no path": head("GET", "http://localhost"),
    "bytes in the path": head("GET", "/v2/\xff\xfe"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a web socket": head(
        "GET", "/v2", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    "large headers": head("GET", "/v2", "X: " + "a" * 40_000),
    "many headers": head("GET", "/v2", *(f"X{n}: 1" for n in range(5000))),
    "a long path": head("GET", "/" + "a" * 40_000),
    "headers without end": b"GET /v2 HTTP/1.1\r\nX: " + b"a" * 500_000,
    "large trailers": CHUNKED + b"f\r\n" + WORD + b"\r\n0\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(9000)),
    "trailer without end": CHUNKED + b"f\r\n" + WORD + b"\r\n0\r\nX: " + b"a" * 2_000_000,
    "extensions of chunks": CHUNKED + b"f;" + b"a" * 3_000_000 + b"\r\n" + WORD,
}  # fmt: skip


@pytest.mark.parametrize("fault", WIRE)
def test_broken_http_is_refused_and_the_connection_closed(fault, server):
    reply = exchange(server, WIRE[fault] + (LIVE if "without end" not in fault else b""))
    statuses = re.findall(rb"HTTP/1.1 (\d+)", reply)
    assert len(statuses) <= 1 or statuses == [b"403", b"200"], (
        "what follows a broken request is not taken for a request"
    )
    assert (statuses and statuses[0].startswith(b"4")) or not reply
    assert server.ask("/v2/health/live").status == 200


def test_requests_in_a_row_are_answered_in_order_and_only_so_many(server):
    row = b"".join(head("GET", f"/v2/models/{name}") for name in ("braille", "digits", "nobody"))
    reply = exchange(server, row + head("GET", "/v2", "Connection: close"))
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"200", b"200", b"404", b"200"]
    assert reply.index(b'"braille"') < reply.index(b'"digits"') < reply.index(b"nobody")
    many = exchange(server, head("POST", "/v1/watch", "Content-Length: 0") + LIVE * 5000)
    assert many.count(b"HTTP/1.1 200") < 100


def test_slow_and_silent_clients_are_cut_off_and_others_answered_meanwhile(server):
    with contextlib.ExitStack() as open_ones:
        silent, half, idle = (open_ones.enter_context(connected(server)) for _ in range(3))
        half.sendall(b"GET /v2 HTTP/1.1\r\nHost: ")
        idle.sendall(LIVE)
        answered = b""
        while not answered.endswith(b"}"):
            answered += idle.recv(1000)
        idle.sendall(b"\r\n")  # a blank line before a request begins its time
        began = time.monotonic()
        assert server.ask("/v2/health/live").status == 200
        replies = [rest(each) for each in (silent, half, idle)]
        assert time.monotonic() - began < 20
    assert all(reply.startswith(b"HTTP/1.1 408") for reply in replies)


def test_a_client_that_reads_nothing_and_one_that_leaves_hold_nothing_up(server, client):
    body = json.dumps({"inputs": [tensor()], "parameters": {"seed": 7}}).encode()
    request = head("POST", INFER, f"Content-Length: {len(body)}") + body
    with contextlib.ExitStack() as open_ones:
        for _ in range(30):
            one = open_ones.enter_context(connected(server))
            one.sendall(request[: -1 if _ % 3 else None])
            if _ % 2:
                one.close()
        assert answer(client) == answer(client)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")
def test_connections_are_bounded_before_files_run_out(server):
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    try:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (104, limits[1]))
        with contextlib.ExitStack() as open_ones:
            many = [open_ones.enter_context(connected(server)) for _ in range(60)]
            assert exchange(server, LIVE).startswith(b"HTTP/1.1 503")
            many[0].sendall(head("GET", "/v2", "Connection: close"))
            assert rest(many[0]).startswith(b"HTTP/1.1 200"), "who is connected is served"
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
    assert server.ask("/v2").status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:80", 200), ("[::1]:5", 200), ("evil.example", 403),
     ("127.0.0.1.evil.example", 403), ("192.168.0.1:8000", 403), ("", 403), ("localhost@evil.example", 403)],
)  # fmt: skip
def test_without_a_token_only_names_of_this_machine_are_answered(host, status, server):
    """A foreign page whose name is made to lead to 127.0.0.1 counts as this server's own to a browser."""
    origin = {"origin": f"http://{host}"}
    assert server.ask("/v1/signals", {"signals": {}}, method="PUT", host=host, **origin).status == status


# A server of one's own: a token, small limits, and a repository that an enemy may write into.


def own_module(folder: Path) -> None:
    """Let a run's recipe name a module that leaves a file behind when it is imported."""
    recipe = folder / "recipe.yaml"
    text = recipe.read_text().replace("kind: backpropagation", "kind: enemy:Rule")
    recipe.write_text(f"{text}\nmodules: ['{folder}']\n")
    (folder / "enemy.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")


@pytest.fixture(scope="module")
def enemy(digits_run, tmp_path_factory) -> Path:
    """A repository of runs: one is good."""
    folder = tmp_path_factory.mktemp("enemy") / "models"
    for name in ("good", "linked-file", "linked-version", "code", "no-chips", "cut", "wrong-summary"):
        shutil.copytree(digits_run, folder / name)
    (folder / "linked").symlink_to(digits_run)
    shutil.rmtree(folder / "linked-version")
    (folder / "linked-version").mkdir()
    (folder / "linked-version" / "1").symlink_to(digits_run)
    (folder / "linked-file" / "chips.safetensors").unlink()
    (folder / "linked-file" / "chips.safetensors").symlink_to(digits_run / "chips.safetensors")
    own_module(folder / "code")
    (folder / "no-chips" / "chips.safetensors").unlink()
    whole = (folder / "cut" / "chips.safetensors").read_bytes()
    (folder / "cut" / "chips.safetensors").write_bytes(whole[:-1])
    summary = json.loads((folder / "wrong-summary" / "summary.json").read_text())
    (folder / "wrong-summary" / "summary.json").write_text(json.dumps(summary | {"classes": None}))
    return folder


@pytest.fixture(scope="module")
def guarded(ohmgrad, enemy) -> Iterator[Serving]:
    token = enemy.with_name("token")
    token.write_text(TOKEN + "\n")
    limits = {"body_bytes": 20_000, "body_seconds": 0.5}
    path = config(enemy.parent, repository=str(enemy), limits=limits, batching={"largest": 1})
    with serving(ohmgrad.environment, "--config", path, "--token-file", token) as running:
        yield running


BEARER = {"authorization": f"Bearer {TOKEN}"}
LOAD = "/v2/repository/models/{}/load"


def load(guarded: Serving, name: str):
    return guarded.ask(LOAD.format(name), b"", **BEARER)


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("linked", 404, "unknown model"),
        ("linked-version", 400, "1 is a link out of the repository"),
        ("linked-file", 400, "chips.safetensors is a link out of the repository"),
        ("code", 400, "no code is run from the repository"),
        ("no-chips", 400, "damaged"),
        ("cut", 400, "damaged"),
        ("wrong-summary", 400, "damaged"),
        ("..", 404, "unknown model"),
        ("%2e%2e", 404, "unknown model"),
        ("..%2fmodels%2fgood", 404, "Not Found"),
        (".", 404, "unknown model"),
        ("good%00", 404, "unknown model"),
    ],
)
def test_runs_of_an_enemy_are_not_loaded(name, status, says, guarded, enemy):
    reply = load(guarded, name)
    assert (reply.status, says in reply.json["error"]) == (status, True), reply
    assert not (enemy / "code" / "ran").exists()


def test_a_loaded_model_that_becomes_a_link_is_not_loaded_again(guarded, enemy, digits_run):
    assert load(guarded, "good").status == 200
    (enemy / "good").rename(enemy.with_name("kept"))
    (enemy / "good").symlink_to(digits_run)
    try:
        assert "link out of the repository" in load(guarded, "good").json["error"]
        (enemy / "good").unlink()
        assert load(guarded, "good").status == 400
    finally:
        (enemy / "good").unlink(missing_ok=True)
        enemy.with_name("kept").rename(enemy / "good")
    assert guarded.ask("/v2/models/good/ready").status == 200, "what was loaded still answers"
    assert load(guarded, "good").status == 200


CHANGES = [("POST", LOAD.format("good")), ("POST", "/v2/repository/models/good/unload"), ("PUT", "/v1/signals")]
WRONG = [
    None, "", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN,
    f"Bearer {TOKEN.upper()}", f"Bearer Bearer {TOKEN}", "Bearer \xff\xfe", "Bearer null",
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("given", WRONG)
def test_changes_need_the_token(given, method, path, guarded):
    headers = {} if given is None else {"authorization": given}
    reply = guarded.ask(path, b"{}", method, **headers)
    assert reply.status == 401 and reply.headers["www-authenticate"] == "Bearer"


def test_the_token_is_not_needed_to_ask_and_may_not_be_given_twice(guarded):
    assert guarded.ask("/v2").status == guarded.ask("/metrics").status == guarded.ask("/v1/signals").status == 200
    assert guarded.ask("/v2/repository/index", b"").status == 200
    twice = head("POST", LOAD.format("good"), *[f"Authorization: Bearer {TOKEN}"] * 2, "Content-Length: 0")
    assert exchange(guarded, twice).startswith(b"HTTP/1.1 400")
    assert (
        guarded.ask("/v1/signals", {"signals": {"battery": 0.5}}, "PUT", authorization=f"bearer  {TOKEN}").status == 200
    )


def test_bodies_are_bounded_in_size_and_time(guarded):
    announced = head("POST", PREDICT, "Content-Length: 20001")
    assert exchange(guarded, announced).startswith(b"HTTP/1.1 413")
    grown = CHUNKED + b"".join(b"3e8\r\n" + bytes(1000) + b"\r\n" for _ in range(500))
    assert exchange(guarded, grown).startswith(b"HTTP/1.1 413"), "the reply comes though the client sent all first"
    with connected(guarded) as to:
        to.sendall(head("POST", PREDICT, "Content-Length: 15") + WORD[:-1])
        assert rest(to).startswith(b"HTTP/1.1 408")
    refused = guarded.ask(LOAD.format("good"), bytes(20_000))
    assert refused.status == 401 and refused.headers["connection"] == "close"


def test_loads_and_unloads_at_once_end_in_one_state_or_the_other(guarded):
    image = {"input": np.zeros((8, 8, 1)).tolist(), "model": "good"}

    def once(number: int) -> tuple[int, int]:
        path, body = [(CHANGES[0][1], b""), (CHANGES[1][1], b""), (PREDICT, image), ("/v2/repository/index", b"")][
            number % 4
        ]
        return number % 4, guarded.ask(path, body, "POST", **BEARER).status

    assert load(guarded, "good").status == 200
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(once, range(80)))
    assert {(0, 200), (1, 200), (3, 200)} <= found <= {(0, 200), (1, 200), (2, 200), (2, 404), (3, 200)}
    assert load(guarded, "good").status == 200 and guarded.ask(PREDICT, image).status == 200


def test_logs_hold_neither_payloads_nor_tokens(guarded):
    mark = "kilroywashere"
    guarded.ask(f"/v2/models/{mark}/infer", {"inputs": mark}, authorization=f"Bearer {mark}", x_mark=mark)
    guarded.ask(LOAD.format(mark), {"parameters": {"version": mark}}, **BEARER)
    guarded.ask(PREDICT + f"?word={mark}", {"word": mark}, cookie=mark)
    guarded.ask("/v1/signals", {"signals": {mark: 1.0}}, "PUT", **BEARER)
    exchange(guarded, f"{mark} /{mark} HTTP/1.1\r\n{mark}\r\n\r\n".encode())
    assert load(guarded, "cut").status == 400
    lines = "".join(guarded.log).splitlines()
    assert any("model cut not loaded" in json.loads(line)["message"] for line in lines), "each is one JSON object"
    assert not [line for line in lines if mark in line or TOKEN in line]
    assert not [line for line in lines if json.loads(line)["level"] == "ERROR"]


# The guard by itself: what takes a server with other flags.


async def _answering(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def guard_says(guard: Guard, path: str, *pieces: bytes, **headers: str) -> int:
    """Status of the answer to a request through a guard."""
    given = [(name.encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "headers": given}
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"]


def test_the_token_may_be_asked_for_in_all_requests():
    guard = Guard(_answering, Bounds.model_validate({}), TOKEN, "all")
    for path in ("/", "/v2", PREDICT, "/metrics", "/openapi.json", "/v2/repository/index", "/v2/health/live/"):
        assert guard_says(guard, path) == 401
        assert guard_says(guard, path, **BEARER) == 200
    assert guard_says(guard, "/v2/health/live") == guard_says(guard, "/v2/health/ready") == 200


def test_bodies_of_all_requests_together_are_bounded():
    guard = Guard(_answering, Bounds.model_validate({"body_bytes": 1024}), None, "changes")
    guard._held = 32 * 1024 - 1000
    assert guard_says(guard, PREDICT, bytes(1001)) == 429
    assert guard._held == 32 * 1024 - 1000, "what was refused is not held"
    assert guard_says(guard, PREDICT, bytes(1000)) == 200


def test_nesting_is_measured_outside_of_texts():
    brackets = "[" * 100
    assert protocol.parse_json(json.dumps([brackets, '\\"' + brackets, [[1]] * 50]).encode())[2] == [[1]] * 50
    with pytest.raises(InputError, match="nested"):
        protocol.parse_json(b"[" * 33 + b"]" * 33)
    began = time.perf_counter()
    with pytest.raises(InputError, match="not JSON"):
        protocol.parse_json(b'"' + b'\\"' * 2_000_000 + b"[]" * 50)
    assert time.perf_counter() - began < 5, "time grows with size alone"
