"""The Kafka edge: `payment_commands` in."""

import functools
from collections.abc import Sequence
from typing import cast

import faust
from saga_messaging.consumer import consume
from saga_messaging.database import Database
from saga_messaging.dead_letters import DeadLetters
from saga_messaging.intake import Intake
from saga_messaging.outbox import Outbox
from saga_messaging.outcomes import BatchResult
from saga_schemas import Envelope
from sqlalchemy import Connection

from payment_service import handlers
from payment_service.access import ACCESS
from payment_service.executor.executor import Executor
from payment_service.model.operations import Command
from payment_service.model.ports import Lease, is_halted
from payment_service.settings import PaymentSettings
from payment_service.storage import repository
from payment_service.storage.orm import messaging


def payment_intake(
    database: Database, outbox: Outbox, executor: Executor, settings: PaymentSettings
) -> Intake:
    """The intake that stores payments and hands what they begin to the executor once committed."""
    [topic] = ACCESS.consumes
    return Intake(
        topic=topic,
        handler=functools.partial(_receive, executor, settings.executor_lease_seconds),
        inbox_table=messaging.inbox,
        database=database,
        outbox=outbox,
        dead_letters=DeadLetters(ACCESS.group, settings),
    )


def register_agents(app: faust.App, intake: Intake, settings: PaymentSettings) -> None:
    """Make the app consume `payment_commands`."""
    consume(app, intake.topic, intake.receive, settings)


def _receive(
    executor: Executor,
    lease_seconds: float,
    connection: Connection,
    messages: Sequence[Envelope],
) -> BatchResult:
    commands = cast("Sequence[Command]", messages)
    known = repository.lock(connection, {command.correlation_id for command in commands})
    received = handlers.receive(commands, known)
    repository.store(connection, received.changed, known, lease_seconds)
    leases = Lease.of_begun(received.changed, known)
    halted = [
        (each.saga_id, each.attempts)
        for each in received.changed
        if each.operation and is_halted(each.operation, each.waiting)
    ]

    def after_commit() -> None:
        executor.offer(leases)
        executor.halt(halted)

    return BatchResult(received.outcomes, after_commit=after_commit)
