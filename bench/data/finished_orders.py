"""Finished orders for a benchmark: a few real ones, copied by SQL as often as wanted."""

from typing import Final

from sqlalchemy import Connection, Engine, text

from bench.load.outcomes import AUTHORIZED
from bench.load.site import Site

TEMPLATES: Final = 9
BATCH: Final = 20_000
"""Orders that one statement copies."""

TABLES: Final = {
    "order_saga": {"sagas": "id", "inbox": "correlation_id", "outbox": "correlation_id"},
    "payment": {
        "payments": "saga_id",
        "inbox": "correlation_id",
        "outbox": "correlation_id",
        "stripe_events": "saga_id",
    },
}
"""The tables that grow with every order, by service, with the column of the order's id."""


async def finish_orders(site: Site) -> None:
    """Place and capture orders of users with good cards; return once they are completed."""
    for number in range(1, TEMPLATES + 1):
        order = await site.post(number)
        await site.outcomes.wait_for_event(order, AUTHORIZED)
        url = f"{site.stack.orders_url}/orders/{order}/capture"
        async with site.http.post(url, json={}) as response:
            response.raise_for_status()
        await site.outcomes.wait_for_event(order, "order.completed")


def keep_templates(engine: Engine, service: str) -> None:
    """Copy the orders of a service to tables of their own, numbered in the same way."""
    with engine.begin() as connection:
        for table, order_id in TABLES[service].items():
            connection.execute(
                text(
                    f"CREATE TABLE template_{table} AS SELECT *, dense_rank() OVER "  # noqa: S608
                    f"(ORDER BY {order_id}) AS template FROM {table} WHERE {order_id} IS NOT NULL"
                )
            )


def add_copies(engine: Engine, service: str, count: int, age_days: int) -> None:
    """Add so many finished orders to a service's tables, so many days old.

    The number of a copy gives its id, so that both services have the same orders. Every message,
    event and PaymentIntent has an id of its own.
    """
    for start in range(0, count, BATCH):
        end = min(start + BATCH, count)
        with engine.begin() as connection:
            for table, order_id in TABLES[service].items():
                _copy(connection, table, order_id, (start, end, age_days))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _copy(connection: Connection, table: str, order_id: str, numbers: tuple[int, int, int]) -> None:
    columns = connection.execute(
        text(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = :table AND table_schema = 'public'"
        ),
        {"table": table},
    ).all()
    values = [_value(name, type_, order_id) for name, type_ in columns]
    names = ", ".join(f'"{name}"' for name, _ in columns)
    statement = text(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "  # noqa: S608
        f"FROM generate_series(:start, :end - 1) AS n "
        f"CROSS JOIN LATERAL (SELECT md5(n::text)::uuid::text AS new_id) AS copy "
        f"JOIN template_{table} t ON t.template = n % {TEMPLATES} + 1"
    )
    connection.execute(statement, dict(zip(("start", "end", "days"), numbers, strict=True)))


def _value(name: str, type_: str, order_id: str) -> str:
    """Return the expression for a column of a copy."""
    renamed = f"replace(t.{name}::text, t.{order_id}, new_id)::jsonb"
    bytes_ = f"convert_to(replace(convert_from(t.{name}, 'UTF8'), t.{order_id}, new_id), 'UTF8')"
    by_name = {
        order_id: "new_id",
        "message_id": "gen_random_uuid()",
        "command_id": "gen_random_uuid()",
        "event_id": "t.event_id || '_' || n",
        "payment_intent_id": "t.payment_intent_id || '_' || n",
        "message": renamed,
        "value": bytes_,
    }
    if type_.startswith("timestamp"):
        return f"t.{name} - make_interval(days => :days) + n * interval '20 milliseconds'"
    return by_name.get(name, f't."{name}"')
