"""Messages written by hand, exactly as the specification shows them, on the real topics."""

import asyncio
import json
import uuid

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from at_stripe import stripe_of
from customers import ended, eventually, order_of, post_order
from saga_schemas import decode
from saga_schemas.topics import USER_EVENTS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

pytestmark = pytest.mark.stack

AS_SPECIFIED = """{
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


def send(stack, topic, value, key):
    async def main():
        producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap)
        await producer.start()
        await producer.send_and_wait(stack.settings.topic_prefix + topic, value, key=key)
        await producer.stop()

    asyncio.run(main())


def customer(stack):
    return stripe_of(stack).v1.customers.create().id


def specified(saga, stripe_customer):
    return (
        AS_SPECIFIED.replace("<saga_id>", saga)
        .replace("<clerk_user_id>", "user_by_hand")
        .replace("<stripe_customer_id>", stripe_customer)
        .replace("<payment_method_id>", "pm_card_visa")
        .encode()
    )


def test_the_specification_s_message_leads_to_a_hold(without_user_service):
    stack = without_user_service
    saga = post_order(stack, "user_by_hand")
    send(stack, "user_events", specified(saga, customer(stack)), saga.encode())
    order = ended(stack, saga)
    assert order["state"] == "authorized", order
    assert order["payment_intent_id"].startswith("pi_")


def test_the_same_message_twice_has_one_effect(without_user_service):
    stack = without_user_service
    saga, message = post_order(stack, "user_by_hand"), None
    message = specified(saga, customer(stack))
    for _ in range(2):
        send(stack, "user_events", message, saga.encode())
    order = ended(stack, saga)
    came = [entry["type"] for entry in order["history"] if entry["direction"] == "in"]
    assert came == ["place_order", "user.payment_info_retrieved", "payment.authorized"]


def test_an_authorize_payment_by_hand_is_answered(without_user_service):
    stack = without_user_service
    saga = str(uuid.uuid4())
    event = decode(USER_EVENTS, specified(saga, customer(stack)))
    command = json.loads(specified(saga, event.payload.customer.stripe_customer_id))
    command |= {"type": "authorize_payment", "source": "by-hand"}
    send(stack, "payment_commands", json.dumps(command).encode(), saga.encode())
    url = f"{stack.payments_url}/payments/{saga}"
    payment = eventually(
        lambda: httpx.get(url).json(), lambda seen: seen.get("status") not in (404, "pending")
    )
    assert payment["status"] == "authorized", payment


def test_bytes_that_are_no_message_do_not_stop_the_partition(without_user_service):
    stack = without_user_service
    saga = post_order(stack, "user_by_hand")
    send(stack, "user_events", b"\xff\x00 no message", saga.encode())
    send(stack, "user_events", specified(saga, customer(stack)), saga.encode())
    order = ended(stack, saga)
    assert order["state"] == "authorized", order
    letters = [entry for entry in order["history"] if entry["type"] == "dead-letter"]
    assert [letter["note"] for letter in letters] == ["to user_events.dlq"]


@pytest.mark.embedded
def test_a_user_service_that_never_answers_rejects_the_order(stack_folder):
    settings = StackSettings(
        data_dir=stack_folder,
        services=("order_saga",),
        service_env={"PAYMENT_INFO_TIMEOUT_SECONDS": "1"},
    )
    with Stack(settings) as stack:
        saga = post_order(stack, "user_by_hand")
        assert order_of(stack, saga)["deadline_at"]
        order = ended(stack, saga)
    assert order["state"] == "rejected"
    assert order["reason"]["code"] == "payment_info_timeout"


@pytest.mark.embedded
def test_orders_are_taken_while_kafka_is_away_from_the_start(stack_folder):
    settings = StackSettings(
        data_dir=stack_folder,
        services=("order_saga",),
        service_env={"PAYMENT_INFO_TIMEOUT_SECONDS": "1"},
    )
    with Stack(settings) as stack:
        stack.kill("order_saga")
        stack.kill("kafka")
        stack.components["order_saga"].launch()
        saga = post_order(stack, "user_by_hand")
        ready = httpx.get(f"{stack.orders_url}/readyz")
        stack.start("kafka")
        order = ended(stack, saga)
    assert (ready.status_code, ready.json()["database"]) == (503, "ok")
    assert order["reason"]["code"] == "payment_info_timeout"
    (question,) = [one for one in order["history"] if one["type"] == "retrieve_payment_info"]
    assert question["sent_at"]
