"""The identity of messages: derived ids, reserved ids, digests of the content."""

import json
from pathlib import Path

import pytest
from saga_schemas import decode
from saga_schemas.content import content_digest
from saga_schemas.envelope import derived_message_id, reserved_message_id
from saga_schemas.export import file_name
from saga_schemas.topics import MESSAGES, PAYMENT_COMMANDS, TOPICS, USER_EVENTS

GOLDEN = Path(__file__).parent.parent / "golden"
SPECIFIED = (GOLDEN / "specification.user.payment_info_retrieved.json").read_bytes()

each_message = pytest.mark.parametrize("message", MESSAGES, ids=file_name)


def topic_named(message):
    return next(topic for topic in TOPICS if message in topic.messages)


def without_id(message, **payload):
    """Return a golden message as it is written by hand: with the specification's fields only."""
    body = json.loads((GOLDEN / file_name(message)).read_text())
    for name in ("message_id", "causation_id", "version"):
        body.pop(name, None)
    body["payload"] |= payload
    return json.dumps(body).encode()


@each_message
def test_a_message_without_an_id_has_the_same_id_however_it_is_written(message):
    value, topic = without_id(message), topic_named(message)
    body = json.loads(value)
    turned = json.dumps(dict(reversed(body.items())), indent=3, ensure_ascii=False).encode()
    assert decode(topic, value).message_id == decode(topic, turned).message_id


@each_message
def test_every_field_of_a_message_without_an_id_changes_its_id(message):
    value, topic = without_id(message), topic_named(message)
    body = json.loads(value)
    others = [
        body | {"correlation_id": "another"},
        body | {"timestamp": "2031-01-01T00:00:00Z"},
        body | {"source": "another"},
        body | {"payload": body["payload"] | {"added": 1}},
    ]
    ids = {decode(topic, json.dumps(each).encode()).message_id for each in [body, *others]}
    assert len(ids) == 5


def test_two_partial_refunds_two_captures_and_two_cards_are_two_messages_each():
    refunds, captures = PAYMENT_COMMANDS.messages[3], PAYMENT_COMMANDS.messages[1]
    for message, one, other in (
        (refunds, {"refund_id": "r1"}, {"refund_id": "r2"}),
        (captures, {"amount": 100}, {"amount": 200}),
    ):
        values = [without_id(message, **payload) for payload in (one, other)]
        assert len({decode(PAYMENT_COMMANDS, value).message_id for value in values}) == 2


def test_the_message_of_the_specification_keeps_its_id():
    """The id is stored in inboxes: another one would make a redelivered message a new one."""
    expected = "8079485c-89b8-526e-9e52-342262bed9b6"
    assert str(decode(USER_EVENTS, SPECIFIED).message_id) == expected


def test_an_id_that_is_sent_is_kept():
    body = json.loads(SPECIFIED) | {"message_id": "6f1c4b1e-8a53-4f0e-9d0c-2b1f6d1a7c56"}
    message = decode(USER_EVENTS, json.dumps(body).encode())
    assert str(message.message_id) == body["message_id"]


@pytest.mark.parametrize(
    "unknown",
    [b"9" * 4_000, b"-1e999", b"[" * 150 + b"]" * 150, b'"\xf0\x9f\x8d\x95"', b'{"":null}'],
)
def test_an_unknown_field_of_any_kind_can_be_identified(unknown):
    value = SPECIFIED.rstrip()[:-1] + b',"added":' + unknown + b"}"
    first, second = decode(USER_EVENTS, value), decode(USER_EVENTS, value)
    assert first.message_id == second.message_id
    assert content_digest(value) == content_digest(value)


def test_the_digest_covers_type_order_and_payload_only():
    body = json.loads(SPECIFIED)
    again = body | {"timestamp": "2031-01-01T00:00:00Z", "source": "x", "message_id": "y"}
    others = [
        body | {"type": "user.payment_info_failed"},
        body | {"correlation_id": "another"},
        body | {"payload": {}},
    ]
    first, same, *rest = [
        content_digest(json.dumps(each).encode()) for each in [body, again, *others]
    ]
    assert first == same
    assert first not in rest


def test_a_reserved_id_has_version_8_and_depends_on_its_parts_alone():
    one, same, other = (reserved_message_id("deadline", "saga", at) for at in (1, 1, 2))
    assert one == same != other
    assert (one.version, one.variant) == (8, "specified in RFC 4122")
    assert derived_message_id("deadline", "saga", 1).version == 5
