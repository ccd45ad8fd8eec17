"""docker-compose.yml and what is written beside it agree."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_environment_has_every_variable_of_the_compose_file_with_its_default():
    read = re.findall(r"\$\{([A-Z_]+)(?::?-([^}]*))?\}", (ROOT / "docker-compose.yml").read_text())
    told = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(read) == set(told)
    assert len(told) == len(dict(told))


def test_secrets_of_ones_own_are_kept_and_made_readable_in_a_folder_that_is_closed(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    key = folder / "stripe_secret_key"
    key.touch(mode=0o600)
    key.write_text("sk_test_mine")
    subprocess.run([sys.executable, ROOT / "deploy/make_secrets.py", folder], check=True)
    assert key.read_text() == "sk_test_mine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}
