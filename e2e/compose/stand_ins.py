"""Images under the names that the compose file has, built here where no registry can be reached."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from compose.engine import Engine
from compose.packages import ENGINE_RELEASE, KEYRING, compose_cache, engine_root, mirror
from compose.unavailable import Unavailable
from docker import DockerClient
from docker.errors import DockerException, ImageNotFound
from saga_stack.java.jars import ensure_jars
from saga_stack.kafka.config import LOGGING

IMAGES = Path(__file__).parent / "images"
DEBIAN = "saga-reference/debian"
STAND_IN = "saga-reference.stand-in"  # such an image is built again, mostly out of the cache
LOCAL_CAS = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BUILD_SECONDS = 600


def ensure_images(engine: Engine, wanted: dict[str, str]) -> dict[str, str]:
    """Afterwards every wanted image is there: it was, or it is pulled, or a stand-in has its name.

    Args:
        engine: Where they are to be.
        wanted: The images' names, by what they are: `python`, `postgres`, `kafka`.

    Returns:
        How each was come by.
    """
    client = engine.client()
    try:
        return {name: _ensure(engine, client, name, image) for name, image in wanted.items()}
    finally:
        client.close()


def remove_stand_ins(engine: Engine, images: dict[str, str]) -> None:
    """Frees the names that stand-ins have, except on an engine of our own, whose cache they are."""
    if engine.own:
        return
    client = engine.client()
    try:
        for image in images.values():
            if STAND_IN in (_labels(client, image) or {}):
                client.images.remove(image, force=True)
    finally:
        client.close()


def _ensure(engine: Engine, client: DockerClient, name: str, image: str) -> str:
    present = _labels(client, image)
    if present is not None and STAND_IN not in present:
        return "was there"
    if present is None and _pulled(client, image):
        return "pulled"
    with tempfile.TemporaryDirectory(prefix="saga-image-") as folder:
        _debian(engine, client)
        context = Path(folder) / "context"
        shutil.copytree(IMAGES / name, context)
        FILLERS.get(name, lambda _: None)(context)
        _docker(engine, "build", "--network=host", "--quiet", f"--tag={image}", str(context))
    return "a stand-in"


def _kafka_files(context: Path) -> None:
    shutil.copytree(ensure_jars(), context / "libs")
    (context / "log4j2.yaml").write_text(LOGGING)


FILLERS: dict[str, Callable[[Path], None]] = {"kafka": _kafka_files}


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


def _debian(engine: Engine, client: DockerClient) -> None:
    """What all stand-ins are made of; it trusts the CAs that this machine trusts."""
    if _labels(client, DEBIAN) is not None:
        return
    archive = compose_cache() / "debian.tar"
    if not archive.exists():
        _bootstrap(archive)
    variables = [f"ENV {name}={BUNDLE}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
    changes = [f"--change={line}" for line in variables]
    _docker(engine, "import", *changes, str(archive), DEBIAN)


def _bootstrap(archive: Path) -> None:
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
        raise Unavailable(f"no base image: {error} {getattr(error, 'stderr', '')}") from error
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
