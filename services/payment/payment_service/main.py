"""The wiring of the payment service: its parts, and their start and stop."""

import functools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import stripe
from fastapi import FastAPI
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.parked_records import ParkedRecords
from saga_messaging.delivery.retention.runner import Retention
from saga_messaging.http.api import service_api
from saga_messaging.http.health import health_router
from saga_messaging.http.outbox import OUTBOX_PROBLEMS, outbox_router
from saga_messaging.http.readiness import checks, outbox_check
from saga_messaging.kafka.faust_app import faust_app
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.topic_check import check_topics
from saga_messaging.postgres.database import Database
from saga_messaging.process import components
from saga_messaging.process.command import run_service
from saga_messaging.process.server import serve
from saga_messaging.process.watchdog import running_watchdog
from saga_stripe import running_stripe, stripe_client, stripe_http

from payment_service.agents import payment_intake, register_agents
from payment_service.executor.executor import Executor
from payment_service.executor.leases import SqlLeaseStore
from payment_service.executor.perform import perform
from payment_service.executor.retry import RetryPolicy
from payment_service.http import payments_router
from payment_service.kafka_access import ACCESS
from payment_service.problems import PROBLEMS
from payment_service.reconciliation.disputes import DisputeReconciler
from payment_service.reconciliation.expiry_sweep import ExpirySweeper
from payment_service.reconciliation.http import reconcile_router
from payment_service.reconciliation.reconciler import Reconciler
from payment_service.reconciliation.runs import Runs
from payment_service.settings import PaymentSettings
from payment_service.storage.installation import Installation
from payment_service.storage.orm import messaging, retention_clock
from payment_service.storage.refresh import Refresher
from payment_service.storage.retention import retention_tasks
from payment_service.stripe_api.disputes import DisputeReader
from payment_service.stripe_api.gateway import StripeGateway
from payment_service.webhooks.http import PATH as WEBHOOKS_PATH
from payment_service.webhooks.http import webhooks_router
from payment_service.webhooks.receive import WebhookReceiver


def build(settings: PaymentSettings) -> FastAPI:
    """Build the service; its lifespan starts the parts and stops them in reverse order."""
    database = Database.connect(settings)
    publisher = Publisher(settings)
    outbox = Outbox(messaging.outbox, database, publisher, settings)
    http = stripe_http(settings)
    installation = build_installation(settings, database)
    gateway = build_gateway(settings, http, installation)
    availability = Availability(publisher, database, settings)
    executor = build_executor(settings, database, outbox, gateway, availability.seconds)
    refresher = Refresher(executor.offer, settings.executor_lease_seconds)
    sweeper = build_sweeper(settings, database, refresher)
    reconciler = build_reconciler(
        settings,
        database,
        gateway,
        refresher=refresher,
        installation=installation,
        outbox=outbox,
        disputes=DisputeReader(stripe_client(settings, http)),
    )
    app = faust_app(ACCESS.group, settings)
    intake = payment_intake(database, outbox, executor, settings, availability)
    register_agents(app, intake, settings, installation.current)
    retention = Retention(
        retention_tasks(settings), retention_clock, database, ACCESS, settings, settings
    )
    readiness = checks("payment_service", database, publisher, app)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            components.running_database(database),
            components.running_publisher(publisher),
            components.running_relay(outbox),
            components.running_once("topic_check", check_topics(settings, ACCESS)),
            running_stripe(http),
            components.running_loop("availability", availability.watch()),
            components.running_loop("installation", installation.run()),
            components.running_until_stopped(
                "executor", run_confirmed(executor.run, installation), executor.stop
            ),
            components.running_loop("expiry_sweeper", sweeper.run()),
            components.running_loop("reconciler", reconciler.run()),
            components.running_loop("retention", retention.run()),
            components.running_faust(app, publisher),
            running_watchdog(app, readiness, settings),
        ):
            yield

    problems = {**PROBLEMS, **OUTBOX_PROBLEMS}
    api = service_api("Payment service", lifespan, settings, problems, open_paths=[WEBHOOKS_PATH])
    receiver = WebhookReceiver(database, outbox, refresher, settings.database_give_up_seconds)
    runs = Runs(database, reconciler, settings.database_give_up_seconds)
    _install_http(api, settings, database, receiver, runs)
    api.include_router(outbox_router(ParkedRecords(outbox, settings.database_give_up_seconds)))
    api.include_router(health_router({**readiness, "outbox": outbox_check(outbox)}))
    return api


def _install_http(
    api: FastAPI,
    settings: PaymentSettings,
    database: Database,
    receiver: WebhookReceiver,
    runs: Runs,
) -> None:
    api.include_router(payments_router(database, settings.database_give_up_seconds))
    tolerance = settings.webhook_tolerance_seconds
    api.include_router(webhooks_router(receiver, settings.webhook_secrets(), tolerance))
    kept, limit = settings.order_retention, settings.reconcile_list_limit
    api.include_router(reconcile_router(runs, limit, kept))


def build_installation(settings: PaymentSettings, database: Database) -> Installation:
    """Build the identity of this installation at Stripe."""
    return Installation(
        database,
        settings.stripe_system,
        check_seconds=settings.installation_check_seconds,
        gap_seconds=settings.installation_gap_seconds,
    )


async def run_confirmed(run: Callable[[], Awaitable[None]], installation: Installation) -> None:
    """Run the executor once the database is confirmed: what a restored one says is not trusted."""
    await installation.current()
    await run()


def build_gateway(
    settings: PaymentSettings, http: stripe.HTTPClient, installation: Installation
) -> StripeGateway:
    """Build the gateway to Stripe."""
    return_url = settings.stripe_return_url
    return StripeGateway(
        stripe_client(settings, http),
        installation.current,
        str(return_url) if return_url else None,
    )


def build_executor(
    settings: PaymentSettings,
    database: Database,
    outbox: Outbox,
    gateway: StripeGateway,
    available_seconds: Callable[[], float] = lambda: math.inf,
) -> Executor:
    """Build the executor on Stripe and PostgreSQL."""
    policy = RetryPolicy(
        retry_seconds=settings.stripe_retry_seconds,
        verify_seconds=settings.stripe_settle_seconds,
        pause_seconds=settings.executor_pause_seconds,
        pause_max_seconds=settings.executor_pause_max_seconds,
    )
    return Executor(
        store=SqlLeaseStore(database, outbox, settings.executor_lease_seconds),
        perform=functools.partial(perform, gateway, policy),
        postpone=policy.postpone,
        available_seconds=available_seconds,
        concurrency=settings.executor_concurrency,
        late_share=settings.executor_late_share,
        memory_limit=settings.executor_memory_limit,
        lease_seconds=settings.executor_lease_seconds,
        sweep_seconds=settings.executor_sweep_seconds,
    )


def build_sweeper(
    settings: PaymentSettings, database: Database, refresher: Refresher
) -> ExpirySweeper:
    """Build the sweeper of expired holds."""
    return ExpirySweeper(
        database,
        refresher,
        sweep_seconds=settings.expiry_sweep_seconds,
        slack_seconds=settings.expiry_slack_seconds,
    )


def build_reconciler(  # noqa: PLR0913 - its parts
    settings: PaymentSettings,
    database: Database,
    gateway: StripeGateway,
    *,
    refresher: Refresher,
    installation: Installation,
    outbox: Outbox,
    disputes: DisputeReader,
) -> Reconciler:
    """Build the reconciler."""
    return Reconciler(
        database,
        gateway,
        refresher,
        installation,
        DisputeReconciler(database, disputes, outbox, settings.reconcile_open_disputes),
        interval_seconds=settings.reconcile_interval_seconds,
        window_seconds=settings.reconcile_window_seconds,
        safety_seconds=settings.reconcile_safety_seconds,
        release_limit=settings.reconcile_release_limit,
    )


def main() -> None:
    """Run `python -m payment_service [migrate]`."""
    run_service(
        "payment_service",
        PaymentSettings,
        lambda settings: serve(build(settings), settings),
    )
