"""docker-compose.yml and what is written beside it agree."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_environment_has_every_variable_of_the_compose_file_with_its_default():
    read = re.findall(r"\$\{([A-Z_]+)(?::?-([^}]*))?\}", (ROOT / "docker-compose.yml").read_text())
    told = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(read) == set(told)
    assert len(told) == len(dict(told))
