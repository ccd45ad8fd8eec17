"""The README matches the code."""

import re
from pathlib import Path

import pytest
from payment_service.model.failures import AUTHORIZATION_FAILURES, OPERATION_FAILURES
from payment_service.model.payment import PaymentStatus
from payment_service.settings import PaymentSettings

TROUBLESHOOTING_PAGE = Path(__file__).parents[3] / "docs" / "troubleshooting.md"
TEXT = (Path(__file__).parents[1] / "README.md").read_text()


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_troubleshooting_page_lists_the_cause_and_cure_of_every_failure():
    text = TROUBLESHOOTING_PAGE.read_text()

    rows = [
        f"| `{code}` | {guide.title} | {guide.cause} | {guide.cure} |"
        for code, guide in (*AUTHORIZATION_FAILURES.items(), *OPERATION_FAILURES.items())
    ]
    assert [row for row in rows if row not in text] == []


def test_the_readme_lists_every_status_and_only_existing_settings():
    rows = re.findall(r"^\| `(\w+)` \|", section("Statuses and commands"), re.MULTILINE)
    settings = set(re.findall(r"`((?:STRIPE|WEBHOOK|EXPIRY|RECONCILE|EXECUTOR)_[A-Z_]+)`", TEXT))
    assert set(rows) == set(PaymentStatus)
    assert {name.lower() for name in settings} <= set(PaymentSettings.model_fields)


def test_the_readme_lists_every_setting_of_the_service():
    rows = re.findall(r"^\| `([A-Z_]+)` \|", section("Settings"), re.MULTILINE)
    assert [name.lower() for name in rows] == list(PaymentSettings.__annotations__)


def test_the_readme_lists_every_room():
    package = Path(__file__).parents[1] / "payment_service"
    rooms = {init.parent.name for init in package.glob("*/__init__.py")} - {"migrations"}
    assert set(re.findall(r"^\| `(\w+)/` \|", section("Rooms"), re.MULTILINE)) == rooms


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))
def test_every_link_leads_to_a_file(link):
    assert (Path(__file__).parents[1] / link).exists()
