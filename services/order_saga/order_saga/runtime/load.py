"""The load of the orchestrator: orders that wait for a reply, and how many got one lately."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from saga_messaging.delivery.outbox_rows import is_parked
from saga_schemas.envelope import LONGEST_TIMEOUT_SECONDS
from sqlalchemy import Connection, Double, extract, func, literal_column, select

from order_saga.create_order.state import State
from order_saga.runtime.orm import deferred, messaging
from order_saga.runtime.orm import sagas as table

_STEPS: Final = (State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING)
"""The steps of a new order until its amount is held."""

_HORIZON: Final = timedelta(hours=1)
"""The age up to which orders are searched for replies; older ones have long timed out."""

_SHARE: Final = 0.9
"""Of the waiting orders: this many wait shorter. A few stuck orders say nothing about the load."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The new orders that wait for a reply.

    Attributes:
        orders: How many wait.
        seconds: How long nine in ten of them have waited at most.
    """

    orders: int
    seconds: float


def count_waiting(connection: Connection, available_seconds: float = math.inf) -> Waiting:
    """Count the new orders that wait for a reply; reads only those with a deadline.

    Left out are those that are stuck, which say nothing about the load: a message of theirs is
    parked or deferred, or they are older than twice their time-out, also by the time since the last
    outage, `available_seconds`.
    """
    age = func.now() - table.c.updated_at
    timeout = table.c.deadline_at - table.c.updated_at
    available = timedelta(seconds=min(available_seconds, 2 * LONGEST_TIMEOUT_SECONDS))
    outbox = messaging.outbox
    parked = select(outbox.c.message_id).where(
        outbox.c.correlation_id == table.c.id, outbox.c.type != "dead-letter", is_parked(outbox)
    )
    handled_later = select(deferred.c.id).where(deferred.c.correlation_id == table.c.id)
    waited = extract("epoch", age).cast(Double)
    query = (
        select(func.count(), func.percentile_disc(_SHARE).within_group(waited.asc()))
        .where(
            table.c.deadline_at > literal_column("'-infinity'::timestamptz"),
            ~table.c.overdue,
            table.c.state.in_([state.value for state in _STEPS]),
        )
        .where(
            func.least(age, available) <= timeout + timeout,
            ~parked.exists(),
            ~handled_later.exists(),
        )
    )
    orders, seconds = connection.execute(query).one()
    return Waiting(orders, seconds or 0.0)


def count_answered(connection: Connection, seconds: float) -> int:
    """Count the orders whose payment was answered within the last seconds.

    An authorization that was not begun, because its time had passed, is no answer: it says nothing
    about how many can be authorized.
    """
    since = func.now() - timedelta(seconds=seconds)
    inbox = messaging.inbox.c
    replied = select(inbox.message_id).where(
        inbox.correlation_id == table.c.id,
        inbox.type.in_(["payment.authorized", "payment.failed"]),
        inbox.received_at > since,
        ~inbox.effect.startswith("ignored"),
        func.coalesce(inbox.message["payload"]["code"].astext, "") != "payment_canceled",
    )
    query = (
        select(func.count())
        .select_from(table)
        .where(table.c.created_at > func.now() - _HORIZON, table.c.updated_at > since)
        .where(replied.exists())
    )
    return connection.execute(query).scalar_one()
