"""Disputes in PostgreSQL: recorded once, from webhooks and from reconciliations."""

from collections.abc import Collection, Sequence

from saga_messaging.kafka.records import Outgoing
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from payment_service.model.disputes import OUTCOMES, Dispute, observe_dispute
from payment_service.model.payment import Payment
from payment_service.storage.orm import disputes, payments
from payment_service.storage.records import AnyRow


def record(
    connection: Connection, observed: Sequence[tuple[Payment, Dispute]]
) -> list[list[Outgoing]]:
    """Store the disputes of locked payments; return the events that follow from each.

    A payment whose dispute changed counts as changed now: it must outlive its order, which the
    events change.
    """
    stored = _find(connection, {dispute.dispute_id for _, dispute in observed})
    outgoing, changed = list[list[Outgoing]](), set[str]()
    for payment, dispute in observed:
        now, events = observe_dispute(payment, stored.get(dispute.dispute_id), dispute)
        if now != stored.get(dispute.dispute_id):
            changed.add(payment.saga_id)
        stored[dispute.dispute_id] = now
        _store(connection, payment.saga_id, now)
        outgoing.append([Outgoing.of(event) for event in events])
    if changed:
        touched = update(payments).where(payments.c.saga_id.in_(changed))
        connection.execute(touched.values(updated_at=func.now()))
    return outgoing


def open_disputes(connection: Connection, limit: int) -> Sequence[str]:
    """Return the ids of disputes that have not ended, the least recently read first."""
    query = select(disputes.c.dispute_id).where(disputes.c.status.not_in(OUTCOMES))
    return connection.scalars(query.order_by(disputes.c.updated_at).limit(limit)).all()


def note_read(connection: Connection, dispute_ids: Sequence[str]) -> None:
    """Note that disputes were asked for now, whether Stripe has them or not."""
    read = update(disputes).where(disputes.c.dispute_id.in_(dispute_ids))
    connection.execute(read.values(updated_at=func.now()))


def _find(connection: Connection, ids: Collection[str]) -> dict[str, Dispute]:
    query = select(disputes).where(disputes.c.dispute_id.in_(ids))
    return {row.dispute_id: _dispute_of(row) for row in connection.execute(query)}


def _dispute_of(row: AnyRow) -> Dispute:
    return Dispute(row.dispute_id, row.payment_intent_id, row.amount, row.reason, row.status)


def _store(connection: Connection, saga_id: str, dispute: Dispute) -> None:
    row = {name: getattr(dispute, name) for name in Dispute.__slots__}
    statement = upsert(disputes).values(saga_id=saga_id, **row)
    changes = {"status": dispute.status, "updated_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=["dispute_id"], set_=changes))
