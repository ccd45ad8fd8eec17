"""Create the secrets of docker-compose.yml, one file each; existing secrets are kept.

Database URLs are written again on every run, so that they follow a password that was replaced. Only
the owner can enter the folder. The files in it are readable by all: each is mounted by itself into
a container that runs as another user.
"""

import os
import secrets
import sys
from pathlib import Path

READABLE = 0o644
SERVICES = ("user", "order_saga", "payment")


def make_secrets(folder: Path) -> None:
    """Create missing secrets, and write each database URL with its role's current password."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _keep_or_write(folder / "postgres_password", secrets.token_hex(24))
    for service in SERVICES:
        password = folder / f"{service}_database_password"
        _keep_or_write(password, secrets.token_hex(24))
        url = f"postgresql+psycopg2://{service}:{password.read_text().strip()}@postgres:5432/{service}"
        _write(folder / f"{service}_database_url", url)
    # For the emulator. With Stripe's test mode, write your sk_test_… and whsec_… to the files.
    _keep_or_write(folder / "stripe_secret_key", f"sk_test_{secrets.token_hex(16)}")
    _keep_or_write(folder / "stripe_webhook_secret", f"whsec_{secrets.token_hex(24)}")


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
