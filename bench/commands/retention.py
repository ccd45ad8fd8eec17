"""Measure what retention removes, and what it costs: `make bench-retention ARGS="--orders 20000"`.

A fresh local stack finishes a few orders, which are copied by SQL. A first pass then finds them
older than `MESSAGE_RETENTION_DAYS`, and a second one older than `ORDER_RETENTION_DAYS` and payments
older than that. Before and during the first pass, new orders are placed and authorized.

Sizes are of tables with their indexes: right after the copies; on disk after the pass, where
PostgreSQL uses the free space again; and packed (`VACUUM FULL`), which is what the rows need.
"""

import argparse
import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from order_saga.create_order.versions import definitions
from order_saga.kafka_access import ACCESS as ORDERS_ACCESS
from order_saga.runtime.orm import retention_clock as orders_clock
from order_saga.runtime.retention import retention_tasks as order_tasks
from order_saga.settings import OrderSagaSettings
from payment_service.kafka_access import ACCESS as PAYMENTS_ACCESS
from payment_service.settings import PaymentSettings
from payment_service.storage.orm import retention_clock as payments_clock
from payment_service.storage.retention import retention_tasks as payment_tasks
from pydantic import SecretStr
from saga_messaging.delivery.retention.runner import Retention
from saga_messaging.postgres.database import Database
from saga_stack.stack import Stack
from sqlalchemy import Engine, create_engine, text

from bench.data.finished_orders import TABLES, add_copies, finish_orders, keep_templates
from bench.load.clients import post_by_clients
from bench.load.orders import register_users
from bench.load.site import Site, open_site
from bench.measuring.report import console, save

FRESH_DAYS, MESSAGES_DAYS, ALL_DAYS = 1, 46, 600
MEGABYTE = 1_000_000
ARCHIVE = "archived_messages"

CLIENTS: Final = 32


async def measure(orders: int, new_orders: int, pause_seconds: float) -> dict[str, Any]:
    """Start a stack and measure; arguments as on the command line."""
    async with open_site({"RETENTION_ENABLED": "false"}) as site:
        await register_users(site.http, site.stack)
        await finish_orders(site)
        return await _measure(site, orders, new_orders, pause_seconds)


async def _measure(
    site: Site, orders: int, new_orders: int, pause_seconds: float
) -> dict[str, Any]:
    stack = site.stack
    engines = {service: create_engine(stack.database_urls[service]) for service in TABLES}
    for service, engine in engines.items():
        keep_templates(engine, service)
    measured: dict[str, Any] = {"orders": orders}
    with _timed(measured, "copying_s"):
        for service, engine in engines.items():
            await asyncio.to_thread(add_copies, engine, service, orders, MESSAGES_DAYS)
    _report(measured, "before", engines)
    measured["orders_per_s_alone"] = await _rate(site, new_orders)
    with _timed(measured, "first_pass_s"):
        passing = asyncio.create_task(_pass(stack, pause_seconds))
        rates: list[float] = []
        while not passing.done():
            rates.append(await _rate(site, new_orders))
        measured["first_pass"] = await passing
    measured["orders_per_s_meanwhile"] = rates
    _report(measured, "after_first_pass", engines, pack=True)
    for service, engine in engines.items():
        await asyncio.to_thread(_age, engine, service, ALL_DAYS - MESSAGES_DAYS)
    with _timed(measured, "second_pass_s"):
        measured["second_pass"] = await _pass(stack, pause_seconds)
    _report(measured, "after_second_pass", engines, pack=True)
    return measured


class _timed:  # noqa: N801 - reads as a statement
    def __init__(self, measured: dict[str, Any], name: str) -> None:
        self._measured, self._name = measured, name

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._measured[self._name] = round(time.perf_counter() - self._start, 1)
        console.print(f"{self._name}: {self._measured[self._name]}")


async def _pass(stack: Stack, pause_seconds: float) -> dict[str, dict[str, int]]:
    """Run one pass of both services at once; return the rows that each task changed."""
    changes: dict[str, Any] = {
        "kafka_bootstrap_servers": stack.kafka_bootstrap,
        "retention_pause_seconds": pause_seconds,
        "retention_clock_trial_seconds": 0,
    }
    urls = stack.database_urls
    orders = OrderSagaSettings(database_url=urls["order_saga"], **changes)
    payments = PaymentSettings(
        database_url=urls["payment"],
        stripe_secret_key=SecretStr("sk_test_1"),
        **changes,
    )
    versions = definitions(orders.timeouts).by_version
    parts = {
        "order_saga": (order_tasks(versions, orders), orders_clock, ORDERS_ACCESS, orders),
        "payment": (payment_tasks(payments), payments_clock, PAYMENTS_ACCESS, payments),
    }

    async def run(service: str) -> dict[str, int]:
        tasks, clock, access, settings = parts[service]
        database = Database.connect(settings)
        try:
            return await Retention(tasks, clock, database, access, settings, settings).run_once()
        finally:
            database.close()

    return dict(zip(parts, await asyncio.gather(*map(run, parts)), strict=True))


async def _rate(site: Site, count: int) -> float:
    """Place orders and wait until they are authorized; return orders per second."""
    start = time.perf_counter()
    await site.outcomes.wait_for_ends(await post_by_clients(site.post, count, CLIENTS))
    return round(count / (time.perf_counter() - start), 1)


def _report(
    measured: dict[str, Any], name: str, engines: Mapping[str, Engine], *, pack: bool = False
) -> None:
    """Record the rows and the size of each table; with `pack`, the size that the rows need too."""
    measured[name] = {
        service: {table: _size(engine, table, pack=pack) for table in _tables(service)}
        for service, engine in engines.items()
    }
    console.print(name, measured[name])


def _tables(service: str) -> list[str]:
    return [*TABLES[service], *([ARCHIVE] if service == "order_saga" else [])]


def _size(engine: Engine, table: str, *, pack: bool) -> dict[str, float]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {table}"))
        megabytes = text("SELECT pg_total_relation_size(CAST(:table AS regclass))")
        rows = connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608
        size = {
            "rows": rows,
            "mb": round((connection.scalar(megabytes, {"table": table}) or 0) / MEGABYTE, 1),
        }
        if pack:
            connection.execute(text(f"VACUUM FULL {table}"))
            packed = connection.scalar(megabytes, {"table": table}) or 0
            size["mb_packed"] = round(packed / MEGABYTE, 1)
    return size


def _age(engine: Engine, service: str, days: int) -> None:
    """Let so many days pass for the copied orders."""
    table = "sagas" if service == "order_saga" else "payments"
    with engine.begin() as connection:
        connection.execute(
            text(
                f"UPDATE {table} SET created_at = created_at - make_interval(days => :days), "  # noqa: S608
                "updated_at = updated_at - make_interval(days => :days) "
                "WHERE created_at < now() - make_interval(days => :fresh)"
            ),
            {"days": days, "fresh": FRESH_DAYS},
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000, help="finished orders")
    parser.add_argument("--new-orders", type=int, default=200, help="new orders in one measurement")
    parser.add_argument(
        "--pause-seconds", type=float, default=0.1, help="RETENTION_PAUSE_SECONDS of the passes"
    )
    save("retention.json", asyncio.run(measure(**vars(parser.parse_args()))))
