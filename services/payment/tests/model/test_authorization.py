import pytest
from payment_service.model.authorization import AuthorizationRequest
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


def test_a_request_has_the_content_of_the_command():
    command = decode(PAYMENT_COMMANDS, COMMAND)

    assert AuthorizationRequest.of(command) == AuthorizationRequest(
        "saga-1", 1, command.message_id, "user_1", "cus_1", "pm_1", 1299, "usd",
        "Food delivery order",
    )  # fmt: skip


def test_a_customer_without_a_card_gives_a_request_without_a_payment_method():
    card = b'{"payment_method_id": "pm_1", "card_type": "visa", "last_four": "4242"}'

    payment = AuthorizationRequest.of(decode(PAYMENT_COMMANDS, COMMAND.replace(card, b"{}")))

    assert payment.payment_method_id is None


def test_the_idempotency_key_contains_saga_step_and_attempt(make_request):
    payment = make_request(saga_id="saga-1", attempt=2)

    assert payment.idempotency_key == "saga-1:authorize_payment:2"


@pytest.mark.parametrize("saga_id", ["a" * 255, "säga", "saga\r\nX-Injected: 1"])
def test_a_saga_id_that_is_not_a_header_value_has_a_derived_key(make_request, saga_id):
    key = make_request(saga_id=saga_id).idempotency_key

    assert key == make_request(saga_id=saga_id).idempotency_key
    assert key != make_request(saga_id=saga_id, attempt=2).idempotency_key
    assert len(key) == 36
