from typing import Any, cast

from aiokafka.errors import MessageSizeTooLargeError
from messaging_testing.messages import outgoing
from messaging_testing.service import ParticipantSettings
from prometheus_client import REGISTRY
from saga_messaging.delivery.topic_queue import TopicQueue
from saga_messaging.kafka.refusals import Refusal


def test_a_sweep_that_read_before_a_record_was_parked_does_not_uncount_it():
    settings = ParticipantSettings(http_port=1, database_url="postgresql+psycopg2://unused/unused")
    unused = cast("Any", None)
    queue = TopicQueue("a_topic", unused, unused, unused, settings)
    (record,) = outgoing(1)

    queue.begin_sweep()
    queue.know_refusals([Refusal(record, MessageSizeTooLargeError())])
    queue.know_parked(0, set())

    assert queue.parked == 1
    assert REGISTRY.get_sample_value("saga_outbox_parked_records", {"topic": "a_topic"}) == 1
    queue.begin_sweep()
    queue.know_parked(0, set())
    assert queue.parked == 0
    assert REGISTRY.get_sample_value("saga_outbox_parked_records", {"topic": "a_topic"}) == 0
