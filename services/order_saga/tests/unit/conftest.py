"""Stories of one order, under the newest version of the saga or under version 1."""

import pytest
from saga_testing.story import Story
from saga_testing.versions import ALL, NEWEST


@pytest.fixture
def order() -> Story:
    """An order under the newest version."""
    return Story(NEWEST)


@pytest.fixture
def old_order() -> Story:
    """An order under version 1."""
    return Story(ALL.of(1))
