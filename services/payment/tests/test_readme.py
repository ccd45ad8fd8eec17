import re
from pathlib import Path

from payment_service.model.failures import SETTLEMENT_TROUBLES, TROUBLESHOOTING
from payment_service.model.payment import Status
from payment_service.settings import PaymentSettings

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_tells_the_cause_and_the_cure_of_every_failure():
    text = README.read_text()

    for code, trouble in (*TROUBLESHOOTING.items(), *SETTLEMENT_TROUBLES.items()):
        assert f"| `{code}` | {trouble.title} | {trouble.cause} | {trouble.cure} |" in text


def test_the_readme_tells_every_status_and_no_setting_that_there_is_not():
    text = README.read_text()
    life = text.split("## A payment's life")[1].split("## Stripe's own voice")[0]

    rows = re.findall(r"^\| `(\w+)` \|", life, re.MULTILINE)
    settings = set(re.findall(r"`((?:STRIPE|WEBHOOK|EXPIRY|RECONCILE|EXECUTOR)_[A-Z_]+)`", text))
    assert set(rows) == set(Status)
    assert {name.lower() for name in settings} <= set(PaymentSettings.model_fields)
