"""Recorded histories replay on today's code: the same is decided, and the same messages are sent.

Version 1's were recorded by the code that version 1 began with (58094f0), version 2's by d0fac10
and earlier code.
"""

import pytest
from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import definitions
from saga_engine.transitions import edges
from saga_testing.recorded import load, replay, taken

VERSIONS = definitions(Timeouts()).by_version
HISTORIES = [(version, number) for version in VERSIONS for number in range(len(load(version)))]


@pytest.mark.parametrize(("version", "number"), HISTORIES)
def test_a_recorded_history_is_decided_as_it_was(version, number):
    history = load(version)[number]

    outcomes = replay(VERSIONS[version], history)

    for position, (step, today) in enumerate(zip(history["steps"], outcomes, strict=True)):
        assert today == {name: step[name] for name in today}, f"step {position}"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_transition_that_is_declared_is_in_a_recorded_history(version):
    recorded = {edge for history in load(version) for edge in taken(history)}

    assert set(edges(VERSIONS[version])) - recorded == set(), "run: make record"


def test_no_version_repeats_a_history():
    for version in VERSIONS:
        histories = [str(history["steps"]) for history in load(version)]
        assert len(set(histories)) == len(histories)
