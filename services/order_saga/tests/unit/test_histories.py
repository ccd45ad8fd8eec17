"""100,000 random histories of the real `decide` among services that fail in every way.

Each is named by its seed and number, which repeat it anywhere. About 35 s of one core; `make test`
takes one of the seeds.
"""

from collections import Counter
from functools import cache

import pytest
from saga_engine.transitions import edges
from saga_testing.histories import VERSIONS, coverage, run

pytestmark = pytest.mark.slow

HISTORIES_OF_A_SEED = 10_000
SEEDS = range(1, 11)


@cache
def totals_of(seed):
    return run(VERSIONS, HISTORIES_OF_A_SEED, seed)


@pytest.mark.sample(1)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_invariants_hold_in_every_history(seed):
    assert totals_of(seed).histories == HISTORIES_OF_A_SEED


@pytest.mark.full
def test_the_histories_take_every_declared_transition_of_every_version(record_property):
    totals = [totals_of(seed) for seed in SEEDS]
    taken = sum((each.taken for each in totals), Counter())
    histories = sum(each.histories for each in totals)
    messages = sum(each.messages for each in totals)

    record_property(
        "summary",
        f"{histories} histories, {messages} messages, seeds {SEEDS}; how often each transition:\n"
        f"{coverage(taken)}",
    )
    declared = {(definition.version, edge) for definition in VERSIONS for edge in edges(definition)}
    assert declared - set(taken) == set()
    assert set(taken) - declared == set()
