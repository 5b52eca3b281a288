"""A cache of the test's own, so that no test finds, or changes, what the user has."""

from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no $OHMGRAD_DATA."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OHMGRAD_DATA", raising=False)
    return tmp_path / "cache" / "ohmgrad" / "data"
