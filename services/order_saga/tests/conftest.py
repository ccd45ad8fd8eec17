"""What every test of the orchestrator may ask for."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from order_saga.definition import Definition
from order_saga.definitions import Definitions, definitions
from order_saga.step_times import StepTimes

sys.path.insert(0, str(Path(__file__).parent))

from saga_testing.fake_sagas import FakeSagas
from saga_testing.messages import Messages


@pytest.fixture(scope="session")
def versions() -> Definitions:
    """Every version of the saga, with a minute for each step."""
    return definitions(StepTimes())


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
