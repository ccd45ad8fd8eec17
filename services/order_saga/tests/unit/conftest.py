"""Stories of one order, under the newest version of the saga or under version 1."""

import pytest
from order_saga.create_order.versions import Definitions
from saga_testing.story import Story


@pytest.fixture
def order(versions: Definitions) -> Story:
    """An order that is placed today."""
    return Story(versions.newest)


@pytest.fixture
def old_order(versions: Definitions) -> Story:
    """An order that was placed under version 1."""
    return Story(versions.of(1))
