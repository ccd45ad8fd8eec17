"""The wiring of the user service: its components, and their order of startup and shutdown."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from saga_messaging.delivery.availability import Availability
from saga_messaging.http.api import service_api
from saga_messaging.http.health import health_router
from saga_messaging.http.readiness import checks
from saga_messaging.kafka.faust_app import faust_app
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_messaging.process import components
from saga_messaging.process.command import run_service
from saga_messaging.process.server import serve
from saga_messaging.process.watchdog import running_watchdog
from saga_stripe import running_stripe, stripe_client, stripe_http

from user_service.agents import register_agents
from user_service.gateway import StripeGateway
from user_service.handlers import UserHandlers
from user_service.http import users_router
from user_service.kafka_access import ACCESS
from user_service.problems import PROBLEMS
from user_service.repository import SqlTransaction
from user_service.settings import UserServiceSettings


def build(settings: UserServiceSettings) -> FastAPI:
    """Return the service; its lifespan starts the components, and stops them in reverse order."""
    database = Database.connect(settings)
    publisher = Publisher(settings)
    http = stripe_http(settings)
    handlers = UserHandlers(
        SqlTransaction(database, settings.database_give_up_seconds),
        StripeGateway(stripe_client(settings, http), settings),
    )
    app = faust_app(ACCESS.group, settings)
    availability = Availability(publisher, database, settings)
    register_agents(app, database, publisher, availability, settings)

    readiness = checks("user_service", database, publisher, app)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            components.running_database(database),
            components.running_publisher(publisher),
            running_stripe(http),
            components.running_loop("availability", availability.watch()),
            components.running_faust(app, publisher),
            running_watchdog(app, readiness, settings),
        ):
            yield

    api = service_api("User service", lifespan, settings, PROBLEMS)
    api.include_router(users_router(handlers))
    api.include_router(health_router(readiness))
    return api


def main() -> None:
    """Run `python -m user_service [migrate]`."""
    run_service(
        "user_service",
        UserServiceSettings,
        lambda settings: serve(build(settings), settings),
    )
