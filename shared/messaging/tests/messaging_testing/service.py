"""The participant: stores a row and sends a reply on `user_events` for each `user_commands`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Handled, Refused
from saga_messaging.delivery.tables import messaging_tables, retention_clock_table
from saga_messaging.http.api import service_api
from saga_messaging.http.health import health_router
from saga_messaging.http.readiness import checks, outbox_check
from saga_messaging.kafka.consumer import consume
from saga_messaging.kafka.faust_app import faust_app
from saga_messaging.postgres.database import Database
from saga_messaging.process import components
from saga_messaging.process.watchdog import running_watchdog
from saga_messaging.settings import ServiceSettings
from saga_schemas import Envelope
from saga_schemas.topics import USER_COMMANDS
from saga_schemas.user import PaymentInfoFailed, PaymentInfoFailedPayload, RetrievePaymentInfo
from sqlalchemy import Connection, MetaData, text

from messaging_testing.crash import (
    CrashingDatabase,
    CrashingIntake,
    CrashingPublisher,
    CrashPoint,
)
from messaging_testing.deaf import receive_once

metadata = MetaData()
messaging = messaging_tables(metadata)
retention_clock = retention_clock_table(metadata)

BUG, REFUSED, SLOW = "bug", "refused", "slow"
"""Users whose messages make the handler fail, refuse or block."""


class ParticipantSettings(ServiceSettings):
    """The crash point, the fault, a bug, and a pipe that a slow handler reads to its end."""

    crash: str = ""
    deaf: str = ""
    buggy: bool = False
    pipe: Path | None = None


def handle(
    settings: ParticipantSettings, connection: Connection, messages: Sequence[Envelope]
) -> BatchResult:
    """Insert a row for each handled message, and one for the batch."""
    users = {message.payload.clerk_user_id for message in messages}
    if settings.buggy and BUG in users:
        raise RuntimeError("a bug in the handler")
    if settings.pipe and SLOW in users:
        settings.pipe.read_bytes()
    connection.execute(text("INSERT INTO batches (size) VALUES (:n)"), {"n": len(messages)})
    outcomes = {message.message_id: _outcome(message) for message in messages}
    effects = [
        {"message": each.message_id, "saga": each.correlation_id}
        for each in messages
        if isinstance(outcomes[each.message_id], Handled)
    ]
    if effects:
        row = "INSERT INTO effects (message_id, correlation_id) VALUES (:message, :saga)"
        connection.execute(text(row), effects)
    return BatchResult(outcomes)


def _outcome(message: RetrievePaymentInfo) -> Handled | Refused:
    user = message.payload.clerk_user_id
    if user == REFUSED:
        return Refused(f"no saga {message.correlation_id}")
    payload = PaymentInfoFailedPayload(code="user_not_found", message="no", clerk_user_id=user)
    answer = PaymentInfoFailed(
        message_id=uuid4(), correlation_id=message.correlation_id, payload=payload
    )
    return Handled("answered", [answer])


def build(settings: ParticipantSettings) -> FastAPI:
    """Wire the participant as the services are, with crash points."""
    crash = CrashPoint(settings.crash)
    database = CrashingDatabase.connect(settings)
    relay_database = Database.connect(settings)
    publisher = CrashingPublisher(settings)
    outbox = Outbox(messaging.outbox, relay_database, publisher, settings)
    app = faust_app("participant", settings)
    intake = CrashingIntake(
        topic=USER_COMMANDS,
        handler=partial(handle, settings),
        inbox_table=messaging.inbox,
        database=database,
        outbox=outbox,
        dead_letters=DeadLetters("participant", settings),
    )
    for component in (database, publisher, intake):
        component.crash = crash
    receive = receive_once(intake.receive, app, settings.deaf) if settings.deaf else intake.receive
    consume(app, USER_COMMANDS, receive, settings)

    readiness = checks("messaging_testing", relay_database, publisher, app)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            components.running_database(database),
            components.running_database(relay_database),
            components.running_publisher(publisher),
            components.running_relay(outbox),
            components.running_faust(app, publisher),
            running_watchdog(app, readiness, settings),
        ):
            yield

    api = service_api("Participant", lifespan, settings, {})
    api.include_router(health_router({**readiness, "outbox": outbox_check(outbox)}))
    return api
