"""Programs from Debian packages, unpacked into the user's cache and never installed."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from saga_stack.paths import cache_dir
from support.containers.errors import EngineUnavailable

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ENGINE_RELEASE = "bookworm"
ENGINE = """
    docker.io containerd runc tini libdevmapper1.02.1 iptables libip4tc2 libip6tc2 libxtables12
    libnfnetlink0 libnetfilter-conntrack3 libmnl0 libnftnl11 mmdebstrap
""".split()
COMPOSE_RELEASE = "trixie"  # the first with version 2 of compose
COMPOSE = ["docker-compose"]
COMPOSE_PLUGIN = Path("usr/libexec/docker/cli-plugins/docker-compose")
DOWNLOAD_SECONDS = 300


def containers_cache() -> Path:
    """Return the folder that keeps downloads and images from one run to the next."""
    folder = cache_dir() / "compose"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def engine_root() -> Path:
    """Return the folder that has the engine's `usr`.

    Raises:
        EngineUnavailable: The packages cannot be downloaded or unpacked.
    """
    root = _unpacked(ENGINE_RELEASE, ENGINE)
    iptables = root / "usr/sbin/iptables"  # needed to resolve the names of containers
    if not iptables.is_symlink():
        iptables.symlink_to("xtables-nft-multi")
    return root


def compose_plugin() -> Path:
    """Return the program behind `docker compose`.

    Raises:
        EngineUnavailable: The package cannot be downloaded or unpacked.
    """
    return _unpacked(COMPOSE_RELEASE, COMPOSE) / COMPOSE_PLUGIN


@cache
def mirror() -> str:
    """Return the URL of the Debian mirror that this machine uses."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    fields = ["Created-By: Packages", "Component: main"]
    found = _run([*command, *fields]).split()
    return next((uri for uri in found if "security" not in uri), "http://deb.debian.org/debian/")


def _unpacked(release: str, packages: Sequence[str]) -> Path:
    """Return the folder of these packages; it is filled elsewhere and renamed when complete."""
    root = containers_cache() / f"packages-{release}"
    if root.exists():
        return root
    if not shutil.which("apt-get") or not KEYRING.exists():
        raise EngineUnavailable("Debian's apt-get and keyring are not on this machine")
    with tempfile.TemporaryDirectory(dir=containers_cache()) as scratch:
        filled = Path(scratch) / "root"
        for package in _downloaded(release, packages, Path(scratch)):
            _run(["dpkg", "-x", str(package), str(filled)])
        filled.rename(root)
    return root


def _downloaded(release: str, packages: Sequence[str], folder: Path) -> list[Path]:
    """Download .deb files with package lists of their own; the machine's stay untouched."""
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {release} main\n")
    (folder / "lists").mkdir()
    apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
    apt += ["-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-"]
    apt += ["-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}"]
    _run([*apt, "update"])
    _run([*apt, "download", *packages], folder)
    return sorted(folder.glob("*.deb"))


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or ""
        raise EngineUnavailable(f"{command[0]} failed: {error} {output}".strip()) from error
