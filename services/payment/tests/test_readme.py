import re
from pathlib import Path

from payment_service.settings import PaymentSettings
from payment_service.states import Status
from payment_service.troubleshooting import SETTLEMENT_TROUBLES, TROUBLESHOOTING

README = Path(__file__).parents[1] / "README.md"
TROUBLESHOOTING_PAGE = Path(__file__).parents[3] / "docs" / "troubleshooting.md"


def test_the_troubleshooting_page_lists_the_cause_and_cure_of_every_failure():
    text = TROUBLESHOOTING_PAGE.read_text()

    rows = [
        f"| `{code}` | {guide.title} | {guide.cause} | {guide.cure} |"
        for code, guide in (*TROUBLESHOOTING.items(), *SETTLEMENT_TROUBLES.items())
    ]
    assert [row for row in rows if row not in text] == []


def test_the_readme_tells_every_status_and_no_setting_that_there_is_not():
    text = README.read_text()
    life = text.split("## A payment's life")[1].split("## Stripe's own voice")[0]

    rows = re.findall(r"^\| `(\w+)` \|", life, re.MULTILINE)
    settings = set(re.findall(r"`((?:STRIPE|WEBHOOK|EXPIRY|RECONCILE|EXECUTOR)_[A-Z_]+)`", text))
    assert set(rows) == set(Status)
    assert {name.lower() for name in settings} <= set(PaymentSettings.model_fields)
