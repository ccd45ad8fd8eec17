"""Every state of an order is explained in one sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from order_saga.create_order.state import OrderSaga, PendingRequest, State
from order_saga.operators.explain.facts import (
    Consumer,
    DeadLetterRef,
    ExplanationFacts,
    LastMessage,
    OrderContext,
    RefusedMessage,
    active_node,
    routes_of,
)
from order_saga.operators.explain.formatting import duration
from order_saga.operators.explain.sentence import explain
from saga_engine.declaration import End, Parked, Rest, Step
from saga_schemas.values import Card, Customer, Failure, OrderDetails
from saga_testing.versions import NEWEST, VERSIONS

LATEST = NEWEST.version
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(seconds=35)
CUSTOMER = Customer(
    clerk_user_id="user_1",
    stripe_customer_id="cus_1",
    user_stripe_card=Card(payment_method_id="pm_card_visa"),
)
REASON = Failure(code="card_declined", message="Your card was declined.", cure="Use another. Now.")


def facts_of(state: State, version: int = LATEST, **changes) -> ExplanationFacts:
    """An order that entered a state 35 s ago; its command is sent, its consumers are running."""
    changed = {"pending": None, "reason": None} | changes
    saga = OrderSaga(
        id="o1",
        definition_version=version,
        state=state,
        attempt=1,
        clerk_user_id="user_1",
        order=OrderDetails(amount=1299, currency="usd", description="pizza"),
        customer=CUSTOMER,
        deadline_at=NOW + timedelta(seconds=25),
    )
    definition = VERSIONS[version]
    if isinstance(node := definition.nodes[state], Step) and node.compensation:
        changed["compensations"] = (node.compensation,)
    if state in definition.compensations:
        changed = {"compensations": (state,), "ends_in": State.CANCELED} | changed
    if state == State.NEEDS_ATTENTION:
        changed = {"parked": State.CANCELING} | changed
    if state in {State.CAPTURING, State.REFUNDING}:
        changed["pending"] = PendingRequest("r1", 5)
    saga = replace(saga, **changed)
    routes = routes_of(saga, active_node(definition, saga))
    last_message = LastMessage("authorize_payment", SINCE, SINCE)
    return ExplanationFacts(
        order=OrderContext(saga, NOW, SINCE, last_message, saga.deadline_at),
        definition=definition,
        consumers=[Consumer(route.group, route.topic, 3, 0, 1) for route in routes],
        dead_letters=[],
    )


def with_order(facts: ExplanationFacts, **changes) -> ExplanationFacts:
    return replace(facts, order=replace(facts.order, **changes))


def of_kind(kind: type) -> list[tuple[State, int]]:
    return [
        (state, version)
        for version, definition in VERSIONS.items()
        for state, node in definition.nodes.items()
        if isinstance(node, kind)
    ]


@pytest.mark.parametrize(("state", "version"), of_kind(Step | Rest | Parked | End))
def test_every_state_is_explained_in_one_sentence(state, version):
    sentence = explain(facts_of(state, version, reason=REASON))

    assert sentence.startswith("Order o1 ")
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "2026-02-01 11:59:25 UTC, 35 s ago" in sentence
    assert ("needs attention" if state == State.NEEDS_ATTENTION else str(state)) in sentence


@pytest.mark.parametrize(("state", "version"), of_kind(Step))
def test_a_step_names_the_service_its_timeout_and_the_lag_of_each_consumer(state, version):
    facts = facts_of(state, version)
    service, replies = facts.consumers

    sentence = explain(facts)

    assert f"waits for {service.group} to reply to" in sentence
    assert "it times out at 2026-02-01 12:00:25 UTC, in 25 s, and " in sentence
    assert (
        f"{service.group} has no unread messages on {service.topic}[3] and is running (1 member)"
        in sentence
    )
    assert f"order-saga has no unread messages on {replies.topic}[3]" in sentence


def test_a_stopped_service_is_named_with_its_unread_messages():
    stopped = Consumer("payment-service", "payment_commands", 3, 2, 0)

    sentence = explain(replace(facts_of(State.AUTHORIZING), consumers=[stopped]))

    assert (
        "payment-service has 2 unread messages on payment_commands[3] and is not running: start it"
        in sentence
    )


@pytest.mark.parametrize(
    ("state", "version", "changes", "then"),
    [
        (State.CAPTURING, LATEST, {"tries": 1}, "is then retried"),
        (State.CAPTURING, LATEST, {"tries": 5}, "then needs attention"),
        (State.AUTHORIZING, LATEST, {}, "is then compensated and rejected"),
        (State.AUTHORIZING, 1, {}, "is then overdue"),
        (State.RETRIEVING_PAYMENT_INFO, 1, {}, "is then rejected"),
    ],
)
def test_the_effect_of_a_timeout_is_named(state, version, changes, then):
    facts = facts_of(state, version, **changes)

    assert f"in 25 s, and {then};" in explain(facts)


def test_messages_that_expired_unread_are_counted():
    lost = Consumer("payment-service", "payment_commands", 3, 0, 1, expired=2)

    sentence = explain(replace(facts_of(State.AUTHORIZING), consumers=[lost]))

    assert "on payment_commands[3], missed 2 that expired unread, and is running (1 m" in sentence


def test_a_compensation_names_its_tries_and_the_state_it_ends_in():
    sentence = explain(facts_of(State.CANCELING, tries=2, attempt=3, ends_in=State.REJECTED))

    assert "is canceling (since " in sentence
    assert "), to end as rejected, and waits for payment-service to reply to cancel" in sentence
    assert "(try 2 of 5, attempt 3)" in sentence


def test_the_timeout_of_an_unsent_command_has_not_started():
    unsent = LastMessage("authorize_payment", SINCE, None)

    sentence = explain(
        with_order(facts_of(State.AUTHORIZING), last_message=unsent, times_out_at=None)
    )

    assert "its command has not reached Kafka yet, so its time-out has not started" in sentence
    assert "it times out at" not in sentence


def test_a_message_that_kafka_refused_is_named_with_its_reason_and_the_cure():
    refused = [
        RefusedMessage(UUID(int=7), "authorize_payment", "payment_commands", SINCE, "Too big.", 2)
    ]

    sentence = explain(with_order(facts_of(State.AUTHORIZING), refused=refused))

    assert "Kafka refused its authorize_payment to payment_commands (since" in sentence
    assert "Too big, and 2 messages behind it cannot be sent" in sentence
    assert f"`saga outbox retry order_saga/{UUID(int=7)}`" in sentence


def test_a_command_that_was_dropped_is_named_with_the_operator():
    last = LastMessage("authorize_payment", SINCE, None, "by ann: too large")

    sentence = explain(with_order(facts_of(State.AUTHORIZING), last_message=last))

    assert "its command was refused by Kafka and dropped by ann: too large" in sentence


def test_a_command_that_left_the_outbox_is_named_as_such():
    sentence = explain(with_order(facts_of(State.AUTHORIZING), last_message=None))

    assert "; the outbox no longer has its command; " in sentence


def test_a_passed_deadline_and_an_overdue_order_are_distinguished():
    passed = with_order(facts_of(State.AUTHORIZING), times_out_at=NOW - timedelta(seconds=1))
    assert (
        "it timed out at 2026-02-01 11:59:59 UTC; if it stays so, the log event deadline_failed"
        in explain(passed)
    )

    overdue = facts_of(State.AUTHORIZING, version=1, overdue=True)
    assert "it is overdue and its outcome is unknown: only a reply moves it" in explain(overdue)


@pytest.mark.parametrize(
    ("state", "version", "accepted"),
    [
        (State.AUTHORIZED, LATEST, "it accepts a request to capture or cancel"),
        (State.COMPLETED, LATEST, "it accepts a request to refund or cancel"),
        (State.AUTHORIZED, 1, "it accepts no requests"),
    ],
)
def test_a_rest_names_the_actions_it_accepts(state, version, accepted):
    assert accepted in explain(facts_of(state, version))


def test_a_rest_names_its_amounts_its_last_reason_and_a_dispute():
    money = {"captured": 1000, "refunds": {"re_1": 5}}
    sentence = explain(facts_of(State.COMPLETED, **money, disputed=True, reason=REASON))

    assert "1000 captured and 5 refunded (USD, in minor units)" in sentence
    assert (
        "last recorded reason: Your card was declined [card_declined] (Use another; Now)"
        in sentence
    )
    assert "the cardholder's bank disputes the payment" in sentence


def test_a_failed_refund_is_named():
    money = {"captured": 1000, "refunds": {"re_1": 0, "re_2": 5}}
    sentence = explain(facts_of(State.COMPLETED, **money))

    expected = (
        "1000 captured and 5 refunded (USD, in minor units), and refund re_1 failed at Stripe"
    )
    assert expected in sentence


@pytest.mark.parametrize(
    ("captured", "states"),
    [(0, "rejected|canceled|expired"), (1299, "completed|refunded")],
)
def test_an_order_that_needs_attention_names_the_commands_that_fit_its_money(captured, states):
    sentence = explain(facts_of(State.NEEDS_ATTENTION, captured=captured, reason=REASON))

    assert "because canceling cannot continue: Your card was declined" in sentence
    assert (
        f"retry it with `saga retry o1`, or end it by hand with `saga resolve o1 --as {states} "
        "--note" in sentence
    )
    assert "payment-service has no unread messages on payment_commands[3]" in sentence


def test_an_order_parked_in_an_end_cannot_be_retried():
    facts = facts_of(State.NEEDS_ATTENTION, parked=State.REJECTED, captured=1299, reason=REASON)

    sentence = explain(facts)

    assert "because it cannot remain rejected: Your card was declined" in sentence
    assert "saga retry" not in sentence
    assert "; end it by hand with `saga resolve o1 --as completed|refunded --note" in sentence


@pytest.mark.parametrize(("state", "version"), of_kind(End))
def test_an_end_names_its_time_and_its_reason(state, version):
    sentence = explain(facts_of(state, version, reason=REASON))

    ended = f"ended as {state} at 2026-02-01 11:59:25 UTC, 35 s ago: Your card was declined"
    assert ended in sentence


def test_the_first_dead_letter_is_named_and_the_others_are_counted():
    dead_letter = DeadLetterRef("payment_commands.dlq", 1, 3, "payload.amount: too large.")

    sentence = explain(replace(facts_of(State.AUTHORIZED), dead_letters=[dead_letter, dead_letter]))

    assert "payment_commands.dlq/1/3 (payload.amount: too large) and 1 more: run" in sentence
    assert "`saga dlq show payment_commands.dlq/1/3`" in sentence


def test_facts_that_kafka_did_not_provide_are_named():
    error = "Kafka did not respond within 5 s"

    sentence = explain(replace(facts_of(State.AUTHORIZING), consumers=error, dead_letters=error))

    assert f"consumer lag is unknown: {error}; its dead letters are unknown: {error}." in sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds, text):
    assert duration(timedelta(seconds=seconds)) == text
