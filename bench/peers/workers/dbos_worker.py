"""The order as a DBOS workflow, and an HTTP server that makes this process run orders.

The orders are made in this process, so no HTTP request and no queue is on their way. Each workflow
runs in a thread with blocking clients.
"""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web
from dbos import DBOS, SetWorkflowID
from shop import ThreadedShop

DBOS(
    config={
        "name": "shop",
        "system_database_url": os.environ["DBOS_DATABASE_URL"],
        "sys_db_pool_size": 20,
        "log_level": "WARNING",
        "application_version": "1",
    }
)
shop = ThreadedShop()


@DBOS.step()
def find_user(order: dict) -> dict:
    return shop.find_user(order)


@DBOS.step(retries_allowed=True, max_attempts=5, interval_seconds=0.2)
def authorize(order: dict, user: dict) -> bool:
    return shop.authorize(order, user)


@DBOS.step()
def fail_payment(order: dict) -> None:
    shop.fail_payment(order)


@DBOS.step()
def end_order(order: dict, status: str) -> None:
    shop.end_order(order, status)


@DBOS.workflow()
def create_order(order: dict) -> str:
    """Authorize an order's payment; return its status."""
    user = find_user(order)
    if authorize(order, user):
        status = "authorized"
    else:
        fail_payment(order)
        status = "rejected"
    end_order(order, status)
    return status


def run_order(order: dict) -> None:
    """Run one order to its end."""
    with SetWorkflowID(order["order_id"]):
        create_order(order)


async def run_orders(request: web.Request) -> web.Response:
    """Run orders: all at once by so many threads, or each at its time if `rate` is above 0."""
    body = await request.json()
    loop = asyncio.get_running_loop()
    start = time.time()

    async def run(number: int, order: dict) -> None:
        order["submitted_at"] = start
        if body["rate"]:
            order["submitted_at"] = start + number / body["rate"]
            await asyncio.sleep(max(0.0, order["submitted_at"] - time.time()))
        await loop.run_in_executor(pool, run_order, order)

    with ThreadPoolExecutor(body["threads"]) as pool:
        await asyncio.gather(*(run(number, each) for number, each in enumerate(body["orders"])))
    return web.json_response({})


async def ready(_: web.Request) -> web.Response:
    """Return 200: the server starts after DBOS."""
    return web.json_response({})


if __name__ == "__main__":
    DBOS.launch()
    app = web.Application(client_max_size=2**28)
    app.add_routes([web.get("/readyz", ready), web.post("/orders", run_orders)])
    web.run_app(app, host="127.0.0.1", port=int(os.environ["HTTP_PORT"]), print=None)
