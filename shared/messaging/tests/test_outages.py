"""PostgreSQL and Kafka stopped, stalled and killed under a running process."""

import time
from collections.abc import Iterator

import psutil
import pytest
from messaging_testing.messages import command
from messaging_testing.world import World
from saga_messaging.consumer import EXIT_CODE
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def here(make_world, own_kafka, own_postgres) -> Iterator[World]:
    """A world on servers of its own; they are put right afterwards."""
    database = f"w{time.monotonic_ns()}"
    yield make_world(own_kafka.bootstrap_servers, own_postgres.create_database(database))
    own_kafka.resume()
    own_kafka.start()


def await_not_ready(process, check: str) -> None:
    def missing() -> str | None:
        status, body = process.answer()
        return None if status == 503 and body[check] != "ok" else f"{status} {body}"

    wait_while(missing, 20)


def commands(count: int):
    messages = [command(f"saga-{number % 50}") for number in range(count)]
    return messages, {message.message_id for message in messages}


def stay(process, seconds: float) -> None:
    """Until that much time has passed; the process must live through it."""
    end = time.monotonic() + seconds

    def missing() -> str | None:
        process.require_running()
        return None if time.monotonic() > end else "time"

    wait_while(missing, seconds + 5)


def test_while_postgresql_is_away_the_partition_waits_and_readiness_says_so(here, own_postgres):
    process = here.start()
    messages, ids = commands(1_500)
    here.send(messages[:500])
    here.await_number(here.handled, 1)
    own_postgres.stop()
    here.send(messages[500:])
    await_not_ready(process, "database")
    own_postgres.start()
    here.await_rest(len(ids))
    process.await_ready()
    own_postgres.kill()
    own_postgres.start()
    last, more = commands(10)
    here.send(last)
    here.await_rest(len(ids | more))
    process.require_running()
    here.check_exactly_once(ids | more)


def test_a_broker_that_stalls_or_is_killed_loses_nothing(here, own_kafka):
    process = here.start()
    messages, ids = commands(1_500)
    here.send(messages[:500])
    here.await_number(here.handled, 1)
    own_kafka.pause()
    await_not_ready(process, "kafka")
    stay(process, 4)  # twice the request timeout
    own_kafka.resume()
    here.send(messages[500:])
    here.await_number(here.handled, 600)
    own_kafka.kill()
    await_not_ready(process, "kafka")
    own_kafka.start()
    here.await_rest(len(ids))
    process.await_ready()
    here.check_exactly_once(ids)


def test_told_to_stop_while_kafka_stalls_it_ends_in_bounded_time(here, own_kafka):
    process = here.start(stop_timeout_seconds="10")
    process.await_ready()
    own_kafka.pause()
    process.ask_to_stop()
    assert process.await_end(15) in {0, EXIT_CODE}


def test_told_to_stop_while_postgresql_is_away_it_ends_in_bounded_time_and_acks_nothing(
    here, own_postgres
):
    process = here.start(stop_timeout_seconds="4")
    process.await_ready()
    own_postgres.stop()
    messages, ids = commands(5)
    here.send(messages)
    await_not_ready(process, "database")
    process.ask_to_stop()
    assert process.await_end(10) == EXIT_CODE
    assert here.acked() == 0
    own_postgres.start()
    here.start()
    here.await_rest(5)
    here.check_exactly_once(ids)


def test_told_to_stop_while_postgresql_hangs_it_ends_in_bounded_time(here, own_postgres):
    process = here.start(stop_timeout_seconds="4")
    process.await_ready()
    server = psutil.Process(own_postgres.child.pid)
    family = [server, *server.children(recursive=True)]
    for member in family:
        member.suspend()
    try:
        await_not_ready(process, "database")
        process.ask_to_stop()
        assert process.await_end(10) == EXIT_CODE
    finally:
        for member in family:
            member.resume()
