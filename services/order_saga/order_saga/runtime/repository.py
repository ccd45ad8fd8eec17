"""The sagas in PostgreSQL; each method handles a whole batch in one statement."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed
from saga_schemas.envelope import Envelope
from sqlalchemy import Connection, Row, TextClause, bindparam, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB, insert

from order_saga.create_order.state import OrderSaga
from order_saga.errors import DefinitionUnknown
from order_saga.runtime.deadlines import deadlines_passed
from order_saga.runtime.orm import sagas as table
from order_saga.runtime.ports import Earlier, Found, Placement
from order_saga.runtime.requests import find_earlier

_DIALECT = postgresql.dialect()
_SAGA = TypeAdapter(OrderSaga)
_COLUMN_OF: Final = {"compensations": "undo", "ends_in": "goal", "pending": "asked"}
"""Fields whose column has another name."""
_IMMUTABLE: Final = {"definition_version", "clerk_user_id", "order"}
"""Fields that do not change after the order is placed."""


def _save() -> TextClause:
    """Return the statement that updates the mutable columns of a batch of sagas."""
    changing = {_column_of(field.name) for field in fields(OrderSaga)} - _IMMUTABLE | {"refunded"}
    columns = [column for column in table.c if column.name in changing]
    types = ", ".join(f"{column.name} {column.type.compile(_DIALECT)}" for column in columns)
    values = ", ".join(f"{column.name} = new.{column.name}" for column in columns)
    return text(
        f"UPDATE sagas SET {values}, updated_at = now() "  # noqa: S608 - names of columns
        f"FROM jsonb_to_recordset(:rows) AS new({types}) WHERE sagas.id = new.id"
    ).bindparams(bindparam("rows", type_=JSONB))


def _column_of(name: str) -> str:
    return _COLUMN_OF.get(name, name)


_SAVE: Final = _save()
_FIELDS: Final = [field.name for field in fields(OrderSaga) if field.name != "order"]


class SqlSagas:
    """`ports.Sagas` on a connection; the caller commits its transaction."""

    def __init__(self, connection: Connection, versions: Mapping[int, Definition]) -> None:
        self._connection = connection
        self._versions = versions

    def now(self) -> datetime:
        """Return the transaction's time."""
        return self._connection.execute(select(func.now())).scalar_one()

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        """See `ports.Sagas`. Waits for another process that is storing the same key.

        Rows are inserted in the order of their keys, so that two batches cannot deadlock. A saga
        that exists is skipped: an earlier try was committed, and its response was lost.
        """
        statement = insert(table).on_conflict_do_nothing()
        rows = [
            {
                **_mutable_columns(saga),
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

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[Found, str]]:
        """See `ports.Sagas`."""
        query = select(table).where(table.c.idempotency_key.in_(idempotency_keys))
        return {
            row.idempotency_key: (self._found(row), row.request_digest)
            for row in self._connection.execute(query)
        }

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, Found]:
        """See `ports.Sagas`. Locks in the order of the ids, so that two batches cannot deadlock."""
        query = (
            select(table)
            .where(table.c.id == func.any(bindparam("ids", list(saga_ids))))
            .order_by(table.c.id)
            .with_for_update()
        )
        return {row.id: self._found(row) for row in self._connection.execute(query)}

    def earlier(self, message: Envelope) -> Earlier | None:
        """See `ports.Sagas`."""
        return find_earlier(self._connection, message)

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        """See `ports.Sagas`."""
        if sagas:
            rows = [_as_json(_mutable_columns(saga)) for saga in sagas]
            self._connection.execute(_SAVE, {"rows": rows})

    def due(
        self, limit: int, available_seconds: float = math.inf, skip: Collection[str] = ()
    ) -> Sequence[DeadlinePassed]:
        """See `ports.Sagas`."""
        return deadlines_passed(self._connection, self._versions, limit, available_seconds, skip)

    def _found(self, row: Row[Any]) -> Found:
        try:
            return saga_of(row, self._versions)
        except DefinitionUnknown as unknown:
            return unknown


def saga_of(row: Row[Any], versions: Mapping[int, Definition]) -> OrderSaga:
    """Return the saga that a row of `sagas` holds.

    Raises:
        DefinitionUnknown: Its version is not among `versions`, or does not have one of its states.
    """
    definition = versions.get(row.definition_version)
    if definition is None:
        raise DefinitionUnknown(row.definition_version, versions)
    known = {name: getattr(row, _column_of(name)) for name in _FIELDS}
    order = {"amount": row.amount, "currency": row.currency, "description": row.description}
    saga = _SAGA.validate_python({**known, "order": order})
    if unknown := saga.position.states - definition.nodes.keys():
        raise DefinitionUnknown(definition.version, versions, unknown)
    return saga


def _mutable_columns(saga: OrderSaga) -> dict[str, Any]:
    """Return the columns that can change, as the driver accepts them."""
    dumped = _SAGA.dump_python(saga, by_alias=True, exclude=_IMMUTABLE)
    columns = {_column_of(name): value for name, value in dumped.items()}
    return {**columns, "refunded": saga.refunded}


def _as_json(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in columns.items()
    }
