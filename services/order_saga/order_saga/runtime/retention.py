"""Retention of orders: old messages are archived, personal data removed, old orders deleted."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from saga_engine.declaration import Definition, End
from saga_messaging.delivery.retention.personal_data import REMOVED
from saga_messaging.delivery.retention.steps import (
    Aged,
    Cursor,
    Step,
    Task,
    deletion,
    next_cursor,
    removal,
)
from saga_messaging.settings import RetentionSettings
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    null,
    or_,
    select,
    text,
    update,
)

from order_saga.create_order.state import State
from order_saga.runtime.archive import RECEIVED, SENT, archive, remove_requesters
from order_saga.runtime.orm import (
    archived_messages,
    control_changes,
    dead_letter_actions,
    deferred,
    messaging,
    refused_requests,
    sagas,
)

StepOf: TypeAlias = Callable[[Connection, int, Cursor | None], Step]

_inbox, _outbox = messaging.inbox.c, messaging.outbox.c


def retention_tasks(
    versions: Mapping[int, Definition], settings: RetentionSettings
) -> Sequence[Task]:
    """Return what is removed from the orchestrator's tables, in this order.

    Only finished orders are touched, and only those whose version this code has.
    """
    finished = _finished(versions)
    old = settings.message_retention
    received = Aged(messaging.inbox, _inbox.received_at, _inbox.message_id, old)
    sent = Aged(messaging.outbox, _outbox.sent_at, _outbox.message_id, old)
    dropped = Aged(messaging.outbox, _outbox.dropped_at, _outbox.message_id, old)
    return (
        Task("messages_received", _archiving(received, "in", RECEIVED, finished)),
        Task("messages_sent", _archiving(sent, "out", SENT, finished)),
        Task("messages_dropped", _archiving(dropped, "out", SENT, finished)),
        Task("personal_data", _personal_data(finished, settings), needs_topics=False),
        Task("orders", _orders(finished, settings)),
        Task("control_changes", _entries_of(control_changes, "id", settings)),
        Task("dead_letter_actions", _entries_of(dead_letter_actions, "offset", settings)),
    )


def _finished(versions: Mapping[int, Definition]) -> ColumnElement[bool]:
    """Return the condition that an order has ended, or is paid; nothing of it is in flight."""
    ended = [
        and_(sagas.c.definition_version == number, sagas.c.state.in_(_finished_states(definition)))
        for number, definition in versions.items()
    ]
    return and_(or_(*ended), sagas.c.deadline_at.is_(None))


def _finished_states(definition: Definition) -> list[str]:
    return [
        state
        for state, node in definition.nodes.items()
        if isinstance(node, End) or state == State.COMPLETED
    ]


def _archiving(
    aged: Aged,
    direction: Literal["in", "out"],
    kept: Sequence[ColumnElement[Any]],
    finished: ColumnElement[bool],
) -> StepOf:
    """Return the step that moves messages of finished orders to the archive.

    A message of no order, such as a dead letter of another system's record, is deleted.
    """
    order_id = aged.table.c.correlation_id
    unfinished = select(sagas.c.id).where(sagas.c.id == order_id, ~finished)

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        batch = connection.execute(aged.batch(limit, after)).all()
        removal = deletion(aged, [row.id for row in batch], ~unfinished.exists()).returning(*kept)
        number = archive(connection, direction, removal) if batch else 0
        return Step(number, next_cursor(batch, limit))

    return step


def _personal_data(finished: ColumnElement[bool], settings: RetentionSettings) -> StepOf:
    """Return the step that removes the user, the card, the description and the line items."""
    age = settings.personal_data_retention
    aged = Aged(sagas, sagas.c.created_at, sagas.c.id, age)
    old = sagas.c.updated_at < func.now() - age
    with_data = sagas.c.clerk_user_id != text(f"'{REMOVED}'")
    nothing = {"clerk_user_id": REMOVED, "description": "", "line_items": [], "customer": null()}

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        batch = connection.execute(aged.batch(limit, after, with_data)).all()
        ids = _lock(connection, [row.id for row in batch], finished, old)
        if ids:
            connection.execute(update(sagas).where(sagas.c.id.in_(ids)).values(nothing))
            remove_requesters(connection, ids)
            refused = refused_requests.c
            connection.execute(
                update(refused_requests)
                .where(refused.saga_id.in_(ids))
                .values(effect=func.regexp_replace(refused.effect, r" \(by .*$", ""))
            )
        return Step(len(ids), next_cursor(batch, limit))

    return step


def _orders(finished: ColumnElement[bool], settings: RetentionSettings) -> StepOf:
    """Return the step that deletes orders with everything that their history consists of.

    A disputed order stays until its dispute ends.
    """
    age = settings.order_retention
    aged = Aged(sagas, sagas.c.created_at, sagas.c.id, age)
    conditions = (
        finished,
        ~sagas.c.disputed,
        sagas.c.updated_at < func.now() - age,
        ~_exists(_outbox.correlation_id, _outbox.sent_at.is_(None), _outbox.dropped_at.is_(None)),
        ~_exists(deferred.c.correlation_id),
    )
    owned = (
        (messaging.inbox, _inbox.correlation_id),
        (messaging.outbox, _outbox.correlation_id),
        (archived_messages, archived_messages.c.saga_id),
        (refused_requests, refused_requests.c.saga_id),
        (sagas, sagas.c.id),
    )

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        batch = connection.execute(aged.batch(limit, after)).all()
        if ids := _lock(connection, [row.id for row in batch], *conditions):
            for table, order_id in owned:
                connection.execute(delete(table).where(order_id.in_(ids)))
        return Step(len(ids), next_cursor(batch, limit))

    return step


def _exists(order_id: ColumnElement[str], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(order_id).where(order_id == sagas.c.id, *conditions).exists()


def _lock(
    connection: Connection, ids: Sequence[str], *conditions: ColumnElement[bool]
) -> Sequence[str]:
    """Lock those orders that satisfy the conditions, and that no other transaction uses."""
    query = select(sagas.c.id).where(sagas.c.id.in_(ids), *conditions)
    return connection.scalars(query.with_for_update(skip_locked=True)).all() if ids else []


def _entries_of(table: Table, id_column: str, settings: RetentionSettings) -> StepOf:
    """Return the step that deletes what operators did, as old as the oldest orders."""
    return removal(Aged(table, table.c.at, table.c[id_column], settings.order_retention))
