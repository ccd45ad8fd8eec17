"""The pure core, driven message by message."""

from datetime import UTC, datetime, timedelta

import pytest
from order_saga.domain import OrderSaga, State
from order_saga.saga import Decision, Definition, decide, start
from saga_schemas import Envelope

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Driver:
    """One saga: `place` starts it, `give` hands it a message, `walk_to` leads it to a state."""

    def __init__(self, definition: Definition, messages) -> None:
        self.definition = definition
        self.messages = messages
        self.now = NOON
        self.saga: OrderSaga | None = None

    def place(self) -> Decision:
        placement = self.messages.place_order()
        return self._keep(start(self.definition, placement.message, self.now))

    def give(self, message: Envelope, *, after_seconds: float = 1) -> Decision:
        self.now += timedelta(seconds=after_seconds)
        return self._keep(decide(self.definition, self.saga, message, self.now))

    def walk_to(self, state: State) -> OrderSaga:
        self.place()
        if state is State.REJECTED:
            self.give(self.messages.info_failed())
        if state in (State.AUTHORIZING, State.AUTHORIZED):
            self.give(self.messages.info_retrieved())
        if state is State.AUTHORIZED:
            self.give(self.messages.payment_authorized())
        assert self.saga.state is state
        return self.saga

    def _keep(self, decision: Decision) -> Decision:
        self.saga = decision.saga
        return decision


@pytest.fixture
def driver(definition, messages) -> Driver:
    return Driver(definition, messages)
