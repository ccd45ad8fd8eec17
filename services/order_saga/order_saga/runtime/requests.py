"""Requests in the history of an order: those that had an effect once, and those refused."""

from typing import Any, Final
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from sqlalchemy import Connection, Text, cast, column, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from order_saga.runtime.orm import archived_messages, messaging, refused_requests
from order_saga.runtime.ports import Earlier

_refused = refused_requests.c
_received: Final = messaging.inbox.c
_entry: Final = (
    func.jsonb_to_recordset(archived_messages.c.entries)
    .table_valued(
        column("message_id", PG_UUID(as_uuid=True)), column("note", Text), column("digest", Text)
    )
    .render_derived(with_types=True)
)


def digest(payload: Any) -> Any:
    """Return the digest of a JSON payload, to compare an archived request with a repeated one."""
    return func.md5(cast(payload, Text))


def find_earlier(connection: Connection, message: Envelope) -> Earlier | None:
    """Return how an earlier message with this id was handled, also if it is archived.

    The inbox is read first: a message moves from there to the archive, and never back.
    """
    payload = literal(message.model_dump(mode="json")["payload"], JSONB)
    in_inbox = select(
        (_received.message["payload"] == payload).label("same"), _received.effect.label("effect")
    ).where(_received.message_id == message.message_id)
    in_archive = (
        select((_entry.c.digest == digest(payload)).label("same"), _entry.c.note.label("effect"))
        .select_from(archived_messages.join(_entry, literal(True)))
        .where(archived_messages.c.saga_id == message.correlation_id)
        .where(_entry.c.message_id == message.message_id)
    )
    for query in (in_inbox, in_archive):
        if row := connection.execute(query).first():
            return Earlier(same=bool(row.same), effect=row.effect)
    return None


def record_refusal(connection: Connection, message: Envelope, effect: str, limit: int) -> None:
    """Record a refused request of a locked order.

    Equal refusals of an order are one row with a count. Beyond `limit` different ones, the others
    are counted by the type of the request alone, so that an order has a bounded number of rows.
    """
    order_id, now = message.correlation_id, func.clock_timestamp()
    row_id = _id(message, effect)
    again = update(refused_requests).where(_refused.id == row_id)
    if connection.execute(again.values(times=_refused.times + 1, last_at=now)).rowcount:
        return
    different = select(func.count()).where(_refused.saga_id == order_id)
    if (connection.scalar(different) or 0) >= limit:
        effect = f"ignored: more than {limit} other requests were refused"
        row_id = _id(message, effect)
    statement = insert(refused_requests).values(
        id=row_id, saga_id=order_id, type=message.type, effect=effect, times=1,
        first_at=now, last_at=now,
    )  # fmt: skip
    counted = {"times": _refused.times + 1, "last_at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=[_refused.id], set_=counted))


def _id(message: Envelope, effect: str) -> UUID:
    return derived_message_id(message.correlation_id, "refused", message.type, effect)
