"""Every command in every state, and while every operation is under way."""

from dataclasses import replace
from itertools import product
from uuid import uuid4

import pytest
from payment_service.model.decisions import RULES, decide
from payment_service.model.operations import REFRESH, Kind, Operation
from payment_service.model.payment import Refund, RefundStatus, Status

COMMANDS = {
    "authorize": Operation(Kind.AUTHORIZE),
    "capture": Operation(Kind.CAPTURE, amount=1000, currency="usd"),
    "capture_other": Operation(Kind.CAPTURE, amount=999, currency="usd"),
    "capture_yen": Operation(Kind.CAPTURE, amount=1000, currency="jpy"),
    "cancel": Operation(Kind.CANCEL, reason="abandoned"),
    "refund": Operation(Kind.REFUND, amount=300, currency="usd", refund_id="refund-new"),
    "refund_done": Operation(Kind.REFUND, amount=200, currency="usd", refund_id="refund-done"),
    "refund_other": Operation(Kind.REFUND, amount=201, currency="usd", refund_id="refund-done"),
    "refund_failed": Operation(Kind.REFUND, amount=9, currency="usd", refund_id="refund-failed"),
}
BEGUN = "begun"
# What each command leads to where a payment rests: the type of the answer and its code, if any.
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


def asked(name, attempt=7):
    return replace(COMMANDS[name], command_id=uuid4(), attempt=attempt)


def told(event):
    code = getattr(event.payload, "code", "")
    return f"{event.type} {code}".strip()


def test_the_table_is_total():
    assert set(RULES) == set(product(Status, set(Kind) - {Kind.AUTHORIZE}))
    assert set(TABLE) == set(Status) - {Status.PENDING}
    assert all(set(each) == set(COMMANDS) for each in TABLE.values())


@pytest.mark.parametrize(("state", "name", "expected"), RESTING)
def test_a_command_to_a_payment_at_rest_begins_or_is_answered(known_in, state, name, expected):
    known, command = known_in(state), asked(name)

    decision = decide(known, command)

    if expected == BEGUN:
        assert decision.send == ()
        assert (decision.known.operation, decision.known.attempts) == (command, known.attempts + 1)
    else:
        (event,) = decision.send
        assert (told(event), event.payload.attempt) == (expected, 7)
        assert event.causation_id == command.command_id
        assert decision.known == known


@pytest.mark.parametrize(("state", "name", "expected"), RESTING)
def test_a_command_that_is_answered_again_gets_a_message_of_its_own_with_its_attempt(
    known_in, state, name, expected
):
    known = known_in(state)
    first, second = asked(name, 1), asked(name, 2)

    sent = [event for each in (first, second) for event in decide(known, each).send]

    assert len({event.message_id for event in sent}) == len(sent)
    assert [event.payload.attempt for event in sent] == ([] if expected == BEGUN else [1, 2])
    assert [each.message_id for each in decide(known, first).send] == [
        event.message_id for event in sent[:1]
    ]


@pytest.mark.parametrize(
    ("running", "name"),
    [("authorize", "authorize"), *product(("capture", "cancel", "refund"), OTHERS)],
)
def test_while_something_is_under_way_a_command_is_adopted_or_waits(known_in, running, name):
    known, command = known_in(STATE_OF[running], operation=asked(running)), asked(name)

    decision = decide(known, command)

    assert decision.send == ()
    assert decision.known.attempts == known.attempts
    if known.operation.is_same_as(command):
        assert decision.known.operation == command
        assert decision.known.waiting == ()
    else:
        assert decision.known.operation == known.operation
        assert decision.known.waiting == (command,)


@pytest.mark.parametrize("name", OTHERS)
def test_while_an_authorization_is_under_way_every_other_command_waits(known_in, name):
    known, command = known_in("pending", operation=asked("authorize")), asked(name)

    assert decide(known, command).known.waiting == (command,)


@pytest.mark.parametrize("running", ["capture", "cancel", "refund"])
def test_the_hold_is_told_again_whatever_is_under_way(known_in, running):
    known, command = known_in(STATE_OF[running], operation=asked(running)), asked("authorize")

    decision = decide(known, command)

    assert [told(event) for event in decision.send] == ["payment.authorized"]
    assert decision.known == known


def test_what_waits_twice_is_done_once_and_answers_the_newer_command(known_in):
    known = known_in("pending", operation=asked("authorize"))

    for command in (asked("cancel", 1), newer := asked("cancel", 2)):
        known = decide(known, command).known

    assert known.waiting == (newer,)


def test_an_adopted_cancellation_keeps_the_reason_that_stripe_was_given(known_in):
    known = known_in("authorized", operation=asked("cancel"))
    newer = replace(asked("cancel"), reason="duplicate")

    adopted = decide(known, newer).known.operation

    assert (adopted.command_id, adopted.reason) == (newer.command_id, "abandoned")


@pytest.mark.parametrize(("state", "name"), [*product(("authorized", "captured"), COMMANDS)])
def test_a_refresh_gives_way_to_whatever_is_asked(known_in, state, name):
    expected = TABLE[state][name]
    known, command = known_in(state, operation=REFRESH), asked(name)

    decision = decide(known, command)

    if expected == BEGUN:
        assert (decision.known.operation, decision.known.waiting) == (command, (REFRESH,))
        assert decision.known.attempts == known.attempts + 1
    else:
        assert [told(event) for event in decision.send] == [expected]
        assert decision.known == known


@pytest.mark.parametrize("state", [status for status in Status if status is not Status.PENDING])
def test_a_refresh_is_begun_where_something_can_have_changed(known_in, state):
    decision = decide(known_in(state), REFRESH)

    begun = decision.known.operation == REFRESH
    assert begun is (state in {Status.AUTHORIZED, Status.CAPTURED})
    assert decision.send == ()


def test_a_refresh_during_another_one_changes_nothing(known_in):
    known = known_in("authorized", operation=REFRESH)

    assert decide(known, REFRESH).known == known


def test_a_refund_is_remembered_from_its_beginning(known_in):
    decision = decide(known_in("captured"), asked("refund"))

    assert decision.known.refund("refund-new") == Refund("refund-new", 300, RefundStatus.ASKED)
