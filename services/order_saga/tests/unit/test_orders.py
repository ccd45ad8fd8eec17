"""Many callers and a database that does not respond: each caller gets an answer in time."""

import asyncio

import pytest
from order_saga.runtime.orders import Orders
from order_saga.runtime.transactions import Transactions
from order_saga.settings import OrderSagaSettings
from saga_messaging.errors import DatabaseUnavailable


class HangingDatabase:
    """A database that responds once `responds` is set, and ignores the time that it is given."""

    def __init__(self):
        self.responds = asyncio.Event()
        self.bounds = []

    async def transaction(self, work, *, give_up_after_seconds):  # noqa: ARG002 - the port's
        self.bounds.append(give_up_after_seconds)
        await self.responds.wait()
        return ["the order of the first caller"], []


class NoOutbox:
    def offer(self, records):
        assert records == []


@pytest.fixture
async def database():
    return HangingDatabase()


@pytest.fixture
def orders(versions, database):
    settings = OrderSagaSettings(
        database_url="postgresql+psycopg2://nobody@/none",
        database_give_up_seconds=0.5,
        intake_batch_size=1,
    )
    return Orders(versions, Transactions(database, NoOutbox()), settings)


async def test_waiting_callers_get_an_error_in_time_and_their_orders_are_not_placed(
    orders, database, new_messages
):
    waiting = [orders.place(new_messages().place_order()) for _ in range(20)]

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert {type(answer) for answer in answers} == {DatabaseUnavailable}
    database.responds.set()
    await orders._batcher._runner
    (bound,) = database.bounds  # one transaction was begun, for the first caller
    assert 0 < bound <= 0.5


async def test_a_caller_gets_its_order_once_the_database_responds(orders, database, new_messages):
    database.responds.set()

    answer = await orders.place(new_messages().place_order())

    assert answer == "the order of the first caller"
