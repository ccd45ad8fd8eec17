"""Substitutes for the official images, built here where no image registry can be reached."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException, ImageNotFound
from saga_stack.java.jars import ensure_jars
from saga_stack.kafka.config import LOGGING
from support.containers.debian_packages import (
    ENGINE_RELEASE,
    KEYRING,
    containers_cache,
    engine_root,
    mirror,
)
from support.containers.engine import Engine
from support.containers.errors import EngineUnavailable

IMAGES = Path(__file__).parent / "images"
BASE = "saga-reference/debian"
# The label of a substitute, which each run builds again, mostly from the cache. Images of earlier
# runs have it too.
LABEL = "saga-reference.stand-in"
LOCAL_CAS = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BUILD_SECONDS = 600


def ensure_images(engine: Engine, wanted: dict[str, str]) -> dict[str, str]:
    """Provide every image: keep it if present, else pull it, else build a substitute of its name.

    Args:
        engine: The engine that is to have the images.
        wanted: The names of the images, by kind: `python`, `postgres`, `kafka`.

    Returns:
        The origin of each image, by kind: `present`, `pulled` or `substitute`.

    Raises:
        EngineUnavailable: No base image can be made for a substitute.
    """
    client = engine.client()
    try:
        return {name: _ensure(engine, client, name, image) for name, image in wanted.items()}
    finally:
        client.close()


def remove_substitutes(engine: Engine, images: dict[str, str]) -> None:
    """Remove substitutes from an engine that others use; the tests' own engine keeps them."""
    if engine.own:
        return
    client = engine.client()
    try:
        for image in images.values():
            if LABEL in (_labels(client, image) or {}):
                client.images.remove(image, force=True)
    finally:
        client.close()


def _ensure(engine: Engine, client: DockerClient, name: str, image: str) -> str:
    present = _labels(client, image)
    if present is not None and LABEL not in present:
        return "present"
    if present is None and _pulled(client, image):
        return "pulled"
    with tempfile.TemporaryDirectory(prefix="saga-image-") as folder:
        _ensure_base(engine, client)
        context = Path(folder) / "context"
        shutil.copytree(IMAGES / name, context)
        ADD_FILES.get(name, lambda _: None)(context)
        _docker(engine, "build", "--network=host", "--quiet", f"--tag={image}", str(context))
    return "substitute"


def _add_kafka_files(context: Path) -> None:
    shutil.copytree(ensure_jars(), context / "libs")
    (context / "log4j2.yaml").write_text(LOGGING)


ADD_FILES: dict[str, Callable[[Path], None]] = {"kafka": _add_kafka_files}


def _labels(client: DockerClient, image: str) -> dict[str, str] | None:
    try:
        return client.images.get(image).labels
    except ImageNotFound:
        return None


def _pulled(client: DockerClient, image: str) -> bool:
    try:
        client.images.pull(image)
    except DockerException:
        return False
    return True


def _ensure_base(engine: Engine, client: DockerClient) -> None:
    """Make the base image of all substitutes; it trusts the CAs that this machine trusts."""
    if _labels(client, BASE) is not None:
        return
    archive = containers_cache() / "debian.tar"
    if not archive.exists():
        _make_archive(archive)
    variables = [f"ENV {name}={BUNDLE}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
    changes = [f"--change={line}" for line in variables]
    _docker(engine, "import", *changes, str(archive), BASE)


def _make_archive(archive: Path) -> None:
    scratch = archive.with_suffix(".new.tar")
    command = [engine_root() / "usr/bin/mmdebstrap", "--variant=minbase", "--mode=root", "--quiet"]
    command += ["--include=ca-certificates,python3,python3-venv,python3-pip"]
    if LOCAL_CAS.is_dir():
        command += [f"--customize-hook=copy-in {LOCAL_CAS} {LOCAL_CAS.parent}"]
        command += ['--customize-hook=chroot "$1" update-ca-certificates']
    source = f"deb [signed-by={KEYRING}] {mirror()} {ENGINE_RELEASE} main"
    try:
        subprocess.run(
            [*command, ENGINE_RELEASE, scratch, source],
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineUnavailable(f"no base image: {error} {getattr(error, 'stderr', '')}") from error
    scratch.rename(archive)


def _docker(engine: Engine, *arguments: str) -> None:
    environment = {**os.environ, **engine.environment, "DOCKER_BUILDKIT": "0"}
    result = subprocess.run(
        ["docker", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert result.returncode == 0, f"docker {arguments[0]}: {result.stdout}{result.stderr}"
