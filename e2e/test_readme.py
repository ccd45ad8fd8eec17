"""What the README tells people to run exists."""

import re
from pathlib import Path

import pytest
from payment_service.troubleshooting import TROUBLESHOOTING
from saga_cli.main import app
from typer import Context
from typer.main import get_command

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z0-9-]+)\b", TEXT)) - {"and"} <= targets


def test_every_saga_command_exists():
    group = get_command(app)
    commands = set(group.list_commands(Context(group)))
    named = set(re.findall(r"(?:`|^)saga ([a-z]+)", TEXT, re.MULTILINE))
    assert named
    assert named <= commands


def test_every_link_leads_somewhere():
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "code", ["invalid_customer", "payment_method_not_found", "missing_return_url"]
)
def test_the_specification_s_troubleshooting_texts_are_those_of_the_events(code):
    trouble = TROUBLESHOOTING[code]
    assert f"| `{code}` | {trouble.title} | {trouble.cause} | {trouble.cure} |" in TEXT
