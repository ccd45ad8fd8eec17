"""The folder of PostgreSQL's socket."""

import tempfile
from pathlib import Path

import pytest
from saga_stack.errors import StackError
from saga_stack.postgres.sockets import MAX_BYTES, SOCKET, fits, socket_dir


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    for path in folder.iterdir():
        path.unlink() if path.is_symlink() else path.rmdir()
    folder.rmdir()


@pytest.mark.parametrize("name", ["für heute", "a,b", "c" * 120, 'd"'])
def test_a_path_that_cannot_be_an_address_has_a_temporary_folder(tmp_path, temporary, name):
    cluster = tmp_path / name
    cluster.mkdir()
    folder = socket_dir(cluster)
    assert folder.parent == temporary
    assert fits(folder)
    assert socket_dir(cluster) == folder


def test_a_temporary_folder_of_someone_else_is_refused(tmp_path, temporary):
    cluster = tmp_path / "a,b"
    cluster.mkdir()
    folder = socket_dir(cluster)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(StackError, match="belongs to another user"):
        socket_dir(cluster)


def test_a_plain_short_path_is_used(tmp_path):
    assert fits(Path("/tmp/x"))  # noqa: S108 - not created
    longest = Path("/" + "x" * (MAX_BYTES - len(SOCKET) - 2))
    assert fits(longest)
    assert not fits(Path(f"{longest}x"))
