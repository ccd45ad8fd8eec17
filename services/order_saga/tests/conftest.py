"""Fixtures that all tests of the orchestrator share."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from order_saga.create_order.versions import Definitions
from saga_engine.declaration import Definition

sys.path.insert(0, str(Path(__file__).parent))

from saga_testing.fake_sagas import FakeSagas
from saga_testing.messages import Messages
from saga_testing.versions import ALL, NEWEST


@pytest.fixture(scope="session")
def versions() -> Definitions:
    """Every version of the saga, with the default time-outs."""
    return ALL


@pytest.fixture
def definition() -> Definition:
    """The version that new orders start with."""
    return NEWEST


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture(scope="session")
def new_messages() -> Callable[..., Messages]:
    """Messages to another order."""
    return Messages


@pytest.fixture
def fake_sagas() -> FakeSagas:
    return FakeSagas()
