"""One step of a removal: a batch of rows, the oldest first, in the caller's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    Table,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place at which a step ended, to continue from: the time and the id of its last row."""

    at: datetime
    id: Any


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a step.

    Attributes:
        changed: The rows that it removed, or whose personal data it removed.
        next: Where the next step continues; None if no row of that age is left.
    """

    changed: int
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of removal.

    Attributes:
        name: Its name in the log.
        step: Examines at most so many rows, beginning after the cursor.
        needs_topics: It removes what recognizes a message that is delivered again, so it waits
            until no topic keeps messages longer.
    """

    name: str
    step: Callable[[Connection, int, Cursor | None], Step]
    needs_topics: bool = True


@dataclass(frozen=True, slots=True)
class Aged:
    """The rows of a table that are older than `age`, in the order of an index.

    Attributes:
        at: The column of the row's time, which never changes once it is set.
        id: The primary key.
        age: The age from which on a row is examined.
    """

    table: Table
    at: Column[Any]
    id: Column[Any]
    age: timedelta

    @property
    def is_old(self) -> ColumnElement[bool]:
        """The condition that a row is older than `age`."""
        return self.at < func.now() - self.age

    def batch(
        self, limit: int, after: Cursor | None, *conditions: ColumnElement[bool]
    ) -> Select[Any, Any]:
        """Return the query of the next `limit` rows that satisfy the conditions, oldest first."""
        query = select(self.at.label("at"), self.id.label("id")).where(self.is_old, *conditions)
        if after:
            key = tuple_(literal(after.at, self.at.type), literal(after.id, self.id.type))
            query = query.where(tuple_(self.at, self.id) > key)
        return query.order_by(self.at, self.id).limit(limit)


def next_cursor(rows: Sequence[AnyRow], limit: int) -> Cursor | None:
    """Return the place after a full batch; None if the batch was the last."""
    return Cursor(rows[-1].at, rows[-1].id) if len(rows) == limit else None


def removal(aged: Aged, *conditions: ColumnElement[bool]) -> Callable[..., Step]:
    """Return the step that deletes the aged rows that satisfy the conditions."""

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        rows = connection.execute(aged.batch(limit, after)).all()
        statement = deletion(aged, [row.id for row in rows], *conditions)
        removed = connection.execute(statement).rowcount if rows else 0
        return Step(removed, next_cursor(rows, limit))

    return step


def deletion(aged: Aged, ids: Sequence[Any], *conditions: ColumnElement[bool]) -> Delete:
    """Return the statement that deletes those of the aged rows that satisfy the conditions."""
    these = aged.id == func.any(literal(list(ids), ARRAY(aged.id.type)))
    return delete(aged.table).where(these, aged.is_old, *conditions)


def outbox_tasks(outbox: Table, age: timedelta) -> tuple[Task, Task]:
    """Return the removal of what an outbox has published, and of what an operator dropped."""
    sent = Aged(outbox, outbox.c.sent_at, outbox.c.message_id, age)
    dropped = Aged(outbox, outbox.c.dropped_at, outbox.c.message_id, age)
    return Task("messages_sent", removal(sent)), Task("messages_dropped", removal(dropped))
