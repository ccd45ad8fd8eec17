"""One sentence for every state of an order: right, whole, and one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from order_saga.create_order.state import OrderSaga, PendingRequest, State
from order_saga.operators.explain.facts import Consumer, Facts, LetterOf, Said, routes
from order_saga.operators.explain.formatting import span
from order_saga.operators.explain.sentence import sentence
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


def facts(state: State, version: int = LATEST, **changes) -> Facts:
    """An order that has been in a state for 35 s, its message in Kafka, everybody alive."""
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
    nodes = VERSIONS[version].nodes
    if isinstance(node := nodes[state], Step) and node.compensation:
        changed["compensations"] = (node.compensation,)
    if state == State.NEEDS_ATTENTION:
        changed = {"parked": State.CANCELING} | changed
    if state in {State.CAPTURING, State.REFUNDING}:
        changed["pending"] = PendingRequest("r1", 5)
    saga = replace(saga, **changed)
    of = routes(saga, nodes[saga.parked] if saga.parked else nodes[state])
    return Facts(
        saga=saga,
        node=nodes[state],
        now=NOW,
        since=SINCE,
        said=Said("authorize_payment", SINCE, SINCE),
        until=saga.deadline_at,
        consumers=[Consumer(route.group, route.topic, 3, 0, 1) for route in of],
        letters=[],
    )


def of_kind(kind: type) -> list[tuple[State, int]]:
    return [
        (state, version)
        for version, definition in VERSIONS.items()
        for state, node in definition.nodes.items()
        if isinstance(node, kind)
    ]


@pytest.mark.parametrize(("state", "version"), of_kind(Step | Rest | Parked | End))
def test_every_state_is_told_in_one_sentence(state, version):
    said = sentence(facts(state, version, reason=REASON))

    assert said.startswith("Order o1 ")
    assert said.endswith(".")
    assert ". " not in said
    assert "2026-02-01 11:59:25 UTC, 35 s ago" in said
    assert ("needs attention" if state == State.NEEDS_ATTENTION else str(state)) in said


@pytest.mark.parametrize(("state", "version"), of_kind(Step))
def test_a_step_says_whom_it_waits_for_until_when_and_how_far_everybody_is(state, version):
    given = facts(state, version)
    service, replies = given.consumers

    said = sentence(given)

    assert f"waits for {service.group} to answer" in said
    assert "it waits until 2026-02-01 12:00:25 UTC, 25 s from now" in said
    assert f"{service.group} has read all of {service.topic}[3] (1 alive)" in said
    assert f"order-saga has read all of {replies.topic}[3]" in said


def test_a_service_that_does_not_run_is_named_with_what_waits_for_it():
    given = facts(State.AUTHORIZING)
    stopped = Consumer("payment-service", "payment_commands", 3, 2, 0)

    said = sentence(replace(given, consumers=[stopped]))

    assert "payment-service is 2 messages behind on payment_commands[3]" in said
    assert "does not run: nobody is in its group, so start it" in said


@pytest.mark.parametrize(
    ("state", "version", "changes", "then"),
    [
        (State.CAPTURING, LATEST, {"tries": 1}, "asks again"),
        (State.CAPTURING, LATEST, {"tries": 5}, "needs attention"),
        (State.AUTHORIZING, LATEST, {}, "is compensated and rejected"),
        (State.AUTHORIZING, 1, {}, "is overdue"),
        (State.RETRIEVING_PAYMENT_INFO, 1, {}, "is rejected"),
    ],
)
def test_it_says_what_happens_when_its_time_is_over(state, version, changes, then):
    given = facts(state, version, **changes)

    assert f"25 s from now, and then {then};" in sentence(given)


def test_messages_that_expired_unread_are_told():
    lost = Consumer("payment-service", "payment_commands", 3, 0, 1, expired=2)

    said = sentence(replace(facts(State.AUTHORIZING), consumers=[lost]))

    assert "[3], besides 2 that Kafka has let expire before it read them, (1 alive)" in said


def test_tries_are_counted_and_an_undo_says_where_it_leads():
    said = sentence(facts(State.CANCELING, tries=2, attempt=3, ends_in=State.REJECTED))

    assert "is canceling, on its way to rejected, and waits for payment-service" in said
    assert "(try 2 of 5, attempt 3)" in said


def test_a_command_that_kafka_has_not_got_yet_runs_no_time():
    unsent = Said("authorize_payment", SINCE, None)

    said = sentence(replace(facts(State.AUTHORIZING), said=unsent, until=None))

    assert "its command has not reached Kafka yet, and no time runs before it has" in said
    assert "it waits until" not in said


def test_a_time_that_is_over_and_an_outcome_that_stays_unknown_are_told_apart():
    over = replace(facts(State.AUTHORIZING), until=NOW - timedelta(seconds=1))
    assert "is about to be noticed" in sentence(over)

    overdue = facts(State.AUTHORIZING, version=1, overdue=True)
    assert "the outcome unknown, so that only a reply moves it" in sentence(overdue)


@pytest.mark.parametrize(
    ("state", "version", "asked"),
    [
        (State.AUTHORIZED, LATEST, "it may be asked to capture or cancel"),
        (State.COMPLETED, LATEST, "it may be asked to refund or cancel"),
        (State.AUTHORIZED, 1, "nothing is to be asked of it"),
    ],
)
def test_a_rest_says_what_may_be_asked(state, version, asked):
    assert asked in sentence(facts(state, version))


def test_a_rest_says_what_did_not_happen_and_what_is_disputed():
    money = {"captured": 1000, "refunds": {"re_1": 5}}
    said = sentence(facts(State.COMPLETED, **money, disputed=True, reason=REASON))

    assert "1000 captured and 5 refunded (USD in minor units)" in said
    assert "Your card was declined [card_declined] (Use another; Now)" in said
    assert "the cardholder's bank disputes it" in said


def test_a_refund_that_failed_is_named():
    money = {"captured": 1000, "refunds": {"re_1": 0, "re_2": 5}}
    said = sentence(facts(State.COMPLETED, **money))

    assert "1000 captured and 5 refunded (USD in minor units), and re_1 failed at Stripe" in said


@pytest.mark.parametrize(
    ("captured", "states"),
    [(0, "rejected|canceled|expired"), (1299, "completed|refunded")],
)
def test_what_needs_attention_says_what_to_do_with_what_is_known_of_its_money(captured, states):
    said = sentence(facts(State.NEEDS_ATTENTION, captured=captured, reason=REASON))

    assert "since canceling could not go on: Your card was declined" in said
    assert f"`saga retry o1`, or end it by hand with `saga resolve o1 --as {states} --note" in said
    assert "payment-service has read all of payment_commands[3]" in said


@pytest.mark.parametrize(("state", "version"), of_kind(End))
def test_an_end_says_how_and_why(state, version):
    said = sentence(facts(state, version, reason=REASON))

    assert f"ended {state}, 2026-02-01 11:59:25 UTC, 35 s ago: Your card was declined" in said


def test_a_dead_letter_is_named_with_how_to_see_it_and_how_many_more_there_are():
    letter = LetterOf("payment_commands.dlq", 1, 3, "payload.amount: too odd.")

    said = sentence(replace(facts(State.AUTHORIZED), letters=[letter, letter]))

    assert "payment_commands.dlq/1/3 (payload.amount: too odd), and 1 more: see" in said
    assert "`saga dlq show payment_commands.dlq/1/3`" in said


def test_where_kafka_is_silent_the_sentence_says_so():
    silent = "Kafka could not be asked: no answer within 5 s"

    said = sentence(replace(facts(State.AUTHORIZING), consumers=silent, letters=silent))

    assert f"how far its consumers are is not known, for {silent}" in said
    assert f"whether there are dead letters of it is not known, for {silent}" in said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds, told):
    assert span(timedelta(seconds=seconds)) == told
