"""Programs of Debian's packages, unpacked into a folder of the user's cache, never installed."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from compose.unavailable import Unavailable
from saga_stack.paths import cache_dir

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


def compose_cache() -> Path:
    """Where the second run finds what the first one fetched and built."""
    folder = cache_dir() / "compose"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def engine_root() -> Path:
    """The folder with the engine's `usr`.

    Raises:
        Unavailable: The packages cannot be had.
    """
    root = _unpacked(ENGINE_RELEASE, ENGINE)
    iptables = root / "usr/sbin/iptables"  # without it names of containers are not resolved
    if not iptables.is_symlink():
        iptables.symlink_to("xtables-nft-multi")
    return root


def compose_plugin() -> Path:
    """The program behind `docker compose`.

    Raises:
        Unavailable: The package cannot be had.
    """
    return _unpacked(COMPOSE_RELEASE, COMPOSE) / COMPOSE_PLUGIN


@cache
def mirror() -> str:
    """The Debian mirror that this machine uses."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    fields = ["Created-By: Packages", "Component: main"]
    found = _run([*command, *fields]).split()
    return next((uri for uri in found if "security" not in uri), "http://deb.debian.org/debian/")


def _unpacked(release: str, packages: list[str]) -> Path:
    """A folder under its final name is whole: it is filled elsewhere and then renamed."""
    root = compose_cache() / f"packages-{release}"
    if root.exists():
        return root
    if not shutil.which("apt-get") or not KEYRING.exists():
        raise Unavailable("Debian's apt-get and keyring are not on this machine")
    with tempfile.TemporaryDirectory(dir=compose_cache()) as scratch:
        filled = Path(scratch) / "root"
        for package in _downloaded(release, packages, Path(scratch)):
            _run(["dpkg", "-x", str(package), str(filled)])
        filled.rename(root)
    return root


def _downloaded(release: str, packages: list[str], folder: Path) -> list[Path]:
    """The .deb files, from lists of our own: the machine's are neither read nor changed."""
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
        said = getattr(error, "stderr", None) or ""
        raise Unavailable(f"{' '.join(command[:1])} failed: {error} {said}".strip()) from error
