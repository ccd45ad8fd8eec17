"""A process without faults: order, batches, duplicates, shutdown with a batch in progress."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest
from messaging_testing.messages import command
from messaging_testing.service import SLOW
from messaging_testing.system import Participant
from saga_messaging.postgres import migrations
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_batches_form_under_load_and_each_saga_keeps_its_order(system):
    messages = [command(f"saga-{number % 7}") for number in range(3_000)]
    system.send([*messages, *messages[:500]])  # 500 duplicates
    system.start()
    system.await_rest(3_000)
    system.check_exactly_once({message.message_id for message in messages})
    assert system.number("SELECT count(*) FROM batches") < 3_000 / 10
    assert system.number("SELECT max(size) FROM batches") <= 200
    effects, sent = defaultdict(list), defaultdict(list)
    for saga, message_id in system.rows(
        "SELECT correlation_id, message_id FROM effects ORDER BY n"
    ):
        effects[saga].append(message_id)
    for reply in system.replies():
        sent[reply.correlation_id].append(reply.causation_id)
    assert sent == effects
    assert effects["saga-3"] == [each.message_id for each in messages[3::7]]
    system.await_number(system.acked, 3_500)


def test_a_message_to_an_idle_process_is_a_batch_of_one(system):
    system.start().await_ready()
    for count in range(1, 6):
        system.send([command()])
        system.await_rest(count)
    assert system.rows("SELECT size FROM batches") == [(1,)] * 5


def test_shutdown_finishes_and_acks_the_batch_in_progress(system):
    pipe = system.folder / "pipe"
    os.mkfifo(pipe)
    process = system.start(pipe=str(pipe))
    slow = command(user=SLOW)
    system.send([slow])
    writer = open_when_read(pipe, process)
    process.ask_to_stop()
    system.await_number(lambda: process.get("/healthz")[0] == 0, 1)
    assert process.running
    os.close(writer)
    assert process.await_end() == 0
    assert system.acked() == 1
    system.check_exactly_once({slow.message_id})
    after = command()
    system.send([after])
    system.start()
    system.await_rest(2)
    assert system.rows("SELECT size FROM batches") == [(1,), (1,)]


def open_when_read(pipe: Path, process: Participant) -> int:
    """Open the pipe for writing once the handler reads; the handler waits until it is closed."""
    opened: list[int] = []

    def missing() -> str | None:
        process.require_running()
        with suppress(OSError):  # not opened for reading yet
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return None if opened else "the handler was not reached"

    wait_while(missing, 60)
    return opened[0]


def test_a_process_started_before_its_topics_exist_finds_them(
    make_system, kafka_bootstrap, database_url
):
    system = make_system(kafka_bootstrap, database_url, prepare=False)
    migrations.upgrade("messaging_testing", database_url)
    process = system.start()
    wait_while(lambda: None if process.get()[0] == 503 else "a response", 60)
    assert "user_commands is missing: run" in process.get()[1]["kafka"]
    system.run_migrate()
    message = command()
    system.send([message])
    system.await_rest(1, 60)
