"""The work of one order, the same for every peer; it runs in the peers' own environment.

Look up the user's Stripe customer and card; write a payment, create its PaymentIntent with the
stripe SDK and update the payment; write the finished order. Each write is a transaction.
"""

import asyncio
import os
import threading

import asyncpg
import psycopg2
import stripe

DATABASE_URL = os.environ["SHOP_DATABASE_URL"]
STRIPE_API_BASE = os.environ["STRIPE_API_BASE"]
POOL_SIZE = 20

FIND_USER = "SELECT customer_id, payment_method_id FROM users WHERE user_id = $1"
ADD_PAYMENT = (
    "INSERT INTO payments (order_id, amount, status) VALUES ($1, $2, 'pending') "
    "ON CONFLICT (order_id) DO NOTHING"
)
END_PAYMENT = (
    "UPDATE payments SET status = $2, payment_intent_id = $3, updated_at = now() "
    "WHERE order_id = $1"
)
END_ORDER = (
    "INSERT INTO orders (order_id, user_id, amount, status, submitted_at, ended_at) "
    "VALUES ($1, $2, $3, $4, $5, clock_timestamp()) ON CONFLICT (order_id) DO NOTHING"
)

stripe.enable_telemetry = False


def payment_intent(order: dict, user: dict) -> tuple[dict, dict]:
    """Return the parameters and the options of a new PaymentIntent."""
    return {
        "amount": order["amount"],
        "currency": "usd",
        "customer": user["customer_id"],
        "payment_method": user["payment_method_id"],
        "capture_method": "manual",
        "confirm": True,
        "off_session": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "metadata": {"order_id": order["order_id"]},
    }, {"idempotency_key": f"authorize-{order['order_id']}"}


def stripe_client(http_client: stripe.HTTPClient) -> stripe.StripeClient:
    """Return a client of the local Stripe."""
    return stripe.StripeClient(
        "sk_test_peers",
        base_addresses={"api": STRIPE_API_BASE},
        http_client=http_client,
        max_network_retries=2,
    )


class AsyncShop:
    """The work as coroutines, with asyncpg and the SDK's aiohttp client."""

    def __init__(self) -> None:
        self._pool: asyncpg.Pool | None = None
        self._lock = asyncio.Lock()

    async def _open(self) -> asyncpg.Pool:
        async with self._lock:
            if self._pool is None:
                self._stripe = stripe_client(stripe.AIOHTTPClient())
                self._pool = await asyncpg.create_pool(DATABASE_URL, min_size=4, max_size=POOL_SIZE)
        return self._pool

    async def find_user(self, order: dict) -> dict:
        pool = await self._open()
        row = await pool.fetchrow(FIND_USER, order["user_id"])
        return {"customer_id": row[0], "payment_method_id": row[1]}

    async def authorize(self, order: dict, user: dict) -> bool:
        pool = await self._open()
        await pool.execute(ADD_PAYMENT, order["order_id"], order["amount"])
        parameters, options = payment_intent(order, user)
        try:
            intent = await self._stripe.v1.payment_intents.create_async(parameters, options)
        except stripe.CardError:
            return False
        await pool.execute(END_PAYMENT, order["order_id"], "authorized", intent.id)
        return True

    async def fail_payment(self, order: dict) -> None:
        pool = await self._open()
        await pool.execute(END_PAYMENT, order["order_id"], "failed", None)

    async def end_order(self, order: dict, status: str) -> None:
        pool = await self._open()
        values = order["order_id"], order["user_id"], order["amount"]
        await pool.execute(END_ORDER, *values, status, order["submitted_at"])


class ThreadedShop:
    """The work as functions, with psycopg2 and the SDK's requests client, one of each a thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def _execute(self, statement: str, *values: object) -> psycopg2.extensions.cursor:
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg2.connect(DATABASE_URL)
            self._local.connection.autocommit = True
        cursor = self._local.connection.cursor()
        for number in range(len(values), 0, -1):
            statement = statement.replace(f"${number}", f"%({number})s")
        cursor.execute(statement, {str(n): value for n, value in enumerate(values, 1)})
        return cursor

    def _stripe(self) -> stripe.StripeClient:
        if not hasattr(self._local, "stripe"):
            self._local.stripe = stripe_client(stripe.RequestsClient())
        return self._local.stripe

    def find_user(self, order: dict) -> dict:
        row = self._execute(FIND_USER, order["user_id"]).fetchone()
        return {"customer_id": row[0], "payment_method_id": row[1]}

    def authorize(self, order: dict, user: dict) -> bool:
        self._execute(ADD_PAYMENT, order["order_id"], order["amount"])
        parameters, options = payment_intent(order, user)
        try:
            intent = self._stripe().v1.payment_intents.create(parameters, options)
        except stripe.CardError:
            return False
        self._execute(END_PAYMENT, order["order_id"], "authorized", intent.id)
        return True

    def fail_payment(self, order: dict) -> None:
        self._execute(END_PAYMENT, order["order_id"], "failed", None)

    def end_order(self, order: dict, status: str) -> None:
        values = order["order_id"], order["user_id"], order["amount"]
        self._execute(END_ORDER, *values, status, order["submitted_at"])
