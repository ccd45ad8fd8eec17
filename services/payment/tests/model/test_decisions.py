"""Every command in every status, and during every operation in progress."""

from dataclasses import replace
from itertools import product
from uuid import uuid4

import pytest
from payment_service.model.decisions import RULES, decide
from payment_service.model.operations import REFRESH, Operation, OperationKind
from payment_service.model.payment import PaymentStatus, Refund, RefundStatus

COMMANDS = {
    "authorize": Operation(OperationKind.AUTHORIZE),
    "capture": Operation(OperationKind.CAPTURE, amount=1000, currency="usd"),
    "capture_other": Operation(OperationKind.CAPTURE, amount=999, currency="usd"),
    "capture_yen": Operation(OperationKind.CAPTURE, amount=1000, currency="jpy"),
    "cancel": Operation(OperationKind.CANCEL, reason="abandoned"),
    "refund": Operation(OperationKind.REFUND, amount=300, currency="usd", refund_id="refund-new"),
    "refund_done": Operation(
        OperationKind.REFUND, amount=200, currency="usd", refund_id="refund-done"
    ),
    "refund_other": Operation(
        OperationKind.REFUND, amount=201, currency="usd", refund_id="refund-done"
    ),
    "refund_failed": Operation(
        OperationKind.REFUND, amount=9, currency="usd", refund_id="refund-failed"
    ),
}
BEGUN = "begun"
# The effect of each command on an idle payment: the type of the reply and its code, if any.
TABLE = {
    "authorized": {
        "authorize": "payment.authorized", "capture": BEGUN, "capture_other": BEGUN,
        "capture_yen": "payment.capture_failed invalid_request", "cancel": BEGUN,
        "refund": "payment.refund_failed invalid_request",
        "refund_done": "payment.refund_failed invalid_request",
        "refund_other": "payment.refund_failed invalid_request",
        "refund_failed": "payment.refund_failed invalid_request",
    },
    "captured": {
        "authorize": "payment.authorized", "capture": "payment.captured",
        "capture_other": "payment.capture_failed already_captured",
        "capture_yen": "payment.capture_failed already_captured",
        "cancel": "payment.cancel_failed already_captured",
        "refund": BEGUN, "refund_done": "payment.refunded",
        "refund_other": "payment.refund_failed invalid_request",
        "refund_failed": "payment.refund_failed charge_disputed",
    },
    "canceled": {
        "authorize": "payment.failed payment_canceled", "capture": "payment.canceled",
        "capture_other": "payment.canceled", "capture_yen": "payment.canceled",
        "cancel": "payment.canceled", "refund": "payment.refund_failed nothing_held",
        "refund_done": "payment.refund_failed nothing_held",
        "refund_other": "payment.refund_failed nothing_held",
        "refund_failed": "payment.refund_failed nothing_held",
    },
    "expired": {
        "authorize": "payment.failed payment_canceled",
        "capture": "payment.authorization_expired",
        "capture_other": "payment.authorization_expired",
        "capture_yen": "payment.authorization_expired",
        "cancel": "payment.canceled", "refund": "payment.refund_failed nothing_held",
        "refund_done": "payment.refund_failed nothing_held",
        "refund_other": "payment.refund_failed nothing_held",
        "refund_failed": "payment.refund_failed nothing_held",
    },
    "failed": {
        "authorize": "payment.failed card_declined",
        "capture": "payment.capture_failed no_payment",
        "capture_other": "payment.capture_failed no_payment",
        "capture_yen": "payment.capture_failed no_payment",
        "cancel": "payment.canceled", "refund": "payment.refund_failed no_payment",
        "refund_done": "payment.refund_failed no_payment",
        "refund_other": "payment.refund_failed no_payment",
        "refund_failed": "payment.refund_failed no_payment",
    },
}  # fmt: skip
OTHERS = [name for name in COMMANDS if name != "authorize"]
STATE_OF = {
    "authorize": "pending",
    "capture": "authorized",
    "cancel": "authorized",
    "refund": "captured",
}
RESTING = [(state, name, table[name]) for state, table in TABLE.items() for name in table]


def command_of(name, attempt=7):
    return replace(COMMANDS[name], command_id=uuid4(), attempt=attempt)


def described(event):
    code = getattr(event.payload, "code", "")
    return f"{event.type} {code}".strip()


def test_the_table_is_total():
    assert set(RULES) == set(product(PaymentStatus, set(OperationKind) - {OperationKind.AUTHORIZE}))
    assert set(TABLE) == set(PaymentStatus) - {PaymentStatus.PENDING}
    assert all(set(replies) == set(COMMANDS) for replies in TABLE.values())


@pytest.mark.parametrize(("state", "name", "expected"), RESTING)
def test_a_command_to_an_idle_payment_begins_or_gets_a_reply(payment_in, state, name, expected):
    payment, command = payment_in(state), command_of(name)

    decision = decide(payment, command)

    if expected == BEGUN:
        assert decision.send == ()
        assert (decision.payment.operation, decision.payment.attempts) == (
            command,
            payment.attempts + 1,
        )
    else:
        (event,) = decision.send
        assert (described(event), event.payload.attempt) == (expected, 7)
        assert event.causation_id == command.command_id
        assert decision.payment == payment


@pytest.mark.parametrize(("state", "name", "expected"), RESTING)
def test_each_command_gets_its_own_reply_with_its_attempt(payment_in, state, name, expected):
    payment = payment_in(state)
    first, second = command_of(name, 1), command_of(name, 2)

    sent = [event for command in (first, second) for event in decide(payment, command).send]

    assert len({event.message_id for event in sent}) == len(sent)
    assert [event.payload.attempt for event in sent] == ([] if expected == BEGUN else [1, 2])
    assert [event.message_id for event in decide(payment, first).send] == [
        event.message_id for event in sent[:1]
    ]


@pytest.mark.parametrize(
    ("running", "name"),
    [("authorize", "authorize"), *product(("capture", "cancel", "refund"), OTHERS)],
)
def test_a_command_during_an_operation_is_adopted_or_waits(payment_in, running, name):
    payment, command = (
        payment_in(STATE_OF[running], operation=command_of(running)),
        command_of(name),
    )

    decision = decide(payment, command)

    assert decision.send == ()
    assert decision.payment.attempts == payment.attempts
    if payment.operation.is_same_as(command):
        assert decision.payment.operation == command
        assert decision.payment.waiting == ()
    else:
        assert decision.payment.operation == payment.operation
        assert decision.payment.waiting == (command,)


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_command_waits_for_the_authorization(payment_in, name):
    payment, command = payment_in("pending", operation=command_of("authorize")), command_of(name)

    assert decide(payment, command).payment.waiting == (command,)


@pytest.mark.parametrize("running", ["capture", "cancel", "refund"])
def test_a_repeated_authorize_command_gets_the_hold_during_any_operation(payment_in, running):
    payment, command = (
        payment_in(STATE_OF[running], operation=command_of(running)),
        command_of("authorize"),
    )

    decision = decide(payment, command)

    assert [described(event) for event in decision.send] == ["payment.authorized"]
    assert decision.payment == payment


def test_an_operation_waiting_twice_is_kept_once_for_the_newer_command(payment_in):
    payment = payment_in("pending", operation=command_of("authorize"))

    for command in (command_of("cancel", 1), newer := command_of("cancel", 2)):
        payment = decide(payment, command).payment

    assert payment.waiting == (newer,)


def test_an_adopted_cancellation_keeps_the_reason_sent_to_stripe(payment_in):
    payment = payment_in("authorized", operation=command_of("cancel"))
    newer = replace(command_of("cancel"), reason="duplicate")

    adopted = decide(payment, newer).payment.operation

    assert (adopted.command_id, adopted.reason) == (newer.command_id, "abandoned")


@pytest.mark.parametrize(("state", "name"), [*product(("authorized", "captured"), COMMANDS)])
def test_a_refresh_yields_to_any_other_operation(payment_in, state, name):
    expected = TABLE[state][name]
    payment, command = payment_in(state, operation=REFRESH), command_of(name)

    decision = decide(payment, command)

    if expected == BEGUN:
        assert (decision.payment.operation, decision.payment.waiting) == (command, (REFRESH,))
        assert decision.payment.attempts == payment.attempts + 1
    else:
        assert [described(event) for event in decision.send] == [expected]
        assert decision.payment == payment


@pytest.mark.parametrize(
    "state", [status for status in PaymentStatus if status is not PaymentStatus.PENDING]
)
def test_a_refresh_begins_only_if_the_status_can_change(payment_in, state):
    decision = decide(payment_in(state), REFRESH)

    begun = decision.payment.operation == REFRESH
    assert begun is (state in {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED})
    assert decision.send == ()


def test_a_refresh_during_another_one_changes_nothing(payment_in):
    payment = payment_in("authorized", operation=REFRESH)

    assert decide(payment, REFRESH).payment == payment


def test_a_refund_is_stored_when_it_begins(payment_in):
    decision = decide(payment_in("captured"), command_of("refund"))

    assert decision.payment.refund("refund-new") == Refund(
        "refund-new", 300, RefundStatus.REQUESTED
    )
