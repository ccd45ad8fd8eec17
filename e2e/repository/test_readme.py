"""README.md and CONTRIBUTING.md name only commands, links and texts that exist."""

import re

import pytest
from payment_service.troubleshooting import TROUBLESHOOTING
from saga_cli.main import app
from support.repository import REPOSITORY, make_targets

TEXT = (REPOSITORY / "README.md").read_text() + (REPOSITORY / "CONTRIBUTING.md").read_text()


def test_every_make_target_exists():
    assert set(re.findall(r"\bmake ([a-z0-9-]+)\b", TEXT)) - {"and"} <= make_targets()


def test_every_saga_command_exists():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    named = set(re.findall(r"(?:`|^)saga ([a-z]+)", TEXT, re.MULTILINE))
    assert named
    assert named <= commands


def test_every_relative_link_leads_to_a_file():
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


@pytest.mark.parametrize(
    "code", ["invalid_customer", "payment_method_not_found", "missing_return_url"]
)
def test_failure_table_has_the_texts_of_the_events(code):
    guide = TROUBLESHOOTING[code]
    assert f"| `{code}` | {guide.title} | {guide.cause} | {guide.cure} |" in TEXT
