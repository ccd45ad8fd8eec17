"""Messages exactly as the specification shows them, sent to the real topics."""

import asyncio
import json
import uuid

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from saga_schemas import decode
from saga_schemas.topics import USER_EVENTS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from support.http import HTTP
from support.orders import get_order, post_order, wait_for_outcome
from support.polling import eventually
from support.stripe_account import stripe_client_of

pytestmark = pytest.mark.stack

USER = "user_by_hand"
SPECIFIED = """{
  "type": "user.payment_info_retrieved",
  "correlation_id": "<saga_id>",
  "timestamp": "2025-03-31T10:30:00Z",
  "payload": {
    "customer": {
      "clerkUserId": "<clerk_user_id>",
      "stripeCustomerId": "<stripe_customer_id>",
      "userStripeCard": {
        "payment_method_id": "<payment_method_id>",
        "card_type": "visa",
        "last_four": "4242"
      }
    },
    "order": {
      "amount": 1299,
      "description": "Food delivery order"
    }
  },
  "source": "user-service"
}"""


@pytest.fixture(scope="module")
def without_user_service(own_stack):
    own_stack.stop("user")
    yield own_stack
    own_stack.start("user")


def send(stack, topic, value, key, **options):
    async def main():
        producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, **options)
        await producer.start()
        await producer.send_and_wait(stack.settings.topic_prefix + topic, value, key=key)
        await producer.stop()

    asyncio.run(main())


def specified_message(saga, stripe_customer):
    return (
        SPECIFIED.replace("<saga_id>", saga)
        .replace("<clerk_user_id>", USER)
        .replace("<stripe_customer_id>", stripe_customer)
        .replace("<payment_method_id>", "pm_card_visa")
        .encode()
    )


def new_customer(stack):
    return stripe_client_of(stack).v1.customers.create().id


def test_specified_message_authorizes_the_order(without_user_service):
    stack = without_user_service
    saga = post_order(stack, USER)
    send(stack, "user_events", specified_message(saga, new_customer(stack)), saga.encode())
    order = wait_for_outcome(stack, saga)
    assert order["state"] == "authorized", order
    assert order["payment_intent_id"].startswith("pi_")


def test_duplicate_message_has_one_effect(without_user_service):
    stack = without_user_service
    saga = post_order(stack, USER)
    message = specified_message(saga, new_customer(stack))
    for _ in range(2):
        send(stack, "user_events", message, saga.encode())
    order = wait_for_outcome(stack, saga)
    received = [entry["type"] for entry in order["history"] if entry["direction"] == "in"]
    assert received == ["place_order", "user.payment_info_retrieved", "payment.authorized"]


def test_authorize_payment_sent_by_hand_is_handled(without_user_service):
    stack = without_user_service
    saga = str(uuid.uuid4())
    event = decode(USER_EVENTS, specified_message(saga, new_customer(stack)))
    command = json.loads(specified_message(saga, event.payload.customer.stripe_customer_id))
    command |= {"type": "authorize_payment", "source": "by-hand"}
    send(stack, "payment_commands", json.dumps(command).encode(), saga.encode())
    url = f"{stack.payments_url}/payments/{saga}"
    payment = eventually(
        lambda: HTTP.get(url).json(), lambda seen: seen.get("status") not in (404, "pending")
    )
    assert payment["status"] == "authorized", payment


def authorize_payment(saga, customer):
    command = json.loads(specified_message(saga, customer))
    return json.dumps(command | {"type": "authorize_payment", "source": "by-hand"}).encode()


async def send_in_transactions(stack, records):
    """Send each record in a transaction of its own, which is committed or aborted."""
    topic = stack.settings.topic_prefix + "payment_commands"
    options = {"bootstrap_servers": stack.kafka_bootstrap, "transactional_id": uuid.uuid4().hex}
    async with AIOKafkaProducer(**options) as producer:
        for value, key, commits in records:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value, key=key)
            await (producer.commit_transaction if commits else producer.abort_transaction)()


def test_an_aborted_authorize_payment_holds_nothing(without_user_service):
    stack = without_user_service
    customer, (aborted, committed) = new_customer(stack), (str(uuid.uuid4()), str(uuid.uuid4()))
    partition = DefaultPartitioner()(aborted.encode(), list(range(8)), list(range(8)))
    while DefaultPartitioner()(committed.encode(), list(range(8)), list(range(8))) != partition:
        committed = str(uuid.uuid4())  # behind the aborted command
    records = [
        (authorize_payment(saga, customer), saga.encode(), saga == committed)
        for saga in (aborted, committed)
    ]
    asyncio.run(send_in_transactions(stack, records))
    url = f"{stack.payments_url}/payments"
    payment = eventually(
        lambda: HTTP.get(f"{url}/{committed}").json(),
        lambda seen: seen.get("status") not in (404, "pending"),
    )
    assert payment["status"] == "authorized", payment
    assert HTTP.get(f"{url}/{aborted}").status_code == 404


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_compressed_reply_authorizes_the_order(without_user_service, codec):
    stack = without_user_service
    saga = post_order(stack, USER)
    message = specified_message(saga, new_customer(stack))
    send(stack, "user_events", message + b" " * 1_000, saga.encode(), compression_type=codec)
    order = wait_for_outcome(stack, saga)
    assert order["state"] == "authorized", order


def test_invalid_bytes_become_a_dead_letter_and_the_partition_goes_on(without_user_service):
    stack = without_user_service
    saga = post_order(stack, USER)
    send(stack, "user_events", b"\xff\x00 no message", saga.encode())
    send(stack, "user_events", specified_message(saga, new_customer(stack)), saga.encode())
    order = wait_for_outcome(stack, saga)
    assert order["state"] == "authorized", order
    dead_letters = [entry for entry in order["history"] if entry["type"] == "dead-letter"]
    assert [entry["note"] for entry in dead_letters] == ["to user_events.dlq"]


@pytest.fixture
def order_saga_settings(stack_folder):
    """Return the settings of a stack without the other services, with a timeout of a second."""
    return StackSettings(
        data_dir=stack_folder,
        services=("order_saga",),
        service_env={"PAYMENT_INFO_TIMEOUT_SECONDS": "1"},
    )


@pytest.mark.embedded
def test_order_is_rejected_when_the_user_service_does_not_answer(order_saga_settings):
    with Stack(order_saga_settings) as stack:
        saga = post_order(stack, USER)
        assert get_order(stack, saga)["deadline_at"]
        order = wait_for_outcome(stack, saga)
    assert order["state"] == "rejected"
    assert order["reason"]["code"] == "payment_info_timeout"


@pytest.mark.embedded
def test_orders_are_accepted_when_kafka_is_down_from_the_start(order_saga_settings):
    with Stack(order_saga_settings) as stack:
        stack.kill("order_saga")
        stack.kill("kafka")
        stack.components["order_saga"].launch()
        saga = post_order(stack, USER)
        ready = httpx.get(f"{stack.orders_url}/readyz")
        stack.start("kafka")
        order = wait_for_outcome(stack, saga)
    assert (ready.status_code, ready.json()["database"]) == (503, "ok")
    assert order["reason"]["code"] == "payment_info_timeout"
    (command,) = [entry for entry in order["history"] if entry["type"] == "retrieve_payment_info"]
    assert command["sent_at"]
