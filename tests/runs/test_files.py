"""Oracle: what POSIX says of links, devices, pipes and names, and the content that was to be there."""

import os
import threading
from pathlib import Path

import pytest

from ohmgrad import files, records
from ohmgrad.errors import LONGEST, InputError


def test_links_are_followed_and_stay(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "new").symlink_to(tmp_path / "later")
    for link in ("link", "new"):
        files.write(tmp_path / link, "content")
        assert (tmp_path / link).is_symlink() and (tmp_path / link).resolve().read_text() == "content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["later", "link", "new", "real"]


def test_who_may_use_a_file_stays_as_it_was(tmp_path):
    (tmp_path / "mine.csv").write_text("old")
    (tmp_path / "mine.csv").chmod(0o640)
    files.write(tmp_path / "mine.csv", "content")
    assert (tmp_path / "mine.csv").read_text() == "content"
    assert (tmp_path / "mine.csv").stat().st_mode & 0o777 == 0o640


def test_devices_and_pipes_take_the_content_as_they_are(tmp_path):
    (tmp_path / "null.svg").symlink_to("/dev/null")
    files.write(tmp_path / "null.svg", "content")
    assert (tmp_path / "null.svg").readlink().as_posix() == "/dev/null" and (tmp_path / "null.svg").is_char_device()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe cannot be written"):
        files.write(tmp_path / "pipe", "nobody reads")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    content, received = b"x" * 10**6, bytearray()  # more than a pipe holds

    def receive():
        while len(received) < len(content):  # until a writer comes, a pipe reads as empty
            received.extend(os.read(reader, 1 << 16))

    thread = threading.Thread(target=receive)
    thread.start()
    files.write(tmp_path / "pipe", content)
    thread.join()
    os.close(reader)
    assert bytes(received) == content and (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("fault", ["Read-only file system", "No space left on device"])
def test_a_folder_that_takes_nothing(fault, tmp_path, monkeypatch):
    """The root user, as whom tests may run, writes everywhere; so the system's own refusal is put in its place."""

    def refuse(*_, **__):
        raise OSError(30, fault)

    (tmp_path / "file").write_text("old")
    with monkeypatch.context() as patch:
        if "space" in fault:
            patch.setattr("os.fsync", refuse)
        else:
            patch.setattr("pathlib.Path.open", refuse)
            patch.setattr("pathlib.Path.unlink", refuse)
        with pytest.raises(InputError, match=rf"file cannot be written \({fault}\)"):
            files.write(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "it is a folder"),
        ("/", "it is a folder"),
        ("/dev/null/x", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("nowhere/x", "there is no folder nowhere"),
        ("\0", "no path may have such characters"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_paths_that_cannot_be_written(path, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=says):
        files.write(Path(path), "content")
    assert not list(tmp_path.iterdir())


def test_a_name_as_long_as_names_may_be(tmp_path):
    files.write(tmp_path / ("x" * 255), "content")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["content"]


def test_only_files_of_a_sensible_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**6 + 1)
    for path, says in {
        tmp_path / "pipe": "it is a pipe",
        tmp_path: "it is a folder",
        tmp_path / "circle": "Too many levels",
        tmp_path / "sparse": r"too large; allowed: up to 1 MB",
        tmp_path / "none": "No such file",
        Path("/dev/zero"): "it is a device",
    }.items():
        with pytest.raises(InputError, match=rf"^field: .* cannot be read \(.*{says}"):
            records.read(path, "field")
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert records.read(tmp_path / "text", "field") == "a\nb\n"
    (tmp_path / "text").write_bytes(b"a\nb\xff\n")
    with pytest.raises(InputError, match="row 2"):
        records.read(tmp_path / "text", "field")


def test_a_file_that_hides_its_size_is_read_no_further_than_allowed():
    with pytest.raises(InputError, match="too large"):
        files.read_bytes(Path("/proc/self/smaps"), "field", 100)


@pytest.mark.parametrize("given", ["x" * 100_000, "a\nb\r\n" * 2000, "\x1b[31m" * 50, "\ud800", "\u202e", "é" * 400])
def test_a_sentence_is_one_short_line_of_what_can_be_shown(given):
    sentence = str(InputError(f"field: '{given}' is not it; allowed: this, that"))
    assert len(sentence) <= LONGEST and sentence.isprintable()
    assert sentence.startswith("field: '") and sentence.endswith("is not it; allowed: this, that")


@pytest.mark.parametrize(
    "text", ["!!bool maybe", "!!int ''", "!!float ''", '"\\0"', '"\\ud800"', "[" * 5000, "!!set [a]"]
)
def test_yaml_that_no_text_may_say(text):
    with pytest.raises(ValueError):
        records.parse(text)


def test_yaml_of_merges_stays_small():
    """Merges of merges would double at every level, to 2^40 fields here."""
    levels = "\n".join(f"a{n + 1}: &a{n + 1} {{<<: *a{n}, b{n}: 1}}" for n in range(40))
    assert records.parse(f"a0: &a0 {{x: 1}}\n{levels}")["a40"].keys() == {"<<", "b39"}


def test_a_table_with_a_cell_beyond_measure_is_refused(tmp_path):
    """Python's csv module takes cells of up to 131,072 signs."""
    (tmp_path / "metrics.csv").write_text("arm,value\n" + "[" * 200_000)
    with pytest.raises(InputError, match=r"run folder a: .*metrics.csv is not a table \(field larger"):
        files.read_rows(tmp_path / "metrics.csv", "run folder a")
    (tmp_path / "metrics.csv").write_text("arm,value\nideal,0.5\n")
    assert files.read_rows(tmp_path / "metrics.csv", "") == [{"arm": "ideal", "value": "0.5"}]
