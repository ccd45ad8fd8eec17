"""A running process that stops to consume: it says so, and ends itself."""

import pytest
from messaging_testing.messages import command
from saga_messaging.termination import EXIT_CODE
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]

QUICK = {"consumer_stall_seconds": "2", "consumer_restart_seconds": "4"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("aiokafka_fetcher", "the fetcher has ended: "),
        ("faust_fetcher", "no messages were asked for"),
    ],
)
def test_a_deaf_process_is_not_ready_and_ends(system, fault, reason):
    process = system.start(deaf=fault, **QUICK)
    process.await_ready()
    first = command("saga")
    system.send([first])  # the fault occurs once a message was handled
    system.await_rest(1)
    second = command("saga")
    system.send([second])
    wait_while(lambda: f"{found}" if reason not in str(found := process.get()) else None, 60)
    assert process.await_end() == EXIT_CODE
    assert "consumer_stalled" in process.log_tail(300)
    system.start().await_ready()
    system.await_rest(2)
    system.check_exactly_once({first.message_id, second.message_id})


def test_a_process_whose_reader_ends_ends_too(system):
    process = system.start(deaf="reader")
    process.await_ready()
    message = command("saga")
    system.send([message])
    system.await_rest(1)
    assert process.await_end() == EXIT_CODE
    assert "stream_reader_ended" in process.log_tail(300)
