from uuid import uuid4

import pytest
from payment_service.domain import Authorized, KnownPayment, Payment, StripeUnavailable
from payment_service.handlers import receive
from payment_service.troubleshooting import verdict_of
from saga_messaging.outcomes import Refused
from saga_schemas.payment import AuthorizePayment


def command(saga_id="saga-1", attempt=1, card=True, customer="cus_1", **order):
    return AuthorizePayment.model_validate(
        {
            "correlation_id": saga_id,
            "message_id": uuid4(),
            "payload": {
                "customer": {
                    "clerkUserId": "user_1",
                    "stripeCustomerId": customer,
                    "userStripeCard": {"payment_method_id": "pm_1"} if card else {},
                },
                "order": {"amount": 1299, "currency": "usd", "description": "", **order},
                "attempt": attempt,
            },
        }
    )


def test_the_first_command_of_a_saga_stores_a_pending_payment():
    asked = command()

    received = receive([asked], {})

    assert received.new == [KnownPayment(Payment.of(asked))]
    assert received.outcomes[asked.message_id].send == ()


def test_a_customer_without_a_card_fails_without_asking_stripe():
    asked = command(card=False)

    received = receive([asked], {})

    (stored,) = received.new
    (event,) = received.outcomes[asked.message_id].send
    assert stored.verdict.code == event.payload.code == "payment_method_not_found"
    assert event.causation_id == asked.message_id


def test_a_second_command_for_a_pending_payment_is_already_in_work():
    first, second = command(), command()

    received = receive([second], {"saga-1": KnownPayment(Payment.of(first))})

    assert received.new == []
    assert received.outcomes[second.message_id].effect == "already in work"
    assert received.outcomes[second.message_id].send == ()


@pytest.mark.parametrize(
    ("verdict", "type_"),
    [
        (Authorized("pi_1"), "payment.authorized"),
        (verdict_of(StripeUnavailable("")), "payment.failed"),
    ],
)
def test_a_second_command_for_a_decided_payment_is_answered_again(verdict, type_):
    first, second = command(), command(attempt=2)

    received = receive([second], {"saga-1": KnownPayment(Payment.of(first), verdict)})

    (event,) = received.outcomes[second.message_id].send
    assert received.new == []
    assert event.type == type_
    assert (event.causation_id, event.payload.attempt) == (second.message_id, 2)
    assert received.outcomes[second.message_id].effect == f"answered again: {type_}"


@pytest.mark.parametrize("verdict", [None, Authorized("pi_1")])
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("amount", {"amount": 1300}),
        ("currency", {"currency": "eur"}),
        ("stripe_customer_id", {"customer": "cus_2"}),
    ],
)
def test_a_further_command_that_asks_for_another_payment_is_refused(field, changes, verdict):
    first, second = command(), command(attempt=2, **changes)

    received = receive([second], {"saga-1": KnownPayment(Payment.of(first), verdict)})

    refusal = received.outcomes[second.message_id]
    assert received.new == []
    assert isinstance(refusal, Refused)
    assert field in refusal.reason


def test_of_two_different_payments_of_a_saga_in_one_batch_the_first_is_made():
    first, second = command(), command(amount=1300)

    received = receive([first, second], {})

    assert received.new == [KnownPayment(Payment.of(first))]
    assert isinstance(received.outcomes[second.message_id], Refused)


def test_two_commands_of_a_saga_in_one_batch_make_one_payment():
    first, second, other = command(), command(), command("saga-2")

    received = receive([first, second, other], {})

    assert [stored.payment.saga_id for stored in received.new] == ["saga-1", "saga-2"]
    assert received.new[0].payment.command_id == first.message_id
    assert received.outcomes[second.message_id].effect == "already in work"


def test_two_commands_without_a_card_in_one_batch_are_both_answered():
    first, second = command(card=False), command(card=False)

    received = receive([first, second], {})

    assert len(received.new) == 1
    assert [len(received.outcomes[each.message_id].send) for each in (first, second)] == [1, 1]
