import json
from pathlib import Path

import jsonschema
import pytest
from saga_schemas import InvalidMessage, decode, encode
from saga_schemas.export import file_name, json_schema
from saga_schemas.topics import (
    MESSAGES,
    PAYMENT_COMMANDS,
    TOPICS,
    USER_EVENTS,
    key_of,
    topic_of,
)

FOLDER = Path(__file__).parent.parent
SPECIFIED_MESSAGE = (FOLDER / "golden/specification.user.payment_info_retrieved.json").read_bytes()

each_message = pytest.mark.parametrize("message", MESSAGES, ids=file_name)


def golden(message):
    return (FOLDER / "golden" / file_name(message)).read_bytes()


def topic_named(message):
    return next(topic for topic in TOPICS if message in topic.messages)


@each_message
def test_a_golden_message_is_read_and_written_unchanged(message):
    read = decode(topic_named(message), golden(message))
    assert type(read) is message
    assert json.loads(encode(read)) == json.loads(golden(message))


@each_message
def test_the_committed_json_schema_equals_the_models_schema(message):
    # A failure means that the wire format has changed. An optional field may be added: then run
    # `python -m saga_schemas.export shared/schemas/json_schema` and extend the golden message.
    # Any other change needs a new version of the message, in addition to the old one.
    assert (FOLDER / "json_schema" / file_name(message)).read_text() == json_schema(message)


@each_message
def test_a_golden_message_is_valid_by_its_json_schema(message):
    jsonschema.validate(json.loads(golden(message)), json.loads(json_schema(message)))


def test_every_file_belongs_to_a_message():
    known = {file_name(message) for message in MESSAGES}
    assert {path.name for path in (FOLDER / "json_schema").iterdir()} == known
    specified = {"specification.user.payment_info_retrieved.json"}
    assert {path.name for path in (FOLDER / "golden").iterdir()} == known | specified


def test_the_message_of_the_specification_is_decoded():
    message = decode(USER_EVENTS, SPECIFIED_MESSAGE)
    assert message.payload.customer.stripe_customer_id == "<stripe_customer_id>"
    assert message.payload.customer.user_stripe_card.payment_method_id == "<payment_method_id>"
    assert message.payload.order.amount == 1299
    assert message.payload.order.currency == "usd"
    assert message.version == 1


def test_encoded_messages_have_every_field_of_the_specification():
    shown, ours = (
        json.loads(SPECIFIED_MESSAGE),
        json.loads(encode(decode(USER_EVENTS, SPECIFIED_MESSAGE))),
    )

    def missing(shown, ours, path=""):
        for name, value in shown.items():
            if name not in ours:
                yield f"{path}{name}"
            elif isinstance(value, dict):
                yield from missing(value, ours[name], f"{path}{name}.")

    assert list(missing(shown, ours)) == []


def test_a_message_without_an_id_gets_the_same_id_each_time():
    first, second = decode(USER_EVENTS, SPECIFIED_MESSAGE), decode(USER_EVENTS, SPECIFIED_MESSAGE)
    assert first.message_id == second.message_id


def test_messages_without_an_id_of_two_sagas_get_different_ids():
    other = SPECIFIED_MESSAGE.replace(b"<saga_id>", b"another saga")
    ids = {decode(USER_EVENTS, value).message_id for value in (SPECIFIED_MESSAGE, other)}
    assert len(ids) == 2


def test_an_empty_card_object_means_no_card():
    message = json.loads(SPECIFIED_MESSAGE)
    message["payload"]["customer"]["userStripeCard"] = {}
    read = decode(USER_EVENTS, json.dumps(message).encode())
    assert read.payload.customer.user_stripe_card is None


def test_unknown_fields_are_ignored_everywhere():
    message = json.loads(golden(PAYMENT_COMMANDS.messages[0]))
    message["novelty"] = message["payload"]["novelty"] = 1
    message["payload"]["customer"]["novelty"] = message["payload"]["order"]["novelty"] = 1
    decode(PAYMENT_COMMANDS, json.dumps(message).encode())


@each_message
def test_the_key_is_the_saga_id_and_each_message_has_one_topic(message):
    read = decode(topic_named(message), golden(message))
    assert key_of(read) == read.correlation_id.encode()
    assert topic_of(read) is topic_named(message)


def changed(path, value):
    message = json.loads(SPECIFIED_MESSAGE)
    part = message
    *parents, last = path.split(".")
    for name in parents:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", ...),
        ("type", "user.unheard_of"),
        ("type", 7),
        ("correlation_id", ...),
        ("correlation_id", ""),
        ("correlation_id", "x" * 256),
        ("correlation_id", "nul\0"),
        ("timestamp", ...),
        ("timestamp", "yesterday"),
        ("timestamp", "2025-03-31T10:30:00"),
        ("timestamp", "9999-12-31T23:59:59-12:00"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
        ("version", 2),
        ("message_id", "no uuid"),
        ("source", ...),
        ("source", "nul\0"),
        ("source", "x" * 501),
        ("payload", ...),
        ("payload.order.amount", ...),
        ("payload.order.amount", 0),
        ("payload.order.amount", -5),
        ("payload.order.amount", 12.99),
        ("payload.order.amount", "1299"),
        ("payload.order.amount", True),
        ("payload.order.amount", 100_000_000),
        ("payload.order.currency", "credits"),
        ("payload.order.description", "nul\0"),
        ("payload.customer.clerkUserId", ...),
        ("payload.customer.stripeCustomerId", None),
        ("payload.customer.userStripeCard", ...),
        ("payload.customer.userStripeCard.payment_method_id", ...),
        ("payload.attempt", 0),
    ],
)
def test_an_invalid_or_missing_field_is_named(field, value):
    with pytest.raises(InvalidMessage) as error:
        decode(USER_EVENTS, changed(field, value))
    assert list(error.value.fields) == [field]
    assert field in str(error.value)


@each_message
@pytest.mark.parametrize("field", ["type", "correlation_id", "timestamp", "payload", "source"])
def test_every_field_of_the_specification_is_required_in_every_message(message, field):
    body = json.loads(golden(message))
    del body[field]
    with pytest.raises(InvalidMessage) as error:
        decode(topic_named(message), json.dumps(body).encode())
    assert list(error.value.fields) == [field]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 10_000,
        b"\0" * 1_000_000,
    ],
    ids=lambda value: repr(value[:8]),
)
def test_invalid_bytes_raise_only_invalid_message(value):
    with pytest.raises(InvalidMessage):
        decode(USER_EVENTS, value)


def test_a_time_of_another_zone_is_converted_to_utc():
    message = decode(USER_EVENTS, changed("timestamp", "2025-03-31T12:30:00+02:00"))
    assert message.timestamp.isoformat() == "2025-03-31T10:30:00+00:00"


def test_an_upper_case_currency_is_converted_to_lower_case():
    message = decode(USER_EVENTS, changed("payload.order.currency", "EUR"))
    assert message.payload.order.currency == "eur"


def test_topics_and_their_messages_are_the_contract():
    assert {
        topic.name: [model.model_fields["type"].default for model in topic.messages]
        for topic in TOPICS
    } == {
        "user_commands": ["retrieve_payment_info"],
        "user_events": ["user.payment_info_retrieved", "user.payment_info_failed"],
        "payment_commands": [
            "authorize_payment",
            "capture_payment",
            "cancel_payment",
            "refund_payment",
        ],
        "payment_events": [
            "payment.authorized",
            "payment.failed",
            "payment.captured",
            "payment.capture_failed",
            "payment.canceled",
            "payment.cancel_failed",
            "payment.refunded",
            "payment.refund_failed",
            "payment.authorization_expired",
            "payment.disputed",
        ],
        "order_events": [
            "order.authorized",
            "order.rejected",
            "order.completed",
            "order.refunded",
            "order.canceled",
            "order.expired",
            "order.needs_attention",
        ],
    }


@pytest.mark.parametrize("message", PAYMENT_COMMANDS.messages, ids=file_name)
def test_a_command_without_a_timeout_is_read_and_written_unchanged(message):
    older = json.loads(golden(message))
    del older["timeout_seconds"]

    read = decode(PAYMENT_COMMANDS, json.dumps(older).encode())

    assert (read.timeout_seconds, read.remaining_seconds) == (None, None)
    assert json.loads(encode(read)) == older


@pytest.mark.parametrize("seconds", [0, -1, 604_801, "soon", True])
def test_an_invalid_timeout_is_named(seconds):
    body = {**json.loads(golden(PAYMENT_COMMANDS.messages[0])), "timeout_seconds": seconds}

    with pytest.raises(InvalidMessage) as raised:
        decode(PAYMENT_COMMANDS, json.dumps(body).encode())

    assert list(raised.value.fields) == ["timeout_seconds"]


def test_the_time_that_a_command_waited_is_taken_from_its_timeout():
    read = decode(PAYMENT_COMMANDS, golden(PAYMENT_COMMANDS.messages[0]))
    assert read.remaining_seconds == 60

    read.received_at_age(70)
    assert read.remaining_seconds == -10

    read.received_at_age(-3)  # the publisher's clock is ahead
    assert read.remaining_seconds == 60
