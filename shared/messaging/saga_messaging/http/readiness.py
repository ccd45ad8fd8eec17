"""Readiness checks that every service has: Kafka, its consumer and the database."""

from collections.abc import Collection
from functools import partial

import faust
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from saga_messaging.http.health import Check
from saga_messaging.kafka.faust_app import consumption_problem
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database


def checks(
    package: str, database: Database, publisher: Publisher, app: faust.App
) -> dict[str, Check]:
    """Return the checks of a service: topics exist, it consumes them, database migrated."""
    cure = f"run `python -m {package} migrate`"
    consumed = {name for agent in app.agents.values() for name in agent.get_topic_names()}

    async def consumer() -> str | None:
        problem = consumption_problem(app)
        return problem and problem.text

    async def postgresql() -> str | None:
        missing = await database.transaction(
            lambda connection: migrations.missing(package, connection), give_up_after_seconds=1
        )
        return missing and f"migration {missing} is missing: {cure}"

    kafka = partial(_kafka, publisher, consumed, cure)
    return {"kafka": kafka, "consumer": consumer, "database": postgresql}


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
