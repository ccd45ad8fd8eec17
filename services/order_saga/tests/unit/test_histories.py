"""100,000 random histories of the real `decide` among services that fail in every way.

Each is named by its seed and number, and fails again wherever it is run. 35 s of one core.
"""

from collections import Counter
from functools import cache

import pytest
from order_saga.create_order.versions import definitions
from saga_engine.transitions import edges
from saga_testing.histories import QUICK, counted, run

HISTORIES_OF_A_SEED = 10_000
SEEDS = range(1, 11)
VERSIONS = tuple(definition for _, definition in sorted(definitions(QUICK).by_version.items()))


@cache
def seen_with(seed):
    return run(VERSIONS, HISTORIES_OF_A_SEED, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_invariants_hold_in_every_history(seed):
    assert seen_with(seed).histories == HISTORIES_OF_A_SEED


def test_every_way_that_is_declared_was_taken(record_property):
    every = [seen_with(seed) for seed in SEEDS]
    taken = sum((seen.taken for seen in every), Counter())
    total = sum(seen.histories for seen in every), sum(seen.messages for seen in every)

    record_property(
        "summary",
        f"{total[0]} histories, {total[1]} messages, seeds {SEEDS}; how often each way:\n"
        f"{counted(taken)}",
    )
    declared = {(each.version, edge) for each in VERSIONS for edge in edges(each)}
    assert set(taken) == declared
