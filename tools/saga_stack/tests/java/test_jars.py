import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from saga_stack.errors import DownloadError
from saga_stack.java import fetch_https, fetch_maven, jars
from saga_stack.java.pinned import Jar, pinned_jars


@dataclass
class Repository:
    """A Maven repository on loopback; `cut_short` ends each answer early."""

    files: dict[str, bytes]
    cut_short: bool = False
    url: str = ""
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    served = Repository(files={f"org/x/{n}/1/{n}-1.jar": n.encode() * 50_000 for n in "ab"})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            served.requests.append(self.path)
            body = served.files.get(self.path.removeprefix("/maven2/"))
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: 1000 if served.cut_short else None])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_port}/maven2"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def pins(monkeypatch, repository, tmp_path) -> list[Jar]:
    pinned = [
        Jar(hashlib.sha256(body).hexdigest(), len(body), path)
        for path, body in repository.files.items()
    ]
    monkeypatch.setattr(jars, "pinned_jars", lambda: pinned)
    monkeypatch.setenv("SAGA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MAVEN_REPOSITORY_URL", repository.url)
    return pinned


def test_jars_are_downloaded_from_the_mirror_and_kept(repository, pins):
    folder = jars.ensure_jars()
    assert {file.name for file in folder.iterdir()} == {"a-1.jar", "b-1.jar"}
    assert sorted(repository.requests) == ["/maven2/org/x/a/1/a-1.jar", "/maven2/org/x/b/1/b-1.jar"]


def test_cached_jars_are_not_downloaded_again(repository, pins):
    jars.ensure_jars()
    repository.requests.clear()
    jars.ensure_jars()
    assert repository.requests == []


def test_a_jar_with_another_digest_is_refused(repository, pins):
    path = pins[0].path
    repository.files[path] = b"x" * pins[0].size
    with pytest.raises(DownloadError, match=r"SHA-256 .* is pinned"):
        jars.ensure_jars()
    assert not jars.jars_dir().exists()


def test_an_interrupted_download_is_not_used(repository, pins):
    repository.cut_short = True
    with pytest.raises(DownloadError, match="could not be downloaded"):
        jars.ensure_jars()
    assert not jars.jars_dir().exists()
    assert list(jars.jars_dir().parent.iterdir()) == []
    repository.cut_short = False
    assert jars.jars_present(jars.ensure_jars())


def test_a_damaged_jar_in_the_cache_is_downloaded_again(repository, pins):
    folder = jars.ensure_jars()
    (folder / "a-1.jar").write_bytes(b"cut")
    assert jars.jars_present(jars.ensure_jars())


def test_the_error_names_a_missing_jar(repository, pins):
    repository.files.clear()
    with pytest.raises(DownloadError, match=r"a-1\.jar could not be downloaded.*404"):
        jars.ensure_jars()


def test_concurrent_downloads_both_have_the_jars(repository, pins):
    def fetch_after_another(wanted: list[Jar], folder: Path) -> None:
        jars.ensure_jars()
        fetch_https.fetch(wanted, folder)

    jars._install(jars.jars_dir(), fetch_after_another)
    assert jars.jars_present(jars.jars_dir())


def test_maven_is_used_only_if_installed_and_without_a_mirror(monkeypatch, tmp_path):
    monkeypatch.delenv("MAVEN_REPOSITORY_URL", raising=False)
    monkeypatch.setattr(jars.shutil, "which", lambda _: "/usr/bin/mvn")
    assert jars.choose_fetch() is fetch_maven.fetch
    monkeypatch.setenv("MAVEN_REPOSITORY_URL", "https://mirror.example/maven2")
    assert jars.choose_fetch() is fetch_https.fetch
    monkeypatch.delenv("MAVEN_REPOSITORY_URL")
    monkeypatch.setattr(jars.shutil, "which", lambda _: None)
    assert jars.choose_fetch() is fetch_https.fetch
    assert fetch_https.repository_url() == fetch_https.CENTRAL


def test_the_pinned_list_contains_the_broker_and_its_logger():
    names = {jar.name for jar in pinned_jars()}
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in names
    assert any(name.startswith("log4j-slf4j-impl-") for name in names)
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in pinned_jars())


@pytest.mark.stack
def test_kafkas_jars_are_downloaded_from_a_mirror_without_maven(monkeypatch, repository, tmp_path):
    real = jars.ensure_jars()
    repository.files = {jar.path: (real / jar.name).read_bytes() for jar in pinned_jars()}
    monkeypatch.setenv("SAGA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("MAVEN_REPOSITORY_URL", repository.url)
    fetched = jars.ensure_jars()
    assert fetched.parent == tmp_path
    jars.check_digests(pinned_jars(), fetched)
