from dataclasses import replace
from uuid import uuid4

import pytest
from payment_service.handlers import receive
from payment_service.model.authorization import AuthorizationRequest, Authorized, StripeUnavailable
from payment_service.model.failures import authorization_result
from payment_service.model.operations import Operation
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from saga_messaging.delivery.outcomes import Refused
from saga_schemas.payment import AuthorizePayment
from saga_schemas.payment_lifecycle import CancelPayment, CapturePayment, RefundPayment


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


def stored(command, result=None):
    begun = Payment("saga-1", AuthorizationRequest.of(command)).begin(Operation.of(command))
    return replace(begun.with_authorization(result), operation=None) if result else begun


def other(kind, **payload):
    return kind(correlation_id="saga-1", message_id=uuid4(), payload=payload)


def capture(amount=1299, **payload):
    return other(CapturePayment, amount=amount, **payload)


def cancel(**payload):
    return other(CancelPayment, **payload)


def refund(refund_id="refund-1", amount=100, **payload):
    return other(RefundPayment, refund_id=refund_id, amount=amount, **payload)


def test_the_first_command_of_a_saga_stores_a_pending_payment():
    requested = command()

    received = receive([requested], {})

    assert received.changed == [stored(requested)]
    assert received.changed[0].is_new
    assert received.outcomes[requested.message_id].send == ()


def test_a_customer_without_a_card_fails_without_a_stripe_request():
    requested = command(card=False)

    received = receive([requested], {})

    (new,) = received.changed
    (event,) = received.outcomes[requested.message_id].send
    assert new.failure.code == event.payload.code == "payment_method_not_found"
    assert (new.status, new.operation) == (PaymentStatus.FAILED, None)
    assert event.causation_id == requested.message_id


def test_a_second_command_for_a_pending_payment_adopts_the_operation():
    first, second = command(), command()

    received = receive([second], {"saga-1": stored(first)})

    (adopted,) = received.changed
    assert adopted.operation.command_id == second.message_id
    assert adopted.request.command_id == first.message_id
    assert received.outcomes[second.message_id].effect == "already in progress"
    assert received.outcomes[second.message_id].send == ()


@pytest.mark.parametrize(
    ("result", "type_"),
    [
        (Authorized("pi_1"), "payment.authorized"),
        (authorization_result(StripeUnavailable("")), "payment.failed"),
    ],
)
def test_a_second_command_for_a_decided_payment_gets_a_reply(result, type_):
    first, second = command(), command(attempt=2)

    received = receive([second], {"saga-1": stored(first, result)})

    (event,) = received.outcomes[second.message_id].send
    assert received.changed == []
    assert event.type == type_
    assert (event.causation_id, event.payload.attempt) == (second.message_id, 2)
    assert received.outcomes[second.message_id].effect == f"replied {type_}"


@pytest.mark.parametrize("result", [None, Authorized("pi_1")])
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("amount", {"amount": 1300}),
        ("currency", {"currency": "eur"}),
        ("stripe_customer_id", {"customer": "cus_2"}),
        ("payment_method_id", {"card": False}),
    ],
)
def test_a_further_command_for_a_different_payment_is_refused(field, changes, result):
    first, second = command(), command(attempt=2, **changes)

    received = receive([second], {"saga-1": stored(first, result)})

    refusal = received.outcomes[second.message_id]
    assert received.changed == []
    assert isinstance(refusal, Refused)
    assert field in refusal.reason


def test_a_command_that_comes_again_after_personal_data_was_removed_gets_a_reply():
    first, second, different = command(), command(), command(amount=1300)
    payment = stored(first, Authorized("pi_1"))
    without_data = replace(
        payment.request,
        clerk_user_id="removed",
        stripe_customer_id="removed",
        payment_method_id=None,
        description="",
    )
    payments = {"saga-1": replace(payment, request=without_data, status=PaymentStatus.CANCELED)}

    received = receive([second, different], payments)

    assert received.outcomes[second.message_id].effect == "replied payment.failed"
    assert "amount" in received.outcomes[different.message_id].reason


def test_the_first_of_two_different_payments_in_one_batch_is_stored():
    first, second = command(), command(amount=1300)

    received = receive([first, second], {})

    assert received.changed == [stored(first)]
    assert isinstance(received.outcomes[second.message_id], Refused)


def test_two_commands_of_a_saga_in_one_batch_store_one_payment():
    first, second, another = command(), command(), command("saga-2")

    received = receive([first, second, another], {})

    assert [new.saga_id for new in received.changed] == ["saga-1", "saga-2"]
    assert received.changed[0].request.command_id == first.message_id
    assert received.outcomes[second.message_id].effect == "already in progress"


def test_two_commands_without_a_card_in_one_batch_both_get_a_reply():
    first, second = command(card=False), command(card=False)

    received = receive([first, second], {})

    assert len(received.changed) == 1
    assert [len(received.outcomes[command.message_id].send) for command in (first, second)] == [
        1,
        1,
    ]


def test_a_cancellation_that_comes_first_stores_a_tombstone():
    canceling = cancel(attempt=2)

    received = receive([canceling], {})

    (tombstone,) = received.changed
    (event,) = received.outcomes[canceling.message_id].send
    assert (tombstone.request, tombstone.status, tombstone.operation) == (
        None, PaymentStatus.CANCELED, None,
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


def test_both_commands_in_one_batch_end_without_a_stripe_request():
    requested, canceling = command(), cancel()

    received = receive([requested, canceling], {})

    (ended,) = received.changed
    events = received.outcomes[canceling.message_id].send
    assert (ended.status, ended.operation) == (PaymentStatus.CANCELED, None)
    assert [(event.type, event.causation_id) for event in events] == [
        ("payment.failed", requested.message_id),
        ("payment.canceled", canceling.message_id),
    ]


@pytest.mark.parametrize(
    ("requested", "type_"),
    [(capture(), "payment.capture_failed"), (refund(), "payment.refund_failed")],
)
def test_a_capture_or_refund_without_a_payment_fails_and_stores_nothing(requested, type_):
    received = receive([requested], {})

    (event,) = received.outcomes[requested.message_id].send
    assert received.changed == []
    assert (event.type, event.payload.code) == (type_, "no_payment")


def test_a_command_changes_only_its_own_saga():
    one, two = command(), command("saga-2")
    payments = {"saga-1": stored(one, Authorized("pi_1")), "saga-2": stored(two)}

    received = receive([capture()], payments)

    assert [payment.saga_id for payment in received.changed] == ["saga-1"]


@pytest.mark.parametrize("status", sorted(set(PaymentStatus) - {"pending", "authorized"}))
def test_a_command_of_a_finished_payment_that_comes_again_only_gets_a_reply(status):
    """Its inbox row may have been removed (`storage/retention.py`)."""
    first = command()
    made = Refund("refund-1", 100, RefundStatus.REFUNDED, "re_1")
    payment = replace(
        stored(first, Authorized("pi_1")),
        status=status,
        captured=1299 if status == "captured" else 0,
        released=1299 if status in {"canceled", "expired"} else 0,
        refunds=(made,) if status == "captured" else (),
    )
    for again in (first, capture(), cancel(), refund()):
        received = receive([again], {"saga-1": payment})

        assert received.changed == []
        assert len(received.outcomes[again.message_id].send) == 1
