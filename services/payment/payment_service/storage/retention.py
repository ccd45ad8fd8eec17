"""Retention of payments: what no message, webhook, dispute or reconciliation can need any more."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

from saga_messaging.delivery.retention.personal_data import REMOVED
from saga_messaging.delivery.retention.steps import (
    Aged,
    Cursor,
    Step,
    Task,
    next_cursor,
    outbox_tasks,
    removal,
)
from saga_messaging.settings import RetentionSettings
from sqlalchemy import Connection, delete, func, or_, select, text, update

from payment_service.model.disputes import OUTCOMES
from payment_service.model.payment import PaymentStatus, RefundStatus
from payment_service.storage.orm import (
    disputes,
    messaging,
    payments,
    reconciliations,
    refunds,
    stripe_events,
)

StepOf: TypeAlias = Callable[[Connection, int, Cursor | None], Step]

_inbox, _payment = messaging.inbox.c, payments.c

_UNFINISHED: Final = or_(
    _payment.status.in_([PaymentStatus.PENDING.value, PaymentStatus.AUTHORIZED.value]),
    _payment.operation.is_not(None),
    select(refunds.c.saga_id)
    .where(refunds.c.saga_id == _payment.saga_id)
    .where(refunds.c.status == RefundStatus.REQUESTED.value)
    .exists(),
    select(disputes.c.dispute_id)
    .where(disputes.c.saga_id == _payment.saga_id)
    .where(disputes.c.status.not_in(OUTCOMES))
    .exists(),
)
"""A payment whose hold or dispute is open, or that has an operation or a refund in progress.

While it is, a command that is delivered again may have an effect, so its inbox rows stay.
"""


def retention_tasks(settings: RetentionSettings) -> Sequence[Task]:
    """Return what is removed from the payment service's tables, in this order."""
    old = settings.message_retention
    open_ = select(_payment.saga_id).where(_payment.saga_id == _inbox.correlation_id, _UNFINISHED)
    received = Aged(messaging.inbox, _inbox.received_at, _inbox.message_id, old)
    events = Aged(stripe_events, stripe_events.c.received_at, stripe_events.c.event_id, old)
    runs = Aged(
        reconciliations, reconciliations.c.asked_at, reconciliations.c.id, settings.order_retention
    )
    return (
        Task("messages_received", removal(received, ~open_.exists())),
        *outbox_tasks(messaging.outbox, old),
        Task("stripe_events", removal(events)),
        Task("personal_data", _personal_data(settings), needs_topics=False),
        Task("payments", _payments(settings)),
        Task("reconciliations", removal(runs)),
    )


def _personal_data(settings: RetentionSettings) -> StepOf:
    """Return the step that removes the user, the customer, the card and the description."""
    age = settings.personal_data_retention
    with_data = _payment.clerk_user_id != text(f"'{REMOVED}'")
    nothing = {
        "clerk_user_id": REMOVED,
        "stripe_customer_id": REMOVED,
        "payment_method_id": None,
        "description": "",
    }

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        aged = Aged(payments, _payment.created_at, _payment.saga_id, age)
        batch = connection.execute(aged.batch(limit, after, with_data)).all()
        ids = _lock(connection, [row.id for row in batch], age)
        if ids:
            connection.execute(update(payments).where(_payment.saga_id.in_(ids)).values(nothing))
        return Step(len(ids), next_cursor(batch, limit))

    return step


def _payments(settings: RetentionSettings) -> StepOf:
    """Return the step that deletes payments with their refunds and disputes.

    A payment outlives its order and every message about it: a later `authorize_payment` would be a
    new payment, and a reconciliation would report its PaymentIntent as unknown.
    """
    age = settings.payment_retention

    def step(connection: Connection, limit: int, after: Cursor | None) -> Step:
        aged = Aged(payments, _payment.created_at, _payment.saga_id, age)
        batch = connection.execute(aged.batch(limit, after)).all()
        if ids := _lock(connection, [row.id for row in batch], age):
            connection.execute(delete(refunds).where(refunds.c.saga_id.in_(ids)))
            connection.execute(delete(disputes).where(disputes.c.saga_id.in_(ids)))
            connection.execute(delete(payments).where(_payment.saga_id.in_(ids)))
        return Step(len(ids), next_cursor(batch, limit))

    return step


def _lock(connection: Connection, ids: Sequence[str], age: timedelta) -> Sequence[str]:
    """Lock those payments that are finished, older than `age`, and not in use."""
    query = (
        select(_payment.saga_id)
        .where(_payment.saga_id.in_(ids), ~_UNFINISHED, _payment.updated_at < func.now() - age)
        .with_for_update(skip_locked=True)
    )
    return connection.scalars(query).all() if ids else []
