"""User-defined classes, named in a recipe by import path (package:Name) or entry point.

An entry point of the group `ohmgrad.Rule` names a rule, one of the group `ohmgrad.Network` a network, and so on: the
group is named after the base class.
"""

import hashlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from ohmgrad import files
from ohmgrad.parts.fields import Part, is_part

_folders: ContextVar[tuple[str, ...]] = ContextVar("_folders", default=())
_sources: dict[str, str] = {}
"""Files of the imported user-defined modules, with their SHA-256 at import."""


@contextmanager
def modules_in(folders: Sequence[Path]) -> Iterator[None]:
    """Context in which user-defined modules are also searched in these folders, after all installed modules."""
    token = _folders.set(tuple(str(folder.resolve()) for folder in folders))
    try:
        yield
    finally:
        _folders.reset(token)


def find(base: type[Part], kind: str) -> type[Part] | None:
    """Find the class named by a recipe's kind: package:Name, or an entry point of the group `ohmgrad.BASE`.

    Args:
        base: The required base class.
        kind: The kind, as in the recipe.

    Returns:
        The class; None if the kind has no colon and is no entry point.

    Raises:
        ValueError: if the module cannot be imported, or has no such class; with a one-sentence message.
    """
    module, colon, name = kind.partition(":")
    if not colon:
        (point, *_) = (*entry_points(group=f"ohmgrad.{base.__name__}", name=kind), None)
        if point is None:
            return None
        module, name = point.module, point.attr
    home = _imported(module)
    _note(home)
    return _checked(home, name, base)


def installed(base: type[Part]) -> list[str]:
    """Names of the entry points of installed packages for subclasses of `base`, sorted."""
    return sorted({point.name for point in entry_points(group=f"ohmgrad.{base.__name__}")})


def sources(folders: Sequence[str]) -> dict[str, str]:
    """Files of the user-defined modules imported from these folders, with their SHA-256 at import."""
    return {
        source: digest
        for source, digest in sorted(_sources.items())
        if any(Path(source).is_relative_to(folder) for folder in folders)
    }


def folder_of(cls: type) -> Path | None:
    """The folder from which a user-defined class was imported.

    Returns:
        The folder; None if the class is of an installed package, or was passed from Python.
    """
    home = sys.modules.get(cls.__module__)
    if home is None or getattr(home, "__file__", None) not in _sources:
        return None
    folder = _root(home)
    return folder if str(folder) in _searched else None


def fault(error: BaseException) -> str | None:
    """Describe an error raised by a user-defined module, with file and line; None for any other error."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno}" for frame in frames if frame.filename in _sources]
    return f"{places[-1]}: {_words(error)}" if places else None


_added: list[str] = []
"""Folders appended to `sys.path` for the recipe checked last."""
_searched: set[str] = set()
"""All folders searched for user-defined modules so far."""


def _imported(module: str) -> ModuleType:
    folders = _folders.get()
    sys.path[:] = [path for path in sys.path if path not in _added]
    _added[:] = [folder for folder in folders if folder not in sys.path]
    sys.path.extend(_added)
    _searched.update(folders)
    importlib.invalidate_caches()
    _check_the_same(module)
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # a user-defined module may raise anything
        if isinstance(error, ModuleNotFoundError) and error.name and module.startswith(error.name):
            places = " or ".join(folders)
            raise ValueError(f"there is no module {error.name}, installed or in {places or 'sys.path'}") from None
        raise ValueError(f"{module} cannot be imported ({_words(error)}{_line(error)})") from None


def _check_the_same(module: str) -> None:
    """Raises ValueError if a module of this name is already loaded from a file outside these folders."""
    top = module.partition(".")[0]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    wanted = PathFinder.find_spec(top, list(_folders.get()))
    if loaded in _sources and wanted is not None and wanted.origin not in (None, loaded):
        raise ValueError(f"{top} is already imported from {loaded}; allowed: a module of another name in one process")


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _line(error: BaseException) -> str:
    """File and line at which an import failed; empty for a syntax error, whose message has them."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return f", {frames[-1].filename}:{frames[-1].lineno}" if frames[1:] else ""


def _note(home: ModuleType) -> None:
    """Record the files of a module and of all modules in the same folder.

    Cached results that depend on them are recomputed when one changes.
    """
    if getattr(home, "__file__", None) is None:
        return
    root = str(_root(home))
    for each in list(sys.modules.values()):
        source = getattr(each, "__file__", None) or ""
        beside = root in _searched and source.startswith(f"{root}{os.sep}") and "site-packages" not in source
        if (each is home or beside) and Path(source).is_file():
            files.note(Path(source))
            if source not in _sources:
                _sources[source] = hashlib.sha256(files.read_bytes(Path(source), source, files.TABLE_BYTES)).hexdigest()


def _root(home: ModuleType) -> Path:
    """The folder that contains a module's top-level package, or the module itself."""
    assert home.__file__ is not None
    levels = home.__name__.count(".") + Path(home.__file__).name.startswith("__init__.")
    return Path(home.__file__).resolve().parents[levels]


def _checked(home: ModuleType, name: str, base: type[Part]) -> type[Part]:
    try:
        cls: Any = attrgetter(name)(home)
    except AttributeError:
        cls = None
    if not (is_part(cls) and issubclass(cls, base)):
        wanted = f"{base.__module__}.{base.__name__}"
        raise ValueError(f"{home.__name__} has no {name} that is a {base.__name__}; allowed: a subclass of {wanted}")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise ValueError(f"{home.__name__}:{name} is not complete; needed: {missing}")
    return cls
