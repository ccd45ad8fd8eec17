"""Stories of one order, under either version of the saga; a new one can leave a recording."""

from collections.abc import Iterator

import pytest
from order_saga.definitions import Definitions
from saga_testing.golden import record
from saga_testing.story import Story


@pytest.fixture
def order(versions: Definitions, request: pytest.FixtureRequest) -> Iterator[Story]:
    """An order that begins today."""
    story = Story(versions.newest)
    yield story
    failed = getattr(request.session, "testsfailed", 0)
    if request.module.__name__.rpartition(".")[2].startswith("test_story_") and not failed:
        name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
        record(f"v{story.definition.version}-{name}"[:120].replace(" ", "_"), story)


@pytest.fixture
def old_order(versions: Definitions) -> Story:
    """An order that began under version 1; what it did is recorded, and no more is to come."""
    return Story(versions.of(1))
