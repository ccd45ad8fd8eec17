"""Create the secrets of docker-compose.yml, one file each; existing secrets are kept.

The database URLs are always written again, so run it after replacing a password. Only the owner
can enter the folder. Its files are readable by all, because each is mounted into a container that
runs as another user.
"""

import os
import secrets
import sys
import tomllib
from pathlib import Path

READABLE = 0o644
WORKSPACE = Path(__file__).parents[1]


def make_secrets(folder: Path) -> None:
    """Create missing secrets, and write every database URL with its role's password."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _keep_or_write(folder / "postgres_password", secrets.token_hex(24))
    for service in registered_services():
        password = folder / f"{service}_database_password"
        _keep_or_write(password, secrets.token_hex(24))
        url = f"postgresql+psycopg2://{service}:{password.read_text().strip()}@postgres:5432/{service}"
        _write(folder / f"{service}_database_url", url)
    # For the emulator. For Stripe's test mode, put your own sk_test_… and whsec_… into the files.
    _keep_or_write(folder / "stripe_secret_key", f"sk_test_{secrets.token_hex(16)}")
    _keep_or_write(folder / "stripe_webhook_secret", f"whsec_{secrets.token_hex(24)}")


def registered_services() -> list[str]:
    """Return the names in the entry point group `saga.services`, without installing anything."""
    projects = sorted(WORKSPACE.glob("services/*/pyproject.toml"))
    entry_points = (tomllib.loads(file.read_text())["project"]["entry-points"] for file in projects)
    return [name for groups in entry_points for name in groups["saga.services"]]


def _keep_or_write(file: Path, content: str) -> None:
    if file.exists():
        file.chmod(READABLE)
    else:
        _write(file, content)


def _write(file: Path, content: str) -> None:
    scratch = file.with_suffix(".new")
    scratch.write_text(content)
    scratch.chmod(READABLE)
    scratch.replace(file)


if __name__ == "__main__":
    make_secrets(
        Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SECRETS_DIR", "secrets"))
    )
