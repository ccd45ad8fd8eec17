"""The sagas in PostgreSQL. Everything here takes a whole batch in one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from saga_schemas.envelope import derived_message_id
from saga_schemas.values import Customer, Failure, OrderDetails
from sqlalchemy import Connection, Row, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from order_saga.domain import (
    Asked,
    DeadlinePassed,
    DeadlinePayload,
    OrderSaga,
    State,
)
from order_saga.orm import messaging
from order_saga.orm import sagas as table
from order_saga.ports import Placement

_SAVE = text(
    """
    UPDATE sagas SET
        state = new.state, attempt = new.attempt, tries = new.tries, attempts = new.attempts,
        undo = new.undo, goal = new.goal, parked = new.parked, customer = new.customer,
        payment_intent_id = new.payment_intent_id, capture_before = new.capture_before,
        captured = new.captured, refunds = new.refunds, refunded = new.refunded,
        disputed = new.disputed, asked = new.asked,
        reason = new.reason, deadline_at = new.deadline_at, overdue = new.overdue,
        updated_at = now()
    FROM jsonb_to_recordset(:rows) AS new(
        id text, state text, attempt integer, tries integer, attempts jsonb, undo jsonb,
        goal text, parked text, customer jsonb, payment_intent_id text,
        capture_before timestamptz, captured integer, refunds jsonb, refunded integer,
        disputed boolean, asked jsonb, reason jsonb, deadline_at timestamptz, overdue boolean)
    WHERE sagas.id = new.id
    """
).bindparams(bindparam("rows", type_=JSONB))


class SqlSagas:
    """`ports.Sagas` on a connection whose transaction the caller commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def now(self) -> datetime:
        """The transaction's time."""
        return self._connection.execute(select(func.now())).scalar_one()

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        """See `ports.Sagas`. Waits for another process that is storing the same key.

        In the order of the keys, so that two batches never deadlock. A saga that is there already
        is no conflict either: the try before this one was committed, and its answer was lost.
        """
        statement = insert(table).on_conflict_do_nothing()
        rows = [
            {
                **_state_columns(saga),
                "definition_version": saga.definition_version,
                "clerk_user_id": saga.clerk_user_id,
                "amount": saga.order.amount,
                "currency": saga.order.currency,
                "description": saga.order.description,
                "line_items": [item.model_dump() for item in placement.message.payload.line_items],
                "idempotency_key": placement.idempotency_key,
                "request_digest": placement.digest,
            }
            for placement, saga in sorted(new, key=lambda each: each[0].idempotency_key or "")
        ]
        return set(self._connection.scalars(statement.returning(table.c.id), rows))

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[OrderSaga, str]]:
        """See `ports.Sagas`."""
        query = select(table).where(table.c.idempotency_key.in_(idempotency_keys))
        return {
            row.idempotency_key: (saga_of(row), row.request_digest)
            for row in self._connection.execute(query)
        }

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, OrderSaga]:
        """See `ports.Sagas`. In the order of their ids, so that two batches never deadlock."""
        query = (
            select(table)
            .where(table.c.id == func.any(bindparam("ids", list(saga_ids))))
            .order_by(table.c.id)
            .with_for_update()
        )
        return {row.id: saga_of(row) for row in self._connection.execute(query)}

    def earlier(self, message_id: UUID) -> tuple[Any, str] | None:
        """See `ports.Sagas`."""
        inbox = messaging.inbox.c
        query = select(inbox.message, inbox.effect).where(inbox.message_id == message_id)
        row = self._connection.execute(query).one_or_none()
        return row and (row.message["payload"], row.effect)

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        """See `ports.Sagas`."""
        if sagas:
            rows = [_json_columns(saga) for saga in sagas]
            self._connection.execute(_SAVE, {"rows": rows})

    def due(self, limit: int, versions: Collection[int]) -> Sequence[DeadlinePassed]:
        """See `ports.Sagas`."""
        # The step's time counts from when its command was sent: Kafka away is nobody's silence.
        allowed = table.c.deadline_at - table.c.updated_at
        sent_at = messaging.outbox.c.sent_at
        unheard = select(messaging.outbox.c.message_id).where(
            messaging.outbox.c.correlation_id == table.c.id,
            messaging.outbox.c.type != "dead-letter",
            sent_at.is_(None) | (sent_at > func.now() - allowed),
        )
        query = (
            select(table.c.id, table.c.state, table.c.attempt)
            .where(table.c.deadline_at <= func.now(), ~table.c.overdue, ~unheard.exists())
            .where(table.c.definition_version.in_(versions))
            .order_by(table.c.deadline_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=table)
        )
        return [
            DeadlinePassed(
                correlation_id=row.id,
                message_id=derived_message_id(row.id, row.state, row.attempt, "deadline"),
                payload=DeadlinePayload(state=row.state, attempt=row.attempt),
            )
            for row in self._connection.execute(query)
        ]


def saga_of(row: Row[Any]) -> OrderSaga:
    """The saga that a row of `sagas` holds."""
    return OrderSaga(
        id=row.id,
        definition_version=row.definition_version,
        state=State(row.state),
        attempt=row.attempt,
        clerk_user_id=row.clerk_user_id,
        order=OrderDetails(amount=row.amount, currency=row.currency, description=row.description),
        customer=Customer.model_validate(row.customer) if row.customer else None,
        tries=row.tries,
        attempts=row.attempts,
        undo=tuple(State(state) for state in row.undo),
        goal=row.goal and State(row.goal),
        parked=row.parked and State(row.parked),
        captured=row.captured,
        refunds=row.refunds,
        disputed=row.disputed,
        asked=Asked(**row.asked) if row.asked else None,
        payment_intent_id=row.payment_intent_id,
        capture_before=row.capture_before,
        reason=Failure.model_validate(row.reason) if row.reason else None,
        deadline_at=row.deadline_at,
        overdue=row.overdue,
    )


def _state_columns(saga: OrderSaga) -> dict[str, Any]:
    return {
        "id": saga.id,
        "state": saga.state,
        "attempt": saga.attempt,
        "tries": saga.tries,
        "attempts": saga.attempts,
        "undo": saga.undo,
        "goal": saga.goal,
        "parked": saga.parked,
        "captured": saga.captured,
        "refunds": saga.refunds,
        "refunded": saga.refunded,
        "disputed": saga.disputed,
        "asked": saga.asked and asdict(saga.asked),
        "customer": saga.customer and saga.customer.model_dump(mode="json"),
        "payment_intent_id": saga.payment_intent_id,
        "capture_before": saga.capture_before,
        "reason": saga.reason and saga.reason.model_dump(mode="json"),
        "deadline_at": saga.deadline_at,
        "overdue": saga.overdue,
    }


def _json_columns(saga: OrderSaga) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in _state_columns(saga).items()
    }
