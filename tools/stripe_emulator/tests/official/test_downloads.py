"""Downloads are complete and as pinned, or fail."""

from pathlib import Path

import pytest
from stripe_official import downloads
from stripe_official.downloads import Unavailable, openapi_document

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache that is empty."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(downloads, "_CACHE", folder)
    return folder


def test_unreachable_registry_is_reported(monkeypatch: pytest.MonkeyPatch, cache: Path):
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOWHERE)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(Unavailable, match=r"(?i)failed to fetch"):
        openapi_document()
    assert list(cache.iterdir()) == []


def test_download_other_than_the_pinned_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
):
    pinned = (downloads._PINNED / "requirements.txt").read_text()
    name, _, digest = pinned.strip().rpartition(":")
    (tmp_path / "requirements.txt").write_text(f"{name}:{digest[::-1]}\n")
    monkeypatch.setattr(downloads, "_PINNED", tmp_path)
    with pytest.raises(Unavailable):
        openapi_document()
    assert list(cache.iterdir()) == []


def test_concurrent_downloads_keep_one_result(cache: Path):
    def install(folder: Path) -> None:
        (folder / "by").write_text("the slower")
        if not list(cache.glob("cli-*/by")):
            downloads._cached("cli", ["package.json"], lambda other: (other / "by").touch())

    folder = downloads._cached("cli", ["package.json"], install)
    assert (folder / "by").read_text() == ""
    assert list(cache.iterdir()) == [folder]


def test_cached_download_is_not_repeated(cache: Path):
    def install(folder: Path) -> None:
        (folder / str(len(list(cache.iterdir())))).touch()

    once = downloads._cached("cli", ["package.json"], install)
    again = downloads._cached("cli", ["package.json"], install)
    assert (again, len(list(once.iterdir()))) == (once, 1)
