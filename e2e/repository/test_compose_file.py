"""The files beside docker-compose.yml match it."""

import re
import subprocess
import sys

from support.repository import REPOSITORY

COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()
EXAMPLE = (REPOSITORY / ".env.example").read_text()


def test_env_example_lists_each_compose_variable_once_with_its_default():
    used = re.findall(r"\$\{([A-Z_]+)(?::?-([^}]*))?\}", COMPOSE)
    documented = re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE)
    assert set(used) == set(documented)
    assert len(documented) == len(dict(documented))


def test_make_secrets_keeps_existing_secrets_and_restricts_the_folder_to_its_owner(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    key = folder / "stripe_secret_key"
    key.touch(mode=0o600)
    key.write_text("sk_test_mine")
    subprocess.run([sys.executable, REPOSITORY / "deploy/make_secrets.py", folder], check=True)
    assert key.read_text() == "sk_test_mine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


def test_a_container_executes_no_file_of_its_volume():
    stages = (REPOSITORY / "Dockerfile").read_text().split("\nFROM ")
    (runtime,) = (stage for stage in stages if stage.splitlines()[0].endswith("AS runtime"))
    variables = [line for line in runtime.splitlines() if line.startswith("ENV ")]

    assert "PYTHONSAFEPATH=1" in " ".join(variables).split()
    assert "WORKDIR /data" in runtime
