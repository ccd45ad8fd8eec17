"""Readiness checks that every service has: Kafka, its consumer and the database."""

from collections.abc import Collection
from functools import partial

import faust
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.http.health import Check, Degraded
from saga_messaging.kafka.faust_app import consumption_problem
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database


def checks(
    package: str, database: Database, publisher: Publisher, app: faust.App
) -> dict[str, Check]:
    """Return the checks of a service.

    Its topics exist, and it consumes them. The database is migrated, a new session can write to
    it, and no transaction has been retried for too long.
    """
    cure = f"run `python -m {package} migrate`"
    consumed = {name for agent in app.agents.values() for name in agent.get_topic_names()}

    async def consumer() -> str | None:
        problem = consumption_problem(app)
        return problem and problem.text

    return {
        "kafka": partial(_kafka, publisher, consumed, cure),
        "consumer": consumer,
        "database": partial(_database_problem, package, database),
    }


async def _kafka(publisher: Publisher, consumed: Collection[str], cure: str) -> str | None:
    """Return why the consumed topics cannot be used; None if they exist."""
    if publisher.access_error:
        return publisher.access_error
    try:
        missing = set(consumed).difference(await publisher.topics())
        hidden = await publisher.unauthorized(missing) if missing else ()
    except KafkaError as error:
        if reason := publisher.describe_access_error(error):
            return reason
        raise
    if hidden:
        return publisher.describe_access_error(TopicAuthorizationFailedError(min(hidden)))
    return f"topic {min(missing)} is missing: {cure}" if missing else None


async def _database_problem(package: str, database: Database) -> str | None:
    """Return why this release cannot work with the database, or None; needs a writable session."""
    problem = await database.transaction(
        lambda connection: migrations.problem(package, connection), give_up_after_seconds=1
    )
    return problem or database.stalled()


def publishing_check(outbox: Outbox) -> Check:
    """Return the check that fails while a topic waits for Kafka or for an operator.

    A responder's batch waits with it, so its watchdog needs this check.
    """

    async def check() -> str | None:
        return f"records wait: {', '.join(sorted(outbox.waiting))}" if outbox.waiting else None

    return check


def outbox_check(outbox: Outbox) -> Check:
    """Return the check that names the topics whose records are parked or wait."""

    async def check() -> str | None:
        problems = [f"{topic}: {reason}" for topic, reason in sorted(outbox.problems.items())]
        return Degraded(f"{'; '.join(problems)} (saga outbox list)") if problems else None

    return check
