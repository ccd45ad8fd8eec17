"""What every test of the orchestrator may ask for."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import Definitions, definitions
from saga_engine.declaration import Definition

sys.path.insert(0, str(Path(__file__).parent))

from saga_testing.fake_sagas import FakeSagas
from saga_testing.messages import Messages


@pytest.fixture(scope="session")
def versions() -> Definitions:
    """Every version of the saga, with a minute for each step."""
    return definitions(Timeouts())


@pytest.fixture
def definition(versions: Definitions) -> Definition:
    """The newest of them."""
    return versions.newest


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture(scope="session")
def new_messages() -> Callable[..., Messages]:
    """Messages of one more order."""
    return Messages


@pytest.fixture
def fake_sagas() -> FakeSagas:
    return FakeSagas()
