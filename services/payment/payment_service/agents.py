"""The Kafka edge: consumes `payment_commands`."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import faust
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult
from saga_messaging.kafka.consumer import Receive, consume
from saga_messaging.kafka.records import Record
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from sqlalchemy import Connection

from payment_service import handlers
from payment_service.executor.executor import Executor
from payment_service.kafka_access import ACCESS
from payment_service.model.lease import Lease, is_cancel_requested
from payment_service.model.operations import Command
from payment_service.settings import PaymentSettings
from payment_service.storage import repository
from payment_service.storage.orm import messaging


def payment_intake(
    database: Database,
    outbox: Outbox,
    executor: Executor,
    settings: PaymentSettings,
    availability: Availability | None = None,
) -> Intake:
    """Build the intake: it stores payments, and hands begun operations over after the commit."""
    [topic] = ACCESS.consumes
    return Intake(
        topic=topic,
        handler=functools.partial(_receive, executor, settings),
        inbox_table=messaging.inbox,
        database=database,
        outbox=outbox,
        dead_letters=DeadLetters(ACCESS.group, settings),
        availability=availability,
    )


def register_agents(
    app: faust.App,
    intake: Intake,
    settings: PaymentSettings,
    confirmed: Callable[[], Awaitable[Any]],
) -> None:
    """Register the consumer of `payment_commands` with the app; it waits for `confirmed`."""
    consume(app, intake.topic, after(confirmed, intake.receive), settings)


def after(confirmed: Callable[[], Awaitable[Any]], receive: Receive) -> Receive:
    """Return `receive` that waits first, so that no command is decided by unconfirmed records."""

    async def receive_confirmed(records: Sequence[Record]) -> None:
        await confirmed()
        await receive(records)

    return receive_confirmed


def _receive(
    executor: Executor,
    settings: PaymentSettings,
    connection: Connection,
    messages: Sequence[Envelope],
) -> BatchResult:
    commands = cast("Sequence[Command]", messages)
    payments = repository.lock(connection, {command.correlation_id for command in commands})
    received = handlers.receive(commands, payments, settings.executor_deadline_reserve)
    lease_seconds = settings.executor_lease_seconds
    repository.store(connection, received.changed, payments, lease_seconds)
    leases = Lease.of_begun(received.changed, payments)
    to_cancel = [
        (payment.saga_id, payment.attempts)
        for payment in received.changed
        if payment.operation and is_cancel_requested(payment.operation, payment.waiting)
    ]

    def after_commit() -> None:
        executor.offer(leases)
        executor.request_cancel(to_cancel)

    return BatchResult(received.outcomes, after_commit=after_commit)
