import pytest
from payment_service.settings import PaymentSettings
from pydantic import ValidationError

NEEDED = {"database_url": "postgresql+psycopg2://", "stripe_secret_key": "sk_test_1"}


def test_the_defaults_are_valid():
    settings = PaymentSettings(**NEEDED)

    assert (settings.http_port, settings.stripe_return_url) == (8002, None)


def test_a_lease_too_short_to_be_renewed_is_refused():
    with pytest.raises(ValidationError, match="EXECUTOR_LEASE_SECONDS"):
        PaymentSettings(**NEEDED, executor_lease_seconds=2, executor_sweep_seconds=1)


def test_the_retry_time_must_exceed_the_timeout():
    with pytest.raises(ValidationError, match="STRIPE_RETRY_SECONDS"):
        PaymentSettings(**NEEDED, stripe_timeout_seconds=20, stripe_retry_seconds=10)


def test_a_live_key_is_refused_and_not_shown():
    with pytest.raises(ValidationError) as raised:
        PaymentSettings(**{**NEEDED, "stripe_secret_key": "sk_live_1"})

    assert "sk_live_1" not in str(raised.value)


def test_webhook_events_are_remembered_while_stripe_can_deliver_them():
    with pytest.raises(ValidationError, match=r"MESSAGE_RETENTION_DAYS \(32\) is less than the 33"):
        PaymentSettings(**NEEDED, message_retention_days=32)


def test_the_payments_of_the_reconciliation_window_are_kept():
    with pytest.raises(ValidationError, match="RECONCILE_WINDOW_SECONDS"):
        PaymentSettings(**NEEDED, reconcile_window_seconds=551 * 86_400)
