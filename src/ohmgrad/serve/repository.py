"""The models that are served: loaded, checked, swapped in one step, rolled back, remembered across restarts."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ohmgrad import files
from ohmgrad.errors import InputError, unknown
from ohmgrad.serve import foreign
from ohmgrad.serve.batching import Batcher, Limits
from ohmgrad.serve.model import Model, stamp
from ohmgrad.serve.settings import NAME, ModelSettings, ServeSettings, versions

LOG = logging.getLogger("ohmgrad.serve")


class NotFound(InputError):
    """There is no such model, version or scenario."""


class Loaded(NamedTuple):
    """A version of a model that answers."""

    name: str
    version: int
    model: Model
    batcher: Batcher
    checked: str
    """What its check on probes said."""


@dataclass(frozen=True)
class Served:
    """A model and its versions. It is replaced as a whole, so that a request sees one state or the next.

    Attributes:
        name: Its name.
        settings: Its settings.
        versions: Loaded versions by number.
        version: The version that answers where none is named.
        reason: Why the last attempt to load it failed; empty if it did not.
    """

    name: str
    settings: ModelSettings
    versions: Mapping[int, Loaded] = field(default_factory=dict)
    version: int | None = None
    reason: str = ""

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self.version is not None


class Repository:
    """The models of a server.

    Args:
        settings: Settings of the server.
        watch: Makes from a model's name and version the callback of its batcher.
    """

    def __init__(self, settings: ServeSettings, watch: Callable[[str, int], Any] = lambda *_: lambda *_: None) -> None:
        self.settings, self._watch = settings, watch
        self.models: dict[str, Served] = {}
        self._changing = asyncio.Lock()
        self._closing: set[asyncio.Task] = set()
        """Batchers on their way out; the event loop itself does not hold them."""
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="loading")

    def find(self, name: str, version: int | None = None) -> Loaded:
        """The loaded version of a model.

        Args:
            name: The model.
            version: The version; None: the one that answers by default.

        Raises:
            NotFound: if it is unknown or not loaded.
        """
        served = self.models.get(name)
        if served is None:
            raise NotFound(str(unknown("model", name[:80], self.models)))
        if not served.ready:
            raise NotFound(f"model '{name}' is not loaded" + (f" ({served.reason})" if served.reason else ""))
        wanted = served.version if version is None else version
        assert wanted is not None
        if wanted not in served.versions:
            raise NotFound(f"model '{name}' has no version {wanted}; allowed: {', '.join(map(str, served.versions))}")
        return served.versions[wanted]

    @property
    def ready(self) -> bool:
        """Whether all models that the settings name answer, but for those that were unloaded on purpose."""
        served = [self.models.get(name) for name in self.settings.models]
        return all(each is not None and (each.ready or not each.reason) for each in served)

    async def start(self) -> None:
        """Load the models of the settings; where a state file remembers others under the same settings, those.

        Raises:
            InputError: if one cannot be loaded, or the state file is damaged.
        """
        for name, each in self._remembered().items():
            await self._load(name, each, each.version)
        self._remember()

    async def load(self, name: str, settings: ModelSettings | None = None, version: int | None = None) -> Served:
        """Load a model, or load it again with its new versions, or choose which version answers.

        New versions are compiled and checked on probes before they take over in one step. If one fails, everything
        stays as it was. Requests in flight end on the version that they began on.

        Args:
            name: The model.
            settings: Its settings. None: those that it has, or of a folder of the repository with this name.
            version: The version that answers by default from now on. None: that of the settings, else the latest.

        Raises:
            InputError: if it cannot be loaded.
        """
        served = await self._load(name, settings, version)
        self._remember()
        return served

    async def _load(self, name: str, settings: ModelSettings | None, version: int | None) -> Served:
        async with self._changing:
            before = self.models.get(name)
            settings = settings or (before.settings if before else self._in_repository(name))
            try:
                after = await self._loaded(name, settings, before, version)
            except InputError as error:
                kept = before or Served(name, settings)
                self.models = {**self.models, name: Served(**{**kept.__dict__, "reason": str(error)})}
                LOG.warning("model %s not loaded: %s", name, error)
                raise
            self.models = {**self.models, name: after}
            LOG.info("model %s: version %s answers, loaded: %s", name, after.version, list(after.versions))
            if before is not None:
                self._retire(before, after)
            return after

    async def unload(self, name: str) -> None:
        """Stop serving a model. What waits is answered first.

        Raises:
            NotFound: if it is unknown.
        """
        async with self._changing:
            served = self.models.get(name)
            if served is None:
                raise NotFound(str(unknown("model", name[:80], self.models)))
            self.models = {**self.models, name: Served(name, served.settings)}
            self._remember()
            LOG.info("model %s unloaded", name)
            self._retire(served, None)

    async def apply(self, settings: ServeSettings) -> None:
        """Serve by changed settings: models that are new or changed are loaded, those that are gone unloaded.

        Raises:
            InputError: if a model cannot be loaded; models loaded before it stay loaded.
        """
        before, self.settings = self.settings, settings
        try:
            for name, each in settings.models.items():
                if before.models.get(name) != each:
                    await self.load(name, each, each.version)
        except InputError:
            self.settings = before
            raise
        for name in before.models.keys() - settings.models.keys():
            if self.models.get(name, Served(name, before.models[name])).ready:
                await self.unload(name)

    async def close(self) -> None:
        """Answer all that waits, then stop."""
        loaded = [each for served in self.models.values() for each in served.versions.values()]
        self.models = {name: Served(name, served.settings) for name, served in self.models.items()}
        await asyncio.gather(*(each.batcher.close() for each in loaded), *self._closing)
        self._compiler.shutdown(wait=False)

    def available(self) -> dict[str, Path]:
        """Folders of the repository that could be loaded, by name."""
        if self.settings.repository is None:
            return {}
        root = Path(self.settings.repository)
        inside = [each for each in sorted(root.iterdir()) if NAME.fullmatch(each.name)] if root.is_dir() else []
        return {each.name: each for each in inside if each.is_dir() and self._is_inside(each)}

    def _is_inside(self, folder: Path) -> bool:
        root = Path(self.settings.repository or ".").resolve()
        return folder.resolve().is_relative_to(root)

    def _in_repository(self, name: str) -> ModelSettings:
        """Settings of a model that only the repository's folder knows."""
        found = self.available()
        if name not in found:
            raise NotFound(str(unknown("model", name[:80], {*found, *self.models})))
        return ModelSettings.model_validate({"folder": str(found[name])})

    async def _loaded(self, name: str, settings: ModelSettings, before: Served | None, version: int | None) -> Served:
        """The model with all versions of its folder, and those that it has kept."""
        same = before is not None and before.settings.model_copy(update={"version": None}) == settings.model_copy(
            update={"version": None}
        )
        kept = dict(before.versions) if before is not None and same else {}
        found = versions(Path(settings.folder))
        if name not in self.settings.models:
            self._check_foreign(Path(settings.folder), found.values())
        wanted = settings.version if version is None else version
        answers = max(found) if wanted is None else wanted
        if answers not in found:
            raise NotFound(f"version {answers}: model '{name}' has {', '.join(map(str, found))}")
        new = {number: folder for number, folder in found.items() if number not in kept or self._changed(kept[number])}
        loop = asyncio.get_running_loop()
        ready = {
            number: await loop.run_in_executor(self._compiler, self._compiled, folder, settings)
            for number, folder in new.items()
        }
        limits = Limits(self.settings.batching.window_ms / 1000, self.settings.batching.queue)
        added = {
            number: Loaded(name, number, model, Batcher(model, limits, self._watch(name, number)), checked)
            for number, (model, checked) in ready.items()
        }
        every = dict(sorted({**{n: each for n, each in kept.items() if n in found}, **added}.items()))
        return Served(name, settings.model_copy(update={"version": wanted}), every, answers)

    @staticmethod
    def _changed(loaded: Loaded) -> bool:
        """Whether the files of a version are not those that were loaded."""
        try:
            return loaded.model.stamp != stamp(loaded.model.folder)
        except OSError:
            return True

    def _compiled(self, folder: Path, settings: ModelSettings) -> tuple[Model, str]:
        try:
            model = Model(folder, settings.arm, settings.answering, self.settings.batching.largest)
            model.compile()
            return model, model.check()
        except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
            words = " ".join(str(error).split())[:200]
            raise InputError(f"{folder}: the run is damaged ({type(error).__name__}: {words})") from None

    def _check_foreign(self, folder: Path, found: Iterable[Path]) -> None:
        """Check a model that the settings do not name, which whoever may write into the repository has made."""
        foreign.check_inside(folder, Path(self.settings.repository or folder))
        for each in found:
            foreign.check_no_code(each)

    def _retire(self, before: Served, after: Served | None) -> None:
        """Close the batchers of versions that are no longer served, once they have answered all that waits."""
        kept = set() if after is None else {id(each.batcher) for each in after.versions.values()}
        for each in before.versions.values():
            if id(each.batcher) not in kept:
                task = asyncio.get_running_loop().create_task(each.batcher.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    def _remember(self) -> None:
        """Write which models and versions are served, and under which settings."""
        if self.settings.state is not None:
            served = {name: each.settings.model_dump() for name, each in self.models.items() if each.ready}
            content = {"settings": self._named_models(), "models": served}
            files.write(Path(self.settings.state), json.dumps(content, indent=2) + "\n")

    def _remembered(self) -> dict[str, ModelSettings]:
        """The models to start with."""
        path = None if self.settings.state is None else Path(self.settings.state)
        if path is None or not files.exists(path):
            return dict(self.settings.models)
        try:
            content = files.read_json(path, "`state`")
            models = {name: ModelSettings.model_validate(each) for name, each in content["models"].items()}
            same = content["settings"] == self._named_models()
        except (KeyError, TypeError, AttributeError, ValidationError):
            raise InputError(f"`state`: {path} is damaged; remove it to serve what the settings name") from None
        return models if same else dict(self.settings.models)

    def _named_models(self) -> dict[str, Any]:
        return {name: each.model_dump() for name, each in self.settings.models.items()}
