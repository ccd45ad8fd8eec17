"""A process in good weather: order, batches, duplicates; and how it stops with work in flight."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest
from messaging_testing.messages import command
from messaging_testing.service import SLOW
from messaging_testing.world import Participant
from saga_messaging import migrations
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_batches_form_under_load_and_each_saga_keeps_its_order_into_kafka(world):
    messages = [command(f"saga-{number % 7}") for number in range(3_000)]
    world.send([*messages, *messages[:500]])  # 500 come twice
    world.start()
    world.await_rest(3_000)
    world.check_exactly_once({message.message_id for message in messages})
    assert world.number("SELECT count(*) FROM batches") < 3_000 / 10
    assert world.number("SELECT max(size) FROM batches") <= 200
    effects, sent = defaultdict(list), defaultdict(list)
    for saga, message_id in world.rows("SELECT correlation_id, message_id FROM effects ORDER BY n"):
        effects[saga].append(message_id)
    for answer in world.answers():
        sent[answer.correlation_id].append(answer.causation_id)
    assert sent == effects
    assert effects["saga-3"] == [each.message_id for each in messages[3::7]]
    world.await_number(world.acked, 3_500)


def test_a_message_in_an_idle_time_goes_alone(world):
    world.start().await_ready()
    for count in range(1, 6):
        world.send([command()])
        world.await_rest(count)
    assert world.rows("SELECT size FROM batches") == [(1,)] * 5


def test_told_to_stop_it_finishes_the_work_in_flight_acks_it_and_exits_clean(world):
    pipe = world.folder / "pipe"
    os.mkfifo(pipe)
    process = world.start(pipe=str(pipe))
    slow = command(user=SLOW)
    world.send([slow])
    writer = open_when_read(pipe, process)
    process.ask_to_stop()
    world.await_number(lambda: process.answer("/healthz")[0] == 0, 1)
    assert process.running
    os.close(writer)
    assert process.await_end() == 0
    assert world.acked() == 1
    world.check_exactly_once({slow.message_id})
    after = command()
    world.send([after])
    world.start()
    world.await_rest(2)
    assert world.rows("SELECT size FROM batches") == [(1,), (1,)]


def open_when_read(pipe: Path, process: Participant) -> int:
    """The pipe's end for writing, once the handler reads from it; it waits until that is closed."""
    opened: list[int] = []

    def missing() -> str | None:
        process.require_running()
        with suppress(OSError):  # nobody reads yet
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return None if opened else "the handler was not reached"

    wait_while(missing, 60)
    return opened[0]


def test_a_process_that_starts_before_its_topics_exist_finds_them(
    make_world, kafka_bootstrap, database_url
):
    world = make_world(kafka_bootstrap, database_url, prepare=False)
    migrations.upgrade("messaging_testing", database_url)
    process = world.start()
    wait_while(lambda: None if process.answer()[0] == 503 else "an answer", 30)
    assert "user_commands is missing: run" in process.answer()[1]["kafka"]
    world.run_migrate()
    message = command()
    world.send([message])
    world.await_rest(1, 60)
