from datetime import UTC, datetime
from uuid import uuid4

import pytest
from payment_service.domain import (
    Authorized,
    Payment,
    StripeUnavailable,
    reply,
    reply_to_the_first_command,
)
from payment_service.troubleshooting import verdict_of
from saga_schemas import decode
from saga_schemas.topics import PAYMENT_COMMANDS

COMMAND = b"""{
  "type": "authorize_payment", "correlation_id": "saga-1", "timestamp": "2025-03-31T10:30:00Z",
  "payload": {
    "customer": {
      "clerkUserId": "user_1", "stripeCustomerId": "cus_1",
      "userStripeCard": {"payment_method_id": "pm_1", "card_type": "visa", "last_four": "4242"}
    },
    "order": {"amount": 1299, "description": "Food delivery order"}
  },
  "source": "order-saga"
}"""


def test_a_payment_is_what_the_command_asks_for():
    command = decode(PAYMENT_COMMANDS, COMMAND)

    assert Payment.of(command) == Payment(
        "saga-1", 1, command.message_id, "user_1", "cus_1", "pm_1", 1299, "usd",
        "Food delivery order",
    )  # fmt: skip


def test_a_customer_without_a_card_makes_a_payment_without_a_payment_method():
    card = b'{"payment_method_id": "pm_1", "card_type": "visa", "last_four": "4242"}'

    payment = Payment.of(decode(PAYMENT_COMMANDS, COMMAND.replace(card, b"{}")))

    assert payment.payment_method_id is None


def test_the_idempotency_key_names_saga_step_and_attempt(make_payment):
    payment = make_payment(saga_id="saga-1", attempt=2)

    assert payment.idempotency_key == "saga-1:authorize_payment:2"


@pytest.mark.parametrize("saga_id", ["a" * 255, "säga", "saga\r\nX-Injected: 1"])
def test_a_saga_id_that_is_no_header_value_has_a_key_all_the_same(make_payment, saga_id):
    key = make_payment(saga_id=saga_id).idempotency_key

    assert key == make_payment(saga_id=saga_id).idempotency_key
    assert key != make_payment(saga_id=saga_id, attempt=2).idempotency_key
    assert len(key) == 36


def test_a_hold_is_told_with_its_amount_and_expiry(make_payment):
    payment = make_payment(attempt=3)
    at = datetime(2026, 12, 1, tzinfo=UTC)

    event = reply_to_the_first_command(payment, Authorized("pi_1", at))

    assert event.type == "payment.authorized"
    assert event.correlation_id == payment.saga_id
    assert event.causation_id == payment.command_id
    assert event.payload.model_dump() == {
        "payment_intent_id": "pi_1",
        "amount": 1299,
        "currency": "usd",
        "capture_before": at,
        "attempt": 3,
    }


def test_a_reply_made_again_is_the_same_message(make_payment):
    payment, verdict = make_payment(), Authorized("pi_1")

    first = reply_to_the_first_command(payment, verdict)

    assert reply_to_the_first_command(payment, verdict).message_id == first.message_id


def test_another_command_is_answered_by_a_message_of_its_own(make_payment):
    payment, verdict, other = make_payment(), Authorized("pi_1"), uuid4()

    event = reply(payment, verdict, to=other, attempt=2)

    assert event.message_id != reply_to_the_first_command(payment, verdict).message_id
    assert (event.causation_id, event.payload.attempt) == (other, 2)


def test_a_failure_is_told_with_the_attempt_that_it_answers(make_payment):
    event = reply_to_the_first_command(make_payment(), verdict_of(StripeUnavailable("")))

    assert (event.type, event.payload.attempt) == ("payment.failed", 1)
