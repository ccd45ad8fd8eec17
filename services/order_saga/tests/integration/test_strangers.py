"""Messages of others: orders that are not ours, ids that are taken, senders that may not send."""

import json
from uuid import UUID

import pytest
import structlog
from order_saga.runtime.agents import reply_intakes
from order_saga.runtime.repository import SqlSagas
from saga_messaging.kafka.records import Record
from saga_schemas.codec import encode
from saga_schemas.envelope import derived_message_id
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS, topic_of
from saga_testing.messages import Messages

pytestmark = pytest.mark.stack

AT_ONCE = 0.000001


@pytest.fixture
def orders(replica_with):
    return replica_with(dead_letter_limit=100)


@pytest.fixture
def receive(orders):
    """Take in raw values as the consumers do; each call is one batch of a topic."""
    intakes = reply_intakes(orders.definitions, orders.database, orders.outbox, orders.settings)
    by_topic = {intake.topic: intake for intake in intakes}
    offset = iter(range(1_000_000))

    async def receive(topic, *values):
        await by_topic[topic].receive(
            [Record(topic.name, 0, next(offset), b"key", value) for value in values]
        )

    return receive


@pytest.fixture
async def placed(orders):
    """An order, and a maker of messages about it."""
    order_id = (await orders.place()).json()["id"]
    return Messages(order_id)


def written_by_hand(message, **changes):
    """Return a message as written by hand: with the specification's five fields only."""
    body = json.loads(encode(message))
    five = {name: body[name] for name in ("type", "correlation_id", "payload", "source")}
    five["timestamp"] = "2026-11-28T10:00:00Z"
    return json.dumps(five | changes).encode()


async def history(orders, order_id):
    return [(entry["type"], entry["note"]) for entry in (await orders.show(order_id))["history"]]


async def dead_letters(orders):
    query = "SELECT headers ->> 'dead-letter-reason' FROM outbox WHERE type = 'dead-letter'"
    return [row[0] for row in await orders.rows(f"{query} ORDER BY created_at")]


async def test_150_replies_about_orders_of_others_are_ignored_with_a_line_in_the_log(
    orders, receive, placed
):
    strangers = [encode(Messages().payment_authorized()) for _ in range(150)]

    with structlog.testing.capture_logs() as logs:
        await receive(PAYMENT_EVENTS, *strangers)
    await receive(USER_EVENTS, encode(placed.info_retrieved()))

    ignored = [line for line in logs if line["event"] == "message_ignored"]
    assert len(ignored) == 150
    assert ignored[0]["reason"].startswith("correlation_id: there is no order ")
    assert await dead_letters(orders) == []
    assert (await orders.show(placed.saga_id))["state"] == "authorizing"


async def test_a_participant_that_takes_the_id_of_a_deadline_does_not_stop_the_deadline(
    replica_with, receive
):
    orders = replica_with(payment_info_timeout_seconds=AT_ONCE)
    order_id = (await orders.place()).json()["id"]
    await orders.sent()
    (deadline,) = await orders.database.transaction(
        lambda connection: SqlSagas(connection, orders.definitions.by_version).due(10)
    )
    old = derived_message_id(order_id, "retrieving_payment_info", 1, "deadline")
    ids = {deadline.message_id, old}
    forged = [
        encode(Messages(order_id).of("payment.disputed").model_copy(update={"message_id": id_}))
        for id_ in ids
    ]
    await receive(PAYMENT_EVENTS, *forged)

    assert await orders.timers.fire_due() == 1

    assert (await orders.show(order_id))["state"] == "rejected"


async def test_a_participant_that_takes_the_id_of_a_reply_does_not_have_it_dropped(
    orders, receive, placed
):
    await receive(USER_EVENTS, encode(placed.info_retrieved()))
    command = derived_message_id(placed.saga_id, "authorizing", 1)
    reply_id = derived_message_id("reply", command)  # as the payment service derives it
    forged = placed.info_retrieved().model_copy(update={"message_id": reply_id})
    reply = placed.payment_authorized().model_copy(update={"message_id": reply_id})

    await receive(USER_EVENTS, encode(forged))
    await receive(PAYMENT_EVENTS, encode(reply))
    await receive(PAYMENT_EVENTS, encode(reply))

    order = await orders.show(placed.saga_id)
    assert order["state"] == "authorized"
    assert [entry["type"] for entry in order["history"]].count("payment.authorized") == 1
    assert await dead_letters(orders) == []


@pytest.mark.parametrize("version", range(1, 9))
async def test_an_id_of_any_version_is_accepted_once_on_each_topic(
    orders, receive, placed, version
):
    number = UUID(int=(0xABCD << 64 | version << 76 | 0x2 << 62 | 7))
    reply = placed.info_retrieved().model_copy(update={"message_id": number})
    other = placed.payment_authorized().model_copy(update={"message_id": number})

    for _ in range(2):
        await receive(USER_EVENTS, encode(reply))
        await receive(PAYMENT_EVENTS, encode(other))

    types = [type_ for type_, note in await history(orders, placed.saga_id) if "->" in note]
    assert types == ["place_order", "user.payment_info_retrieved", "payment.authorized"]


async def test_a_forged_id_of_an_operators_action_is_refused_by_no_error(orders, receive, placed):
    key = "refund-1"
    taken = derived_message_id(placed.saga_id, "cancel_requested", key)
    forged = placed.of("payment.disputed").model_copy(update={"message_id": taken})
    await receive(PAYMENT_EVENTS, encode(forged))

    response = await orders.request(placed.saga_id, "cancel", key=key)
    again = await orders.request(placed.saga_id, "cancel", key="another")

    assert response.status_code == 422
    assert "use a new key" in response.json()["detail"]
    assert again.status_code == 202


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("info_retrieved", "clerkUserId: the reply is for user user_2, the order is for user_1"),
        ("info_failed", "clerkUserId: the reply is for user user_2, the order is for user_1"),
    ],
)
async def test_an_answer_for_another_user_is_a_dead_letter(orders, receive, placed, reply, reason):
    other = Messages(placed.saga_id, clerk_user_id="user_2")
    message = getattr(other, reply)()
    if reply == "info_failed":
        payload = message.payload.model_copy(update={"clerk_user_id": "user_2"})
        message = message.model_copy(update={"payload": payload})

    await receive(USER_EVENTS, encode(message))

    assert await dead_letters(orders) == [reason]
    assert (await orders.show(placed.saga_id))["state"] == "retrieving_payment_info"


async def test_an_answer_from_another_sender_is_a_dead_letter(orders, receive, placed):
    message = placed.info_retrieved().model_copy(update={"source": "payment-service"})

    await receive(USER_EVENTS, encode(message))

    assert await dead_letters(orders) == [
        "source: 'payment-service' does not send user.payment_info_retrieved; user-service does"
    ]
    assert (await orders.show(placed.saga_id))["state"] == "retrieving_payment_info"


async def test_a_reply_on_the_topic_of_another_participant_is_a_dead_letter(
    orders, receive, placed
):
    await receive(USER_EVENTS, encode(placed.info_retrieved()))

    await receive(USER_EVENTS, encode(placed.payment_authorized()))

    (reason,) = await dead_letters(orders)
    assert reason.startswith("not a valid message of user_events: type")
    assert (await orders.show(placed.saga_id))["state"] == "authorizing"


async def test_two_refunds_written_by_hand_are_two_and_each_counts_once(orders, receive, placed):
    for message in placed.replies_until("authorized"):
        await receive(topic_of(message), encode(message))
    captured = placed.of("payment.captured", attempt=None, amount=1299)
    await receive(PAYMENT_EVENTS, written_by_hand(captured))
    one = placed.of("payment.refunded", attempt=None, stripe_refund_id="re_1", amount=100)
    two = placed.of("payment.refunded", attempt=None, stripe_refund_id="re_2", amount=200)

    for message in (one, two, one, two):
        await receive(PAYMENT_EVENTS, written_by_hand(message))

    order = await orders.show(placed.saga_id)
    assert (order["captured"], order["refunded"]) == (1299, 300)
    assert [entry["type"] for entry in order["history"]].count("payment.refunded") == 2


async def test_the_same_id_with_other_content_is_a_dead_letter_and_a_duplicate_is_logged(
    orders, receive, placed
):
    reply = placed.info_retrieved()
    other = placed.info_failed().model_copy(update={"message_id": reply.message_id})
    await receive(USER_EVENTS, encode(reply))

    with structlog.testing.capture_logs() as logs:
        await receive(USER_EVENTS, encode(reply), encode(other))

    (skipped,) = [line for line in logs if line["event"] == "duplicate_skipped"]
    assert skipped["message_id"] == str(reply.message_id)
    (reason,) = await dead_letters(orders)
    assert reason.startswith(f"message_id: {reply.message_id} was used before by another message")


async def test_a_message_handled_by_the_earlier_release_under_its_old_id_moves_nothing_again(
    orders, receive, placed
):
    """The earlier release derived the id of a message without one from two fields."""
    reply = placed.info_retrieved(attempt=None)
    old_id = derived_message_id(placed.saga_id, reply.type)
    await receive(USER_EVENTS, encode(reply.model_copy(update={"message_id": old_id})))
    await orders.execute("UPDATE inbox SET digest = NULL")
    before = await orders.show(placed.saga_id)

    await receive(USER_EVENTS, written_by_hand(reply))

    after = await orders.show(placed.saga_id)
    assert (after["state"], after["attempt"]) == (before["state"], before["attempt"])
    sent = [entry["type"] for entry in after["history"] if entry["direction"] == "out"]
    assert sent == ["retrieve_payment_info", "authorize_payment"]
