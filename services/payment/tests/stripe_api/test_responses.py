"""PaymentIntents and refunds as values."""

from datetime import UTC, datetime

import pytest
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidRequest,
    NeedsAuthentication,
)
from payment_service.model.ports import Incomplete
from payment_service.model.stripe_results import RefundSnapshot
from payment_service.stripe_api.fields import saga_id_of
from payment_service.stripe_api.responses import (
    authorization_outcome,
    intent_snapshot,
    refund_snapshot,
)

INTENT = {"id": "pi_1", "status": "canceled", "amount": 1299, "cancellation_reason": "automatic"}


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        ({"status": "requires_capture"}, Authorized("pi_1")),
        ({"status": "succeeded"}, Authorized("pi_1")),
        ({"status": "processing"}, Incomplete("pi_1", "processing")),
        ({"status": "requires_confirmation"}, Incomplete("pi_1", "requires_confirmation")),
        ({"status": "requires_payment_method"}, Incomplete("pi_1", "requires_payment_method")),
        ({"status": "a_status_of_tomorrow"}, Incomplete("pi_1", "a_status_of_tomorrow")),
    ],
)
def test_a_payment_intent_is_a_hold_or_incomplete(intent, outcome):
    assert authorization_outcome({"id": "pi_1", **intent}) == outcome


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        ({"status": "requires_action"}, NeedsAuthentication),
        ({"status": "canceled", "cancellation_reason": "abandoned"}, InvalidRequest),
        ({"status": "canceled", "cancellation_reason": None}, InvalidRequest),
    ],
)
def test_a_payment_intent_that_cannot_become_a_hold_is_a_failure(intent, kind):
    outcome = authorization_outcome({"id": "pi_1", **intent})

    assert type(outcome) is kind
    assert outcome.payment_intent_id == "pi_1"


def test_a_declined_payment_intent_reports_its_codes(decline):
    error = {"type": "card_error", "message": "No.", **decline}

    outcome = authorization_outcome(
        {"id": "pi_1", "status": "requires_payment_method", "last_payment_error": error}
    )

    assert outcome == Declined(
        "No.", decline["code"], decline["decline_code"], decline["advice_code"], "pi_1"
    )


@pytest.mark.parametrize(
    ("charge", "capture_before"),
    [
        (
            {"payment_method_details": {"card": {"capture_before": 1_800_000_000}}},
            datetime.fromtimestamp(1_800_000_000, UTC),
        ),
        ({"payment_method_details": {"card": {}}}, None),
        ({"payment_method_details": None}, None),
        ("ch_1", None),
        (None, None),
    ],
)
def test_the_expiry_of_a_hold_comes_from_its_charge(charge, capture_before):
    intent = {"id": "pi_1", "status": "requires_capture", "latest_charge": charge}

    assert authorization_outcome(intent) == Authorized("pi_1", capture_before)


@pytest.mark.parametrize(
    ("status", "failed"),
    [("succeeded", False), ("pending", False), ("failed", True), ("canceled", True)],
)
def test_a_refund_succeeds_unless_stripe_reports_a_failure(status, failed):
    refund = {"id": "re_1", "amount": 5, "status": status, "metadata": {"refund_id": "r1"}}

    assert refund_snapshot(refund) == RefundSnapshot("re_1", 5, "r1", failed)


@pytest.mark.parametrize(("captured", "amount"), [(True, 300), (False, 0)])
def test_a_released_hold_does_not_count_as_refunded(captured, amount):
    charge = {"captured": captured, "amount_refunded": 300}

    assert intent_snapshot({**INTENT, "latest_charge": charge}).amount_refunded == amount
    assert intent_snapshot({**INTENT, "latest_charge": "ch_1"}).amount_refunded == 0


@pytest.mark.parametrize("saga_id", ["", "x" * 256, "saga\0"])
def test_a_saga_id_that_cannot_be_ours_is_ignored(saga_id):
    assert saga_id_of({"saga_id": saga_id}) == ""
    assert saga_id_of({"saga_id": "saga-1"}) == "saga-1"
