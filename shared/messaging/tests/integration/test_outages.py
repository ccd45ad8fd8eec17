"""A running process while PostgreSQL and Kafka are stopped, stalled and killed."""

import time
from collections.abc import Iterator

import psutil
import pytest
from messaging_testing.messages import command
from messaging_testing.system import System
from saga_messaging.termination import EXIT_CODE
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def own_system(make_system, own_kafka, own_postgres) -> Iterator[System]:
    """A system on servers of its own, which are restored afterwards."""
    database = f"w{time.monotonic_ns()}"
    yield make_system(own_kafka.bootstrap_servers, own_postgres.create_database(database))
    own_kafka.resume()
    own_kafka.start()


def await_not_ready(process, check: str) -> None:
    def missing() -> str | None:
        status, body = process.get()
        return None if status == 503 and body[check] != "ok" else f"{status} {body}"

    wait_while(missing, 20)


def commands(count: int):
    messages = [command(f"saga-{number % 50}") for number in range(count)]
    return messages, {message.message_id for message in messages}


def keep_running(process, seconds: float) -> None:
    """Wait for that time; the process must keep running."""
    end = time.monotonic() + seconds

    def missing() -> str | None:
        process.require_running()
        return None if time.monotonic() > end else "time"

    wait_while(missing, seconds + 5)


def test_while_postgresql_is_unavailable_the_partition_waits_and_readiness_fails(
    own_system, own_postgres
):
    process = own_system.start()
    messages, ids = commands(1_500)
    own_system.send(messages[:500])
    own_system.await_number(own_system.handled, 1)
    own_postgres.stop()
    own_system.send(messages[500:])
    await_not_ready(process, "database")
    own_postgres.start()
    own_system.await_rest(len(ids))
    process.await_ready()
    own_postgres.kill()
    own_postgres.start()
    last, more = commands(10)
    own_system.send(last)
    own_system.await_rest(len(ids | more))
    process.require_running()
    own_system.check_exactly_once(ids | more)


def test_a_stalled_or_killed_broker_loses_no_message(own_system, own_kafka):
    process = own_system.start()
    messages, ids = commands(1_500)
    own_system.send(messages[:500])
    own_system.await_number(own_system.handled, 1)
    own_kafka.pause()
    await_not_ready(process, "kafka")
    keep_running(process, 4)  # twice the request timeout
    own_kafka.resume()
    own_system.send(messages[500:])
    own_system.await_number(own_system.handled, 600)
    own_kafka.kill()
    await_not_ready(process, "kafka")
    own_kafka.start()
    own_system.await_rest(len(ids))
    process.await_ready()
    own_system.check_exactly_once(ids)


def test_shutdown_is_bounded_while_kafka_stalls(own_system, own_kafka):
    process = own_system.start(stop_timeout_seconds="10")
    process.await_ready()
    own_kafka.pause()
    process.ask_to_stop()
    assert process.await_end(15) in {0, EXIT_CODE}


def test_shutdown_is_bounded_and_acks_nothing_while_postgresql_is_unavailable(
    own_system, own_postgres
):
    process = own_system.start(stop_timeout_seconds="4")
    process.await_ready()
    own_postgres.stop()
    messages, ids = commands(5)
    own_system.send(messages)
    await_not_ready(process, "database")
    process.ask_to_stop()
    assert process.await_end(10) == EXIT_CODE
    assert own_system.acked() == 0
    own_postgres.start()
    own_system.start()
    own_system.await_rest(5)
    own_system.check_exactly_once(ids)


def test_shutdown_is_bounded_while_postgresql_hangs(own_system, own_postgres):
    process = own_system.start(stop_timeout_seconds="4")
    process.await_ready()
    server = psutil.Process(own_postgres.child.pid)
    processes = [server, *server.children(recursive=True)]
    for each in processes:
        each.suspend()
    try:
        await_not_ready(process, "database")
        process.ask_to_stop()
        assert process.await_end(10) == EXIT_CODE
    finally:
        for each in processes:
            each.resume()
