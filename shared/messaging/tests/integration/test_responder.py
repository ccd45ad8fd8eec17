"""The responder on PostgreSQL, with a fake publisher."""

from uuid import UUID

import pytest
from messaging_testing.fakes import FakePublisher
from messaging_testing.messages import command, event, record, records
from messaging_testing.service import messaging
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.responder import Responder
from saga_schemas.topics import USER_COMMANDS, USER_EVENTS
from sqlalchemy import text

pytestmark = pytest.mark.stack


def reply(_, requests):
    return {request.message_id: event(request.correlation_id) for request in requests}


@pytest.fixture
async def publisher():
    return FakePublisher()


@pytest.fixture
def make_responder(database, publisher, make_settings):
    def make(handler=reply) -> Responder:
        settings = make_settings()
        return Responder(
            topic=USER_COMMANDS,
            handler=handler,
            database=database,
            publisher=publisher,
            outbox=Outbox(messaging.outbox, database, publisher, settings),
            dead_letters=DeadLetters("user-service", settings),
        )

    return make


def replies(publisher):
    return [USER_EVENTS.adapter.validate_json(each.value) for each in publisher.records]


async def test_every_request_gets_a_reply_with_its_saga_and_its_cause(make_responder, publisher):
    requests = [command() for _ in range(5)]
    await make_responder().receive(records(*requests))
    assert len(publisher.sent) == 1
    found = {(each.correlation_id, each.causation_id) for each in replies(publisher)}
    assert found == {(each.correlation_id, each.message_id) for each in requests}
    assert [each.key for each in publisher.records] == [
        each.correlation_id.encode() for each in requests
    ]


async def test_a_redelivered_request_gets_a_reply_with_the_same_message_id(
    make_responder, publisher
):
    request = command(message_id=UUID(int=7))
    for _ in range(2):
        await make_responder().receive(records(request))
    first, second = replies(publisher)
    assert first.message_id == second.message_id
    assert first.message_id != request.message_id


async def test_two_requests_of_one_saga_get_two_replies(make_responder, publisher):
    await make_responder().receive(records(command("saga"), command("saga")))
    first, second = replies(publisher)
    assert first.message_id != second.message_id


async def test_a_poison_message_is_stored_as_a_dead_letter_and_the_replies_are_published(
    make_responder, publisher, database
):
    await make_responder().receive([record(b"poison"), *records(command(), offset=1)])
    assert [each.topic for each in publisher.records] == ["user_events"]
    query = text("SELECT topic FROM outbox")
    stored = await database.transaction(lambda connection: connection.scalars(query).all())
    assert stored == ["user_commands.dlq"]


async def test_an_error_of_the_handler_is_raised_and_nothing_is_published(
    make_responder, publisher
):
    with pytest.raises(KeyError):
        await make_responder(lambda *_: {}).receive(records(command()))
    assert not publisher.sent
