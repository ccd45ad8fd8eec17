"""Readiness checks that every service has: Kafka and the database."""

import faust
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.http.health import Check, Degraded
from saga_messaging.kafka.faust_app import has_joined
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database


def checks(
    package: str, database: Database, publisher: Publisher, app: faust.App
) -> dict[str, Check]:
    """Return the checks of a service: consumer group joined, topics exist, database migrated."""
    cure = f"run `python -m {package} migrate`"
    consumed = {name for agent in app.agents.values() for name in agent.get_topic_names()}

    async def kafka() -> str | None:
        if publisher.access_error:
            return publisher.access_error
        try:
            missing = consumed.difference(await publisher.topics())
            hidden = await publisher.unauthorized(missing) if missing else ()
        except KafkaError as error:
            if reason := publisher.describe_access_error(error):
                return reason
            raise
        if hidden:
            return publisher.describe_access_error(TopicAuthorizationFailedError(min(hidden)))
        if missing:
            return f"topic {min(missing)} is missing: {cure}"
        return None if has_joined(app) else "joining the consumer group"

    async def postgresql() -> str | None:
        missing = await database.transaction(
            lambda connection: migrations.missing(package, connection), give_up_after_seconds=1
        )
        return missing and f"migration {missing} is missing: {cure}"

    return {"kafka": kafka, "database": postgresql}


def outbox_check(outbox: Outbox) -> Check:
    """Return the check that names the topics whose records are parked or wait."""

    async def check() -> str | None:
        problems = [f"{topic}: {reason}" for topic, reason in sorted(outbox.problems.items())]
        return Degraded(f"{'; '.join(problems)} (saga outbox list)") if problems else None

    return check
