"""The wiring of the orchestrator: its components, and their order of startup and shutdown."""

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
from saga_messaging.http.readiness import checks, outbox_check
from saga_messaging.kafka.faust_app import faust_app, joined
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.topic_check import check_topics
from saga_messaging.postgres.database import Database
from saga_messaging.process import components
from saga_messaging.process.command import run_service
from saga_messaging.process.server import serve
from saga_messaging.process.watchdog import running_watchdog

from order_saga.api.actions import actions_router
from order_saga.api.orders import orders_router
from order_saga.api.problems import PROBLEMS
from order_saga.create_order.versions import Definitions, definitions
from order_saga.kafka_access import ACCESS
from order_saga.operators.dead_letters.http import dead_letters_router
from order_saga.operators.dead_letters.problems import PROBLEMS as DEAD_LETTER_PROBLEMS
from order_saga.operators.dead_letters.service import DeadLetterService
from order_saga.operators.explain.http import why_router
from order_saga.operators.pause import controls_router
from order_saga.runtime.admission import Admission
from order_saga.runtime.agents import handle_deferred, register_agents, reply_intakes
from order_saga.runtime.orders import Orders
from order_saga.runtime.orm import messaging, retention_clock
from order_saga.runtime.retention import retention_tasks
from order_saga.runtime.timers import Timers
from order_saga.runtime.transactions import Transactions
from order_saga.settings import OrderSagaSettings


def build(settings: OrderSagaSettings) -> FastAPI:
    """Return the service; its lifespan starts the components, and stops them in reverse order."""
    all_definitions = definitions(settings.timeouts)
    database = Database.connect(settings)
    publisher = Publisher(settings)
    outbox = Outbox(messaging.outbox, database, publisher, settings)
    transactions = Transactions(database, outbox)
    availability = Availability(publisher, database, settings)
    timers = Timers(all_definitions, transactions, settings, availability.seconds)
    admission = Admission(database, settings, availability.seconds)
    orders = Orders(all_definitions, transactions, settings, admission)
    app = faust_app(ACCESS.group, settings)
    intakes = reply_intakes(all_definitions, database, outbox, settings)
    register_agents(app, intakes, settings)
    tasks = retention_tasks(all_definitions.by_version, settings)
    retention = Retention(tasks, retention_clock, database, ACCESS, settings, settings)

    async def fire_deadlines() -> None:
        await joined(app)
        await timers.run()

    readiness = checks("order_saga", database, publisher, app)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            components.running_database(database),
            components.running_publisher(publisher),
            components.running_relay(outbox),
            components.running_once("topic_check", check_topics(settings, ACCESS)),
            components.running_loop("availability", availability.watch()),
            components.running_faust(app, publisher),
            running_watchdog(app, readiness, settings),
            components.running_loop(
                "deferred_messages", handle_deferred(all_definitions, intakes, settings)
            ),
            components.running_loop("admission", admission.watch()),
            components.running_loop("timers", fire_deadlines()),
            components.running_loop("retention", retention.run()),
        ):
            yield

    problems = {**PROBLEMS, **DEAD_LETTER_PROBLEMS, **OUTBOX_PROBLEMS}
    api = service_api("Create Order Saga", lifespan, settings, problems)
    api.include_router(orders_router(orders, database, settings))
    api.include_router(actions_router(orders))
    _include_operators(api, all_definitions, database, outbox, settings)
    api.include_router(health_router({**readiness, "outbox": outbox_check(outbox)}))
    return api


def _include_operators(
    api: FastAPI,
    all_definitions: Definitions,
    database: Database,
    outbox: Outbox,
    settings: OrderSagaSettings,
) -> None:
    api.include_router(controls_router(database, settings))
    api.include_router(why_router(all_definitions, database, settings))
    api.include_router(dead_letters_router(DeadLetterService(database, outbox, settings), settings))
    api.include_router(outbox_router(ParkedRecords(outbox, settings.database_give_up_seconds)))


def main() -> None:
    """Run `python -m order_saga [migrate]`."""
    run_service("order_saga", OrderSagaSettings, lambda settings: serve(build(settings), settings))
