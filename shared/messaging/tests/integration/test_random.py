"""Two processes of one group, killed, stopped and restarted at random under load."""

import random
import time

import pytest
from messaging_testing.messages import command
from messaging_testing.system import System
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

MESSAGES = 4_000
FAULTS_SECONDS = 12
REST_SECONDS = 60


def test_random_kills_stops_and_rebalances_neither_lose_nor_duplicate_effects(
    system: System, record_property
):
    seed = random.randrange(2**32)
    record_property("seed", seed)
    chance = random.Random(seed)
    messages = [command(f"saga-{number % 300}") for number in range(MESSAGES)]
    left = messages[:]
    processes = [system.start(), system.start()]
    begun = time.monotonic()
    while left or time.monotonic() < begun + FAULTS_SECONDS:
        size = chance.randint(50, 600)
        system.send(left[:size] + chance.sample(messages, 20))  # some of them duplicates
        del left[:size]
        handled = system.handled() + chance.randint(1, size)
        _await_handled(system, min(handled, MESSAGES - len(left)), chance.uniform(0.5, 4))
        victim = chance.choice(processes)
        chance.choice([victim.kill, victim.ask_to_stop])()
        if victim.running:
            victim.await_end()
        victim.start()
    try:
        system.await_rest(MESSAGES, REST_SECONDS)
        system.check_exactly_once({message.message_id for message in messages})
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error}") from error


def _await_handled(system: System, wanted: int, seconds: float) -> None:
    """Wait for the count or the time, whichever is first."""
    end = time.monotonic() + seconds
    wait_while(
        lambda: None if system.handled() >= wanted or time.monotonic() > end else "no progress", 30
    )
