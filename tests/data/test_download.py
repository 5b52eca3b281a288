"""Oracle: a server of the test's own, every byte known: whole and right files arrive, all else leaves nothing."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import formats
import numpy as np
import pytest

from ohmgrad import data
from ohmgrad.data import sources
from ohmgrad.errors import InputError

pytestmark = pytest.mark.usefixtures("cache")
HELD = formats.arrays(28, 28)
FILES = formats.idx_files(HELD)
IMAGES, LABELS, *_ = formats.IDX_NAMES
DEAD = "http://127.0.0.1:1/"


class Home(BaseHTTPRequestHandler):
    """Serves, by the first part of the path, files as they are, altered, cut off in the middle, or without an end."""

    def do_GET(self):
        _, kind, name = self.path.split("/")
        self.server.asked.append(self.path)  # pyright: ignore[reportAttributeAccessIssue]
        content = FILES[name]
        if kind == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        if kind != "endless":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "altered" and name == LABELS:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if kind == "cut" and name == LABELS:
            content = content[: len(content) // 2]
        self.wfile.write(content)
        while kind == "endless":
            try:
                self.wfile.write(bytes(1 << 16))
            except OSError:
                return

    def log_message(self, format, *args):
        pass


@pytest.fixture
def server():
    """Its address; `asked` are the paths it was asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Home) as server:
        server.asked = []  # pyright: ignore[reportAttributeAccessIssue]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def homes(server, monkeypatch):
    """Makes MNIST's homes folders of the server, or other addresses, in order."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    files = tuple(
        sources.File(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
    )

    def use(*kinds: str) -> None:
        places = [
            kind if kind.startswith("http") else f"http://127.0.0.1:{server.server_port}/{kind}/" for kind in kinds
        ]
        mnist = sources.SOURCES["mnist"]
        altered = sources.Source(mnist.layout, tuple(places), files, mnist.shape, mnist.train, mnist.classes)
        monkeypatch.setitem(sources.SOURCES, "mnist", altered)

    return use


def kept(cache) -> set[str]:
    """Every file below the cache, hidden ones too."""
    return {path.name for path in cache.rglob("*") if path.is_file()}


def assert_is_the_set(found):
    np.testing.assert_array_equal(found.x_train[..., 0], HELD[0])
    np.testing.assert_array_equal(found.y_test, HELD[3])


def test_a_set_comes_from_its_home_once_and_from_the_cache_from_then_on(homes, server, cache, capfd):
    homes("whole")
    assert_is_the_set(data.images("mnist"))
    assert server.asked == [f"/whole/{name}" for name in formats.IDX_NAMES]
    assert {path.name: path.read_bytes() for path in (cache / "mnist").iterdir()} == FILES
    assert_is_the_set(data.images("mnist"))
    assert len(server.asked) == 4
    assert capfd.readouterr() == ("", ""), "no bar where standard error is no terminal"


@pytest.mark.parametrize("first", [DEAD, "missing", "altered", "cut", "endless", "http://no.such.host.invalid/"])
def test_a_home_that_fails_is_followed_by_the_next(first, homes, cache):
    homes(first, "whole")
    assert_is_the_set(data.images("mnist"))
    assert {path.name: path.read_bytes() for path in (cache / "mnist").iterdir()} == FILES


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("altered", f"{LABELS}: wrong checksum, SHA-256 "),
        ("cut", f"{LABELS}: "),
        ("missing", f"{IMAGES}: Not Found"),
        ("endless", f"{IMAGES}: sends more than the {len(FILES[IMAGES])} bytes expected"),
    ],
)
def test_a_bad_file_is_refused_and_leaves_nothing(kind, says, homes, cache):
    homes(kind)
    with pytest.raises(InputError) as caught:
        data.images("mnist")
    assert says in str(caught.value)
    assert kept(cache) == ({IMAGES} if kind in ("altered", "cut") else set())


def test_what_came_whole_before_a_failure_is_not_fetched_again(homes, server, cache):
    homes("cut")
    with pytest.raises(InputError):
        data.images("mnist")
    server.asked.clear()
    homes("whole")
    assert_is_the_set(data.images("mnist"))
    assert f"/whole/{IMAGES}" not in server.asked and len(server.asked) == 3


def test_every_home_that_failed_is_named_with_its_reason(homes):
    homes(DEAD, "missing")
    with pytest.raises(
        InputError, match=rf"{DEAD}{IMAGES}: .*refused; http://127.0.0.1:\d+/missing/{IMAGES}: Not Found"
    ):
        data.images("mnist")


def test_a_cache_that_cannot_be_written_is_named(homes, cache):
    homes("whole")
    cache.parent.mkdir(parents=True)
    cache.write_text("a file in the place of the folder")
    with pytest.raises(InputError, match=r"ohmgrad/data/mnist cannot be created"):
        data.images("mnist")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_a_terminal_sees_a_bar_of_each_file(homes, monkeypatch):
    homes("whole")
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", terminal)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        data.images("mnist")
        terminal.flush()
        shown = os.read(master, 1 << 16).decode(errors="replace")  # the buffer may end within a character
    os.close(master)
    assert all(f"mnist: {name}" in shown for name in formats.IDX_NAMES)
