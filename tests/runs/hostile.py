"""Hostile input by the thousand, and the judge of what the program makes of it.

    python tests/runs/hostile.py RUN SCRATCH SEED LIGHT HEAVY [BEGIN]

draws so many of all cases (all of them: 0), or of those whose name begins so, and prints each fault, then a line of
JSON: how many cases, exit codes, faults, and the most memory in use. Heavy are those of a run's training, report and
circuit, and of studies. RUN is the folder of a finished run, with measured.csv and a study's folder in it. Three
families: fields of the recipe x values, options of every command x values and paths, files of every kind x contents.
All run in this process, whose memory is limited and which an alarm wakes from a hang; only what would take long once
input is taken is left out (`_shorten`).
"""

import contextlib
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer.main
import yaml

MEMORY_BYTES, MEMORY_IN_USE = 8 * 10**9, 3 * 10**9
PATIENCE_SECONDS = 120
LONGEST_LINE = 310

VALUES = [
    *("", "~", "true", "0", "-1", "1.5", "1e-400", "1e400", ".nan", ".inf", "-.inf", "1e30", "-1e30", "text", "''"),
    *("99999999999999999999999999", "9" * 5000, "[]", "[[]]", "{}", "{a: 1}", "[1, 2, 3, 4, 5, 6, 7, 8, 9]"),
    *('"\\0"', '"\\ud800"', "!!bool maybe", "!!int ''", "!!float ''", "!!timestamp x", "!!binary é", "!!set [a]"),
    *("&a [*a]", "&a {b: *a}", "[" * 2000, "x" * 100_000, "a\nb\n" * 1000, "\x1b[31mred", "[[1, 2], [3]]", "{", "-0"),
    *("/dev/zero", "~nobody/x", "\udcff", "'\u202e'", "[text, text]", "[1e400]", "{kind: text}", "{preset: /}"),
    *("[.nan, 1]", "1e-30", "0x10", "2001-01-01", "{<<: {a: 1}}", "[~]", "1_000", "+1", "1e6", "[1e-12, 1e12]"),
]
"""Of fields, as YAML has them."""
WORDS = [
    *("", "0", "-1", "1.5", "nan", "inf", "-inf", "1e400", "1e30", "1e-30", "9" * 400, "text", "[", "1,2", "a=b"),
    *("x" * 100_000, "a\nb\n" * 1000, "\x1b[31mred", "\udcff", "\u202e", "--json", "é", "0x10", "1_0", "99", "1e9"),
    *("training.epochs", "training.epochs=", "=1", "a.b.c=1", "title=" + "x" * 100_000, "training=[1]", "data={"),
]
"""Of options."""


class Case(NamedTuple):
    """A command line in a folder made ready for it; `PATH` among the words is the path that `ready` returns."""

    name: str
    words: list[str]
    ready: Callable[[Path], str] = lambda _: ""

    @property
    def heavy(self) -> bool:
        """Whether it may take seconds where its input is taken."""
        return self.words[0] in ("train", "report", "spice", "study")


def _sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file, contextlib.suppress(OSError):  # not every file system has files of 1 TB
            file.truncate(size)

    return make


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def _unreadable(path: Path) -> None:
    path.write_text("x")
    path.chmod(0)


MADE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "circle": lambda path: path.symlink_to(path),
    "dangling link": lambda path: path.symlink_to(path.with_name("nowhere") / "at all"),
    "link to a file": lambda path: (path.with_name("file").write_text("x"), path.symlink_to(path.with_name("file"))),
    "link to zero": lambda path: path.symlink_to("/dev/zero"),
    "link to null": lambda path: path.symlink_to("/dev/null"),
    "link to full": lambda path: path.symlink_to("/dev/full"),
    "sparse 3 GB": _sparse(3 * 10**9),
    "sparse 1 TB": _sparse(10**12),
    "socket": _socket,
    "unreadable": _unreadable,
    "empty file": Path.touch,
    "own memory": lambda path: path.symlink_to("/proc/self/mem"),
}
"""What may stand at a path, and how it is made there."""
PATHS = [
    *("", ".", "..", "/", "/proc/none", "/sys/none", "/dev/null", "/dev/full", "/dev/zero", "~nobody/x", "\udcff"),
    *("x" * 300, "x/" * 3000, "a\nb", "/dev/null/x", "\u202ex", " ", "nowhere/x", "*", "-x", "é" * 200),
]
"""Paths as they are; each also with the ending that is asked for."""


def commands() -> dict[str, Any]:
    """Every command by its words."""
    from ohmgrad.cli import app

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        command = getattr(command, "loaded", command)  # of another distribution
        if hasattr(command, "commands"):
            for name in command.list_commands(None):
                yield from walk(command.get_command(None, name), (*words, name))
        else:
            yield " ".join(words), command

    return dict(walk(typer.main.get_command(app), ()))


BASES = {
    "train": (["braille"], ["--set", "training.epochs=2", "--out", "run"]),
    "recipes": (["braille"], []),
    "report": (["RUN"], []),
    "cost": (["braille"], []),
    "ledger": (["RUN"], []),
    "chips": (["default"], []),
    "scaling": ([], ["--batch", "1", "--precision", "fp16"]),
    "spice": (["RUN"], ["--out", "a.cir"]),
    "atlas": ([], ["--device", "taox-1t1r"]),
    "advise": (["taox-1t1r"], []),
    "serve": (["RUN"], ["--host", "0.0.0.0"]),  # without a token it ends at once; tests/serve has the rest
    "study plan": (["rules-on-digits"], []),
    "study run": (["rules-on-digits"], ["--out", "study"]),
    "study report": (["STUDY"], []),
    "devices list": ([], []),
    "devices show": (["taox-1t1r"], []),
    "devices plot": (["taox-1t1r"], ["--out", "a.svg"]),
    "devices fit": (["MEASURED"], []),
    "devices assess": (["taox-1t1r"], ["--chips", "2", "--epochs", "1"]),
    "devices export": (["taox-1t1r"], ["--crosssim", "--out", "tables"]),
    "limits data": ([], []),
    "limits fit": ([], ["--benchmark", "coco"]),
    "limits forecast": ([], ["--benchmark", "imagenet", "--error", "0.05"]),
    "limits levers": ([], ["--benchmark", "imagenet", "--error", "0.05"]),
    "limits claims": ([], []),
    "limits simulate": (["x-ray"], ["--simulations", "1", "--sizes", "120"]),
    "limits report": ([], ["--out", "l.html"]),
}
"""Arguments and options with which each command works."""
ENDINGS = {"--chip": ".yaml", "--gpu": ".yaml", "--processor": ".yaml", "--benchmark": ".csv", "--emissions": ".csv"}
ENDINGS |= {"recipe": ".yaml", "name": ".yaml", "spice --out": ".cir", "devices plot --out": ".png"}


def options(run: Path) -> Iterator[Case]:
    """Every option and argument of every command x words and paths."""
    for name, command in commands().items():
        arguments, others = BASES[name]
        places = {"RUN": run, "MEASURED": run / "measured.csv", "STUDY": run / "study"}
        arguments = [str(places.get(word, word)) for word in arguments]
        for parameter in command.params:
            option = parameter.opts[0]
            if getattr(parameter, "is_flag", False) or option == "--help":
                continue
            asked = option.startswith("-")

            def line(word: str, asked=asked, option=option, name=name, arguments=arguments, others=others) -> list[str]:
                if option == "--resume":
                    return [*name.split(), option, word]
                if asked:
                    return [*name.split(), *arguments, *others, option, word]
                return [*name.split(), *others, "--", word]

            ending = ENDINGS.get(f"{name} {option}") or ENDINGS.get(option) or _ending(parameter.metavar or "")
            for word in WORDS:
                yield Case(f"{name} {option} {_short(word)}", line(word))
            for path in dict.fromkeys(each + end for each in PATHS for end in {"", ending}):
                yield Case(f"{name} {option} {_short(path)}", line(path))
            for kind, make in MADE.items():
                yield Case(f"{name} {option} {kind}", line("PATH"), _at(f"hostile{ending}", make))


def _ending(metavar: str) -> str:
    return f".{metavar.rpartition('.')[2]}" if "FILE." in metavar else ""


def _short(word: str) -> str:
    return repr(word if len(word) < 40 else f"{word[:20]}... ({len(word)})")


def _at(name: str, make: Callable[[Path], object]) -> Callable[[Path], str]:
    def ready(folder: Path) -> str:
        make(folder / name)
        return str(folder / name)

    return ready


def fields() -> Iterator[Case]:
    """Every field of a recipe x values, priced: of the whole schema, whatever a recipe has."""
    from ohmgrad import recipes

    for row in recipes.fields():
        path, kinds = "", []
        for part in row.field.split("."):
            name, _, kind = part.partition("<")
            path = f"{path}.{name}" if path else name
            if kind:
                kinds += ["--set", f"{path}.kind={kind.removesuffix('>')}"]
        base = "mnist-resistive-xs" if "<resistive>" in row.field else "mnist-hopfield" if "images" in row.field else ""
        for value in random.Random(path).sample(VALUES, 12):
            setting = ["--set", f"{path}={value}"]
            yield Case(f"field {row.field} {_short(value)}", ["cost", base or "braille", *kinds, *setting, "--json"])


def contents(original: bytes, draw: random.Random) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """What may stand in a file whose sound content is `original`, and how it is put there."""

    def flipped(count: int) -> bytes:
        content = bytearray(original)
        for _ in range(count):
            content[draw.randrange(len(content))] = draw.randrange(256)
        return bytes(content)

    spoilt = {
        **{f"cut at {share:g}": original[: int(len(original) * share)] for share in (0.01, 0.1, 0.3, 0.5, 0.9, 0.999)},
        **{f"{count} bytes flipped, {n}": flipped(count) for count in (1, 3, 30) for n in range(12)},
        "random": draw.randbytes(5000),
        "zeros": bytes(5000),
        "line": b"x" * 10**6,
        "lines": b"a, b\n" * 2000,
        "twice": original * 2,
        "utf-16": original.decode("latin-1").encode("utf-16"),
        "latin-1": original + "µ".encode("latin-1"),
        "byte order mark": b"\xef\xbb\xbf" + original,
        "carriage returns": original.replace(b"\n", b"\r"),
        "surrogate": original + b"\xed\xa0\x80",
        "escape": original + b"\n\x1b[31m",
        "deep": b"[" * 10**5,
        "deep fields": b"{a: " * 10**4,
        "deep JSON": b'{"a":' * 10**5,
        "laughs": b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 121)),
        "header": b"\x10\x27\x00\x00\x00\x00\x00\xff{}",
        "zip": b"PK\x03\x04" + bytes(100),
        "gzip": b"\x1f\x8b\x08" + bytes(100),
        "numpy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 9), }".ljust(
            127
        )
        + b"\n",
        "number": b"1",
        "text": b"text",
        "list": b"[1, 2]",
        "nothing but a mapping": b"{}",
    }
    for name, content in spoilt.items():
        yield name, lambda path, content=content: path.write_bytes(content)
    for name in ("folder", "pipe", "circle", "dangling link", "link to zero", "link to null", "sparse 3 GB", "socket"):
        yield name, MADE[name]
    with contextlib.suppress(ValueError, yaml.YAMLError, AttributeError):
        said = yaml.safe_load(original.decode())
        for number in range(40):
            if isinstance(said, dict):
                changed = _changed(said, draw)
                text = json.dumps(changed) if original.startswith(b"{") else yaml.safe_dump(changed)
                yield f"a value changed, {number}", lambda path, text=text: path.write_text(text)


def _changed(said: Any, draw: random.Random) -> Any:
    """A copy with one of its values replaced, dropped, or repeated under another name."""
    if isinstance(said, dict) and said:
        key = draw.choice(list(said))
        way = draw.random()
        if way < 0.05:
            return {k: v for k, v in said.items() if k != key}
        if way < 0.1:
            return said | {f"{key}x": said[key]}
        return said | {key: _changed(said[key], draw)}
    if isinstance(said, list) and said and draw.random() < 0.5:
        place = draw.randrange(len(said))
        return [*said[:place], _changed(said[place], draw), *said[place + 1 :]]
    odd = [None, True, 0, -1, 1.5, 1e300, -1e-300, 10**400, "", "text", [], [[]], {}, [1, 2, 3], "\0", "x" * 10_000]
    return draw.choice([*odd, float("nan"), float("inf"), "\x1b[31m", "1e-6", "G * V"])


def files(run: Path) -> Iterator[Case]:
    """Files of every kind x contents, by the commands that read them."""
    from ohmgrad import devices, footprint, ledger, recipes

    preset = (Path(devices.__file__).parent / "presets" / "neurosim-epiram.yaml").read_bytes()
    measured = (run / "measured.csv").read_bytes()
    table = b"model,error,year,hardware_burden_flop\n" + b"".join(
        b"m%d,0.%d,%d,1e%d\n" % (n, n, 2000 + n, 20 - n) for n in range(1, 9)
    )
    words = b"1,-1,1\n-1,1,1\n1,1,-1\n"
    read: list[tuple[str, bytes, list[list[str]]]] = [
        ("mine.yaml", recipes.text("braille").encode(), [["cost", "PATH"], ["recipes", "PATH", "--json"]]),
        ("resistive.yaml", recipes.text("mnist-resistive-xs").encode(), [["cost", "PATH", "--json"]]),
        (
            "device.yaml",
            preset,
            [["devices", "show", "PATH"], ["cost", "braille", "--set", "hardware.device.preset=PATH"]],
        ),
        (
            "chip.yaml",
            ledger.chip_text("isaac-tile").encode(),
            [["chips", "PATH"], ["cost", "braille", "--chip", "PATH"]],
        ),
        ("gpu.yaml", footprint.processor_text("v100").encode(), [["cost", "braille", "--gpu", "PATH", "--json"]]),
        ("table.csv", table, [["limits", "data", "--benchmark", "PATH"], ["limits", "fit", "--benchmark", "PATH"]]),
        ("measured.csv", measured, [["devices", "fit", "PATH"]]),
        ("words.csv", words, [["cost", "braille", "--set", "data={kind: patterns, file: PATH}"]]),
        ("words.npy", _npy(), [["cost", "braille", "--set", "data={kind: patterns, file: PATH}"]]),
    ]
    for file, original, lines in read:
        draw = random.Random(file)
        for kind, put in contents(original, draw):
            for line in lines:
                yield Case(f"{' '.join(line[:2])} {file}: {kind}", line, _at(file, put))
    shown = [["report", "PATH"], ["ledger", "PATH"], ["limits", "fit", "PATH"], ["train", "--resume", "PATH"]]
    shown += [["spice", "PATH", "--out", "PATH/a.cir"]]
    for file in sorted(
        each.name for each in run.iterdir() if each.suffix in (".json", ".yaml", ".csv", ".safetensors")
    ):
        for kind, put in contents((run / file).read_bytes(), random.Random(file)):
            for line in shown:
                yield Case(f"{' '.join(line[:2])} run/{file}: {kind}", line, _spoilt(run, file, put))


def _npy() -> bytes:
    import numpy as np

    content = io.BytesIO()
    np.save(content, np.where(np.eye(4, 6), 1, -1))
    return content.getvalue()


def _spoilt(run: Path, file: str, put: Callable[[Path], object]) -> Callable[[Path], str]:
    def ready(folder: Path) -> str:
        shutil.copytree(run, folder / "run")
        (folder / "run" / file).unlink()
        put(folder / "run" / file)
        return str(folder / "run")

    return ready


def cases(run: Path) -> list[Case]:
    """All of them, in an order that does not change."""
    return [*fields(), *options(run), *files(run)]


class Hang(BaseException):
    """The alarm went off."""


def _wake(*_: object) -> None:
    raise Hang


def _shorten() -> None:
    """A training is given up as it begins, as by a user who saw that input is taken; pages and pictures are empty."""
    from ohmgrad import studies, training
    from ohmgrad.report import device
    from ohmgrad.studies import cluster, execute
    from ohmgrad_limits.show import page

    def stop(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    training.train = stop  # type: ignore[assignment]
    for room, name in ((execute, "run"), (cluster, "run"), (studies, "probe")):
        setattr(room, name, stop)
    page.build = lambda *_: page.Page("a page", {})  # type: ignore[assignment]
    device.picture = lambda *_: b"a picture"  # type: ignore[assignment]


def seen(folder: Path) -> dict[str, tuple]:
    """Everything below a folder: what it is, and of small files the content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        small = path.is_file() and not path.is_symlink() and status.st_size < 10**6
        content = hashlib.sha256(path.read_bytes()).hexdigest() if small else ""
        found[str(path.relative_to(folder))] = status.st_mode, status.st_size, content
    return found


def _most_bytes() -> int:
    """The largest resident memory of this process: not ru_maxrss, which also counts that of the process it was started
    from."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def judge(case: Case, folder: Path) -> tuple[int | None, str]:
    """The exit code of a case, and what is wrong with how it ended, if anything."""
    from ohmgrad.cli import main

    path = case.ready(folder)
    before, words = seen(folder), [word.replace("PATH", path) for word in case.words]
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["ohmgrad", *words]
    code: Any = None
    signal.alarm(PATIENCE_SECONDS)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = stop.code
    except Hang:
        return None, "hangs"
    except BaseException:
        return None, "".join(traceback.format_exc().splitlines(keepends=True)[-6:])
    finally:
        signal.alarm(0)
    after, said = seen(folder), err.getvalue()
    if code not in (0, 2, 130):
        return code, f"exit code {code}: {said[:300]}"
    changed = [name for name in before if after.get(name, (None,))[0] != before[name][0]]
    if changed:
        return code, f"replaced {changed}"
    if any(name.endswith(".partial") for name in after):
        return code, "left a .partial behind"
    if code == 2:
        lines = said.splitlines()
        if len(lines) != 1 or len(lines[0]) > LONGEST_LINE:
            return code, f"says {len(lines)} line(s) of up to {max(map(len, lines), default=0)} signs: {said[:300]!r}"
        if case.words[0] != "spice" and (out.getvalue() or after != before):
            return (
                code,
                f"refused, but wrote {sorted(after.keys() - before.keys())} and printed {out.getvalue()[:80]!r}",
            )
    return code, ""


def main(run: Path, scratch: Path, seed: int, light: int, heavy: int, begin: str = "") -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _wake)
    os.environ["COLUMNS"] = "200"
    _shorten()
    chosen = [case for case in cases(run) if case.name.startswith(begin)]
    if light or heavy:
        parts = [case for case in chosen if not case.heavy], [case for case in chosen if case.heavy]
        draw = random.Random(seed)
        chosen = [
            case
            for part, count in zip(parts, (light, heavy), strict=True)
            for case in draw.sample(part, min(count, len(part)))
        ]
    codes: dict[Any, int] = {}
    faults = 0
    for number, case in enumerate(chosen):
        folder = scratch / str(number)
        folder.mkdir()
        print(f"case {number}: {case.name}", file=sys.stderr, flush=True)
        code, fault = judge(case, folder)
        codes[code] = codes.get(code, 0) + 1
        if fault:
            faults += 1
            print(f"{case.name}: {fault}", flush=True)
        shutil.rmtree(folder)
    most = _most_bytes()
    print(
        json.dumps(
            {"cases": len(chosen), "codes": {str(k): n for k, n in codes.items()}, "faults": faults, "most_bytes": most}
        )
    )


if __name__ == "__main__":
    run, scratch, seed, light, heavy, *rest = sys.argv[1:]
    main(Path(run), Path(scratch), int(seed), int(light), int(heavy), *rest)
