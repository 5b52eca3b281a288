"""Mutants of the code, sampled by seed, and the share of them that the tests which CI runs kill.

python bench/mutation.py [--mutants 400] [--seed 0] [--jobs 2] [--budget 240] [--only crossbar/] [--tests tests]

Every test file first runs once under coverage, which tells which tests run which line and how long they take. A mutant
is then tried in a copy of the tree: tests that dwell on the mutated file first, the others of their files after them
(they may use what those compiled), until one fails or the budget of seconds is spent. Tests that take twice as long as
they should, and a minute, have killed it as well. Tests that start the program in a process of its own are not seen by
coverage, so the share is a lower bound. Everything is kept in .mutation and goes on where it stopped; mutants that
survived are tried again, last.
"""

import argparse
import ast
import concurrent.futures
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "src/ohmgrad": ("crossbar", "devices", "synapses", "rules", "networks", "ledger"),
    "limits/src/ohmgrad_limits": ("data", "fit", "forecast", "claims", "show"),
}
"""And the rooms of each that are changed."""
DRAWN = ("pictures.py", "page.py")
"""Files that only draw: nothing tests what they make by its value."""
KEPT, TABLE = ROOT / ".mutation", ROOT / "docs" / "mutation.md"
OTHER_OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.BitAnd: "|"}
OPPOSITES = {ast.Lt: ">=", ast.GtE: "<", ast.Gt: "<=", ast.LtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
CHOICES = {"where": (1, 2), "maximum": (0, 1), "minimum": (0, 1), "clip": (0,)}
"""Functions that pick, and the arguments that a mutant takes whatever the others are."""


class Mutant(NamedTuple):
    """`old` in a line of a file (both are given as in the source, relative to the tree) that becomes `new`."""

    file: str
    line: int
    start: int
    end: int
    within: str
    old: str
    new: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.start} {self.old} -> {self.new}"


def _replacements(node: ast.AST, text: str, function: ast.FunctionDef | None) -> Iterator[tuple[ast.AST, str]]:
    """What may stand in the place of a node."""

    def of(part: ast.AST) -> str:
        return f"({ast.get_source_segment(text, part)})"

    if isinstance(node, ast.BinOp) and type(node.op) in OTHER_OPERATORS:
        if any(isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) for side in (node.left, node.right)):
            return
        yield node, f"{of(node.left)} {OTHER_OPERATORS[type(node.op)]} {of(node.right)}"
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            yield node, of(node.left)
        if isinstance(node.op, ast.Add | ast.Mult):
            yield node, of(node.right)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPPOSITES:
        yield node, f"{of(node.left)} {OPPOSITES[type(node.ops[0])]} {of(node.comparators[0])}"
    elif isinstance(node, ast.BoolOp):
        yield node, (" or " if isinstance(node.op, ast.And) else " and ").join(map(of, node.values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node, of(node.operand)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        yield from (
            (node, new) for new in ([f"{2 * node.value!r}", f"{node.value / 1000!r}", "0.0"] if node.value else ["1.0"])
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield from ((node, str(new)) for new in (node.value + 1, node.value - 1))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test, f"not {of(node.test)}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.keywords:
        for position in CHOICES.get(node.func.attr, ()):
            if position < len(node.args):
                yield node, of(node.args[position])
    elif isinstance(node, ast.Return) and node.value is not None and function is not None and function.returns:
        wanted = ast.dump(function.returns)
        for argument in function.args.args:
            if argument.annotation is not None and ast.dump(argument.annotation) == wanted:
                yield node.value, argument.arg


def mutants(file: Path) -> list[list[Mutant]]:
    """Of every place in a file its mutants: none in words, types and errors, none that change nothing."""
    text, found = (ROOT / file).read_text(), []
    lines = text.encode().split(b"\n")

    def visit(node: ast.AST, function: ast.FunctionDef | None, path: str) -> None:
        if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            path = f"{path}.{node.name}".lstrip(".")
            function = node if isinstance(node, ast.FunctionDef) else None
        here = []
        for old, new in _replacements(node, text, function):
            if old.lineno == old.end_lineno:  # type: ignore[attr-defined]
                start, end = old.col_offset, old.end_col_offset  # type: ignore[attr-defined]
                source = lines[old.lineno - 1][start:end].decode()  # type: ignore[attr-defined]
                if new.strip("()") != source:
                    here.append(Mutant(str(file), old.lineno, start, end, path, source, new))  # type: ignore[attr-defined]
        if here:
            found.append(here)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_params", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and getattr(child, "arg", None) not in (
                    "description",
                    "static",
                    "strict",
                ):
                    visit(child, function, path)

    visit(ast.parse(text), None, "")
    return found


def copied(folder: Path) -> Path:
    """The tree as it stands, in a folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def pytest(tree: Path, *arguments: str, prefix: tuple[str, ...] = (), seconds: float | None = None) -> int | None:
    """Its exit code in a tree; None: it took too long."""
    compiled = KEPT / "compiled"
    sources = os.pathsep.join(str((tree / package).parent) for package in PACKAGES)
    environment = os.environ | {"PYTHONPATH": sources, "JAX_COMPILATION_CACHE_DIR": str(compiled)}
    command = [sys.executable, *prefix, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments]
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return None


class Test(NamedTuple):
    """A test function: its seconds, and the lines that it runs of each file of the package."""

    name: str
    seconds: float
    lines: dict[str, set[int]]


def baseline(tree: Path, file: str, kept: Path) -> list[Test]:
    """The tests of a file, run once under coverage."""
    report, data = kept.with_suffix(".xml"), kept.with_suffix(".coverage")
    if not kept.exists():
        settings = kept.with_suffix(".rc")
        sources = ", ".join(str(tree / package) for package in PACKAGES)
        settings.write_text(f"[run]\ndynamic_context = test_function\nsource = {sources}\ndata_file = {data}\n")
        prefix = ("-m", "coverage", "run", f"--rcfile={settings}")
        if (code := pytest(tree, file, f"--junitxml={report}", prefix=prefix)) not in (0, 5):
            sys.exit(f"{file} fails without any mutant (pytest's exit code {code})")
        kept.write_text(json.dumps(_covered(tree, file, report, data)))
        print(f"{file}: {len(json.loads(kept.read_text()))} tests", flush=True)
    return [
        Test(name, seconds, {file: set(lines) for file, lines in run.items()})
        for name, seconds, run in json.loads(kept.read_text())
    ]


def _covered(tree: Path, file: str, report: Path, data: Path) -> list:
    import coverage  # of the extra dev

    seconds: dict[str, float] = defaultdict(float)
    for case in ET.parse(report).iter("testcase"):
        seconds[case.attrib["name"].partition("[")[0]] += float(case.attrib["time"])
    held = coverage.CoverageData(str(data))
    held.read()
    lines: dict[str, dict[str, list[int]]] = {name: {} for name in seconds}
    for measured in held.measured_files():
        for line, contexts in held.contexts_by_lineno(measured).items():
            # What runs in no test, at import or in a fixture, is of all tests of the file.
            for test in lines if "" in contexts else {context.rpartition(".")[2] for context in contexts} & set(lines):
                lines[test].setdefault(str(Path(measured).relative_to(tree)), []).append(line)
    return [(f"{file}::{name}", seconds[name], run) for name, run in lines.items()]


def chosen(mutant: Mutant, tests: list[Test], budget: float) -> tuple[list[str], float]:
    """The tests to run against a mutant, in order, and how long they take without one.

    Those that run its line: the more of what a test runs is of that file, and the shorter it is, the sooner. Of a line
    that runs at import, those that run anything else of its file. Then the others of their files.
    """
    of_file = [test for test in tests if mutant.file in test.lines]
    imported = set.intersection(*(test.lines[mutant.file] for test in of_file)) if len(of_file) > 1 else set()
    running = [test for test in of_file if mutant.line in test.lines[mutant.file]]
    running = [test for test in running if test.lines[mutant.file] - imported] or running

    def dwelling(test: Test) -> float:
        here = len(test.lines[mutant.file] - imported) or 1
        return (test.seconds + 0.1) * sum(map(len, test.lines.values())) / here

    files = {test.name.partition("::")[0] for test in running}
    order = sorted(running, key=dwelling)
    order += [test for test in tests if test.name.partition("::")[0] in files and test not in running]
    names, seconds = [], 0.0
    for test in order:
        if seconds + test.seconds <= budget or not names:
            names, seconds = [*names, test.name], seconds + test.seconds
    return names, seconds


def fate(mutant: Mutant, tree: Path, tests: list[Test], budget: float) -> str:
    """What becomes of a mutant: killed, timeout, survived, or not run by any test."""
    names, seconds = chosen(mutant, tests, budget)
    if not names:
        return "not run"
    file = tree / mutant.file
    lines = file.read_bytes().split(b"\n")
    line = lines[mutant.line - 1]
    lines[mutant.line - 1] = line[: mutant.start] + mutant.new.encode() + line[mutant.end :]
    whole = file.read_bytes()

    def put(content: bytes) -> None:
        file.write_bytes(content)
        for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            stale.unlink()

    put(b"\n".join(lines))
    try:
        code = pytest(tree, "-x", *names, seconds=60 + 2 * seconds)
    finally:
        put(whole)
    return {None: "timeout", 0: "survived"}.get(code, "killed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="mutants at once")
    parser.add_argument("--budget", type=float, default=240, help="seconds of tests for a mutant, at most")
    parser.add_argument("--only", default="", help="mutants of files whose path holds this; the table stays as it is")
    parser.add_argument("--tests", default="tests", help="the folder of the tests")
    options = parser.parse_args()

    rooms = [ROOT / package / room for package, rooms in PACKAGES.items() for room in rooms]
    files = sorted(f.relative_to(ROOT) for room in rooms for f in room.rglob("*.py"))
    files = [file for file in files if file.name not in DRAWN]
    places, draw = [place for file in files for place in mutants(file)], random.Random(options.seed)
    sample = [draw.choice(place) for place in draw.sample(places, min(options.mutants, len(places)))]
    sample = [mutant for mutant in sample if options.only in mutant.file]
    sources = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    source = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    kept = KEPT / source
    kept.mkdir(parents=True, exist_ok=True)
    trees = [copied(KEPT / f"tree{job}") for job in range(options.jobs)]

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        free = list(trees)

        def in_a_tree(work, *arguments):
            tree = free.pop()
            try:
                return work(tree, *arguments)
            finally:
                free.append(tree)

        def told(file: Path) -> list[Test]:
            content = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:12]
            return in_a_tree(lambda tree: baseline(tree, str(file), kept / f"{file.stem}-{content}"))

        found = sorted(f.relative_to(ROOT) for f in (ROOT / options.tests).rglob("test_*.py"))
        tests = [test for of_file in pool.map(told, found) for test in of_file]
        results = kept / "results.jsonl"
        known = dict(map(json.loads, results.read_text().splitlines())) if results.exists() else {}
        left = [mutant for mutant in sample if known.get(mutant.name) not in ("killed", "timeout")]
        left.sort(key=lambda mutant: mutant.name in known)
        trials = {pool.submit(in_a_tree, lambda t, m=m: fate(m, t, tests, options.budget)): m for m in left}
        for trial in concurrent.futures.as_completed(trials):
            name, known[name] = trials[trial].name, trial.result()
            with results.open("a") as file:
                file.write(json.dumps((name, known[name])) + "\n")
            print(f"{known[name]}: {name}", flush=True)

    survived = [mutant for mutant in sample if known[mutant.name] in ("survived", "not run")]
    if not options.only:
        _write(survived, known, options)
    killed = len(sample) - len(survived)
    print(f"{len(sample)} mutants, {killed} killed, {len(survived)} survived, {100 * killed / len(sample):.1f} %")


def _write(survived: list[Mutant], known: dict[str, str], options: argparse.Namespace) -> None:
    """The table of survivors; what was said of one before is kept."""
    old = TABLE.read_text().splitlines() if TABLE.exists() else []
    rows = [[cell.strip() for cell in line.split(" | ")] for line in old if line.startswith("| `")]
    why = {tuple(row[:3]): row[4].rstrip("| ") for row in rows}
    total = options.mutants
    command = f"python bench/mutation.py --mutants {total} --seed {options.seed}"
    share = f"{total} mutants, {total - len(survived)} killed, {len(survived)} survived"
    lines = [
        f"# Mutants that survive\n\n`{command}`: {share}, {100 * (1 - len(survived) / total):.1f} %.\n",
        "| where | code | mutant | fate | why |\n|---|---|---|---|---|",
    ]
    for mutant in sorted(survived):
        old, new = (part.replace("|", "\\|") for part in (mutant.old, mutant.new))
        where = f"| `{mutant.file.removeprefix('src/ohmgrad/')}`, `{mutant.within}`", f"`{old}`", f"`{new}`"
        lines.append(" | ".join([*where, known[mutant.name], why.get(where, "")]) + " |")
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
