"""A smaller run: a seeded sample of the tests that have many cases."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest


def sample(items: Sequence[pytest.Item], seed: str) -> list[pytest.Item]:
    """Return the tests in their order, without those marked `full`.

    Of each test marked `sample(count)`, `count` cases remain, which the seed draws.
    """
    cases = defaultdict[str, list[pytest.Item]](list)
    counts = dict[str, int]()
    for item in items:
        if marker := item.get_closest_marker("sample"):
            test = item.nodeid.partition("[")[0]
            cases[test].append(item)
            counts[test] = marker.args[0]
    left_out = {item for item in items if item.get_closest_marker("full")}
    for test, all_cases in cases.items():
        count = min(counts[test], len(all_cases))
        random = Random(f"{seed}:{test}")  # noqa: S311 - it is to be repeated
        drawn = random.sample(range(len(all_cases)), count)
        left_out.update(item for at, item in enumerate(all_cases) if at not in drawn)
    return [item for item in items if item not in left_out]
