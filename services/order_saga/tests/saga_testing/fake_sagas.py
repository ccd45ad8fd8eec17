"""Sagas in memory, for tests of the use cases."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from order_saga.create_order.state import OrderSaga
from order_saga.errors import DefinitionUnknown
from order_saga.runtime.ports import Earlier, Found, Placement
from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed, DeadlinePayload
from saga_schemas import Envelope
from saga_schemas.envelope import reserved_message_id

from saga_testing.versions import VERSIONS


class FakeSagas:
    """`ports.Sagas` in memory; the test sets its clock and its inbox."""

    def __init__(self, versions: Mapping[int, Definition] = VERSIONS) -> None:
        self.versions = versions
        self.time = datetime(2026, 2, 1, 12, tzinfo=UTC)
        self.rows: dict[str, OrderSaga] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.saved: list[OrderSaga] = []
        self.inbox: dict[UUID, tuple[Any, str]] = {}

    def now(self) -> datetime:
        return self.time

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        return [saga.id for placement, saga in new if self._add(placement, saga)]

    def _add(self, placement: Placement, saga: OrderSaga) -> bool:
        key = placement.idempotency_key
        if saga.id in self.rows or key in self.keys:
            return False
        self.rows[saga.id] = saga
        if key:
            self.keys[key] = (saga.id, placement.digest)
        return True

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[Found, str]]:
        found = {key: self.keys[key] for key in idempotency_keys if key in self.keys}
        return {key: (self._found(saga_id), digest) for key, (saga_id, digest) in found.items()}

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, Found]:
        return {saga_id: self._found(saga_id) for saga_id in saga_ids if saga_id in self.rows}

    def _found(self, saga_id: str) -> Found:
        saga = self.rows[saga_id]
        definition = self.versions.get(saga.definition_version)
        if definition is None:
            return DefinitionUnknown(saga.definition_version, self.versions)
        unknown = saga.position.states - definition.nodes.keys()
        if unknown:
            return DefinitionUnknown(definition.version, self.versions, unknown)
        return saga

    def earlier(self, message: Envelope) -> Earlier | None:
        if message.message_id not in self.inbox:
            return None
        payload, effect = self.inbox[message.message_id]
        return Earlier(payload == message.model_dump(mode="json")["payload"], effect)

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        self.saved.extend(sagas)
        self.rows |= {saga.id: saga for saga in sagas}

    def due(
        self, limit: int, available_seconds: float = math.inf, skip: Collection[str] = ()
    ) -> Sequence[DeadlinePassed]:
        if not available_seconds:
            return []
        timed = [(saga.deadline_at, saga) for saga in self.rows.values() if saga.deadline_at]
        due = [
            (at, saga)
            for at, saga in timed
            if at <= self.time and not saga.overdue and self._found(saga.id) is saga
            if saga.id not in skip
        ]
        ordered = sorted(due, key=lambda pair: pair[0])[:limit]
        return [
            DeadlinePassed(
                correlation_id=saga.id,
                message_id=reserved_message_id("deadline", saga.id, saga.state, saga.attempt),
                payload=DeadlinePayload(state=saga.state, attempt=saga.attempt),
            )
            for _, saga in ordered
        ]
