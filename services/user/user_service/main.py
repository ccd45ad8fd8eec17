"""The wiring of the user service: its components, and their order of startup and shutdown."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.parked_records import ParkedRecords
from saga_messaging.delivery.retention.runner import Retention
from saga_messaging.http.api import service_api
from saga_messaging.http.health import health_router
from saga_messaging.http.outbox import OUTBOX_PROBLEMS, outbox_router
from saga_messaging.http.readiness import checks, outbox_check, publishing_check
from saga_messaging.kafka.faust_app import faust_app
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.topic_check import check_topics
from saga_messaging.postgres.database import Database
from saga_messaging.process import components
from saga_messaging.process.command import run_service
from saga_messaging.process.server import serve
from saga_messaging.process.watchdog import running_watchdog
from saga_stripe import running_stripe, stripe_client, stripe_http

from user_service import orm
from user_service.agents import payment_info_responder, register_agent
from user_service.gateway import StripeGateway
from user_service.handlers import UserHandlers
from user_service.http import users_router
from user_service.kafka_access import ACCESS
from user_service.orm import retention_clock
from user_service.problems import PROBLEMS
from user_service.repository import SqlTransaction
from user_service.retention import retention_tasks
from user_service.settings import UserServiceSettings


def build(settings: UserServiceSettings) -> FastAPI:
    """Return the service; its lifespan starts the components, and stops them in reverse order."""
    database = Database.connect(settings)
    publisher = Publisher(settings)
    outbox = Outbox(orm.outbox, database, publisher, settings)
    http = stripe_http(settings)
    handlers = UserHandlers(
        SqlTransaction(database, settings.database_give_up_seconds),
        StripeGateway(stripe_client(settings, http), settings),
    )
    app = faust_app(ACCESS.group, settings)
    availability = Availability(publisher, database, settings)
    responder = payment_info_responder(database, publisher, outbox, availability, settings)
    register_agent(app, responder, settings)

    retention = Retention(
        retention_tasks(settings), retention_clock, database, ACCESS, settings, settings
    )
    readiness = checks("user_service", database, publisher, app)
    # A restart does not help a batch whose replies Kafka does not accept.
    restart_needs = {**readiness, "publishing": publishing_check(outbox)}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            components.running_database(database),
            components.running_publisher(publisher),
            components.running_relay(outbox),
            components.running_once("topic_check", check_topics(settings, ACCESS)),
            running_stripe(http),
            components.running_loop("availability", availability.watch()),
            components.running_loop("retention", retention.run()),
            components.running_faust(app, publisher),
            running_watchdog(app, restart_needs, settings),
        ):
            yield

    api = service_api("User service", lifespan, settings, {**PROBLEMS, **OUTBOX_PROBLEMS})
    api.include_router(users_router(handlers))
    api.include_router(outbox_router(ParkedRecords(outbox, settings.database_give_up_seconds)))
    api.include_router(health_router({**readiness, "outbox": outbox_check(outbox)}))
    return api


def main() -> None:
    """Run `python -m user_service [migrate]`."""
    run_service(
        "user_service",
        UserServiceSettings,
        lambda settings: serve(build(settings), settings),
    )
