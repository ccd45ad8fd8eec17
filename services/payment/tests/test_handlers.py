from dataclasses import replace
from uuid import uuid4

import pytest
from payment_service.handlers import receive
from payment_service.model.authorization import Authorized, Payment, StripeUnavailable
from payment_service.model.failures import verdict_of
from payment_service.model.operations import Operation
from payment_service.model.payment import KnownPayment, Status
from saga_messaging.outcomes import Refused
from saga_schemas.payment import AuthorizePayment
from saga_schemas.settlement import CancelPayment, CapturePayment, RefundPayment


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


def stored(command, verdict=None):
    begun = KnownPayment("saga-1", Payment.of(command)).begin(Operation.of(command))
    return replace(begun.decided(verdict), operation=None) if verdict else begun


def other(kind, **payload):
    return kind(correlation_id="saga-1", message_id=uuid4(), payload=payload)


def capture(amount=1299, **payload):
    return other(CapturePayment, amount=amount, **payload)


def cancel(**payload):
    return other(CancelPayment, **payload)


def refund(refund_id="refund-1", amount=100, **payload):
    return other(RefundPayment, refund_id=refund_id, amount=amount, **payload)


def test_the_first_command_of_a_saga_stores_a_pending_payment():
    asked = command()

    received = receive([asked], {})

    assert received.changed == [stored(asked)]
    assert received.changed[0].is_new
    assert received.outcomes[asked.message_id].send == ()


def test_a_customer_without_a_card_fails_without_asking_stripe():
    asked = command(card=False)

    received = receive([asked], {})

    (new,) = received.changed
    (event,) = received.outcomes[asked.message_id].send
    assert new.failure.code == event.payload.code == "payment_method_not_found"
    assert (new.status, new.operation) == (Status.FAILED, None)
    assert event.causation_id == asked.message_id


def test_a_second_command_for_a_pending_payment_is_already_in_work():
    first, second = command(), command()

    received = receive([second], {"saga-1": stored(first)})

    (adopted,) = received.changed
    assert adopted.operation.command_id == second.message_id
    assert adopted.payment.command_id == first.message_id
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

    received = receive([second], {"saga-1": stored(first, verdict)})

    (event,) = received.outcomes[second.message_id].send
    assert received.changed == []
    assert event.type == type_
    assert (event.causation_id, event.payload.attempt) == (second.message_id, 2)
    assert received.outcomes[second.message_id].effect == f"answered: {type_}"


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

    received = receive([second], {"saga-1": stored(first, verdict)})

    refusal = received.outcomes[second.message_id]
    assert received.changed == []
    assert isinstance(refusal, Refused)
    assert field in refusal.reason


def test_of_two_different_payments_of_a_saga_in_one_batch_the_first_is_made():
    first, second = command(), command(amount=1300)

    received = receive([first, second], {})

    assert received.changed == [stored(first)]
    assert isinstance(received.outcomes[second.message_id], Refused)


def test_two_commands_of_a_saga_in_one_batch_make_one_payment():
    first, second, another = command(), command(), command("saga-2")

    received = receive([first, second, another], {})

    assert [new.saga_id for new in received.changed] == ["saga-1", "saga-2"]
    assert received.changed[0].payment.command_id == first.message_id
    assert received.outcomes[second.message_id].effect == "already in work"


def test_two_commands_without_a_card_in_one_batch_are_both_answered():
    first, second = command(card=False), command(card=False)

    received = receive([first, second], {})

    assert len(received.changed) == 1
    assert [len(received.outcomes[each.message_id].send) for each in (first, second)] == [1, 1]


def test_a_cancellation_that_comes_first_leaves_a_tombstone():
    canceling = cancel(attempt=2)

    received = receive([canceling], {})

    (tombstone,) = received.changed
    (event,) = received.outcomes[canceling.message_id].send
    assert (tombstone.payment, tombstone.status, tombstone.operation) == (
        None, Status.CANCELED, None,
    )  # fmt: skip
    assert (event.type, event.payload.released, event.payload.attempt) == ("payment.canceled", 0, 2)


def test_a_tombstone_refuses_the_authorization():
    (tombstone,) = receive([cancel()], {}).changed
    late = command(attempt=3)

    received = receive([late], {"saga-1": tombstone})

    (event,) = received.outcomes[late.message_id].send
    assert received.changed == []
    assert (event.type, event.payload.code, event.payload.attempt) == (
        "payment.failed", "payment_canceled", 3,
    )  # fmt: skip


def test_both_in_one_batch_end_without_asking_stripe():
    asked, canceling = command(), cancel()

    received = receive([asked, canceling], {})

    (ended,) = received.changed
    events = received.outcomes[canceling.message_id].send
    assert (ended.status, ended.operation) == (Status.CANCELED, None)
    assert [(event.type, event.causation_id) for event in events] == [
        ("payment.failed", asked.message_id),
        ("payment.canceled", canceling.message_id),
    ]


@pytest.mark.parametrize(
    ("asked", "type_"),
    [(capture(), "payment.capture_failed"), (refund(), "payment.refund_failed")],
)
def test_what_has_no_payment_fails_and_leaves_nothing_behind(asked, type_):
    received = receive([asked], {})

    (event,) = received.outcomes[asked.message_id].send
    assert received.changed == []
    assert (event.type, event.payload.code) == (type_, "no_payment")


def test_a_command_of_one_saga_leaves_the_others_alone():
    one, two = command(), command("saga-2")
    known = {"saga-1": stored(one, Authorized("pi_1")), "saga-2": stored(two)}

    received = receive([capture()], known)

    assert [each.saga_id for each in received.changed] == ["saga-1"]
