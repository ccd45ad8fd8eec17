"""What is downloaded is what was pinned, whole, or nothing."""

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


def test_a_registry_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch, cache: Path):
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOWHERE)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(Unavailable, match=r"(?i)failed to fetch"):
        openapi_document()
    assert list(cache.iterdir()) == []


def test_what_is_not_what_was_pinned_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
):
    pinned = (downloads._PINNED / "requirements.txt").read_text()
    name, _, digest = pinned.strip().rpartition(":")
    (tmp_path / "requirements.txt").write_text(f"{name}:{digest[::-1]}\n")
    monkeypatch.setattr(downloads, "_PINNED", tmp_path)
    with pytest.raises(Unavailable):
        openapi_document()
    assert list(cache.iterdir()) == []


def test_of_two_that_fill_the_cache_at_once_one_is_kept(cache: Path):
    def install(folder: Path) -> None:
        (folder / "by").write_text("the slower")
        if not list(cache.glob("cli-*/by")):
            downloads._cached("cli", ["package.json"], lambda other: (other / "by").touch())

    folder = downloads._cached("cli", ["package.json"], install)
    assert (folder / "by").read_text() == ""
    assert list(cache.iterdir()) == [folder]


def test_what_is_in_the_cache_is_not_downloaded_again(cache: Path):
    def install(folder: Path) -> None:
        (folder / str(len(list(cache.iterdir())))).touch()

    once = downloads._cached("cli", ["package.json"], install)
    again = downloads._cached("cli", ["package.json"], install)
    assert (again, len(list(once.iterdir()))) == (once, 1)
