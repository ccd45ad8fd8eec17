"""Many callers, and a database that does not answer: each is told in time."""

import asyncio

import pytest
from order_saga.desk import OrderDesk
from order_saga.settings import OrderSagaSettings
from order_saga.transactions import Transactions
from saga_messaging.errors import DatabaseUnavailable


class HangingDatabase:
    """Does not answer before it is told to, and keeps no bound that it is given."""

    def __init__(self):
        self.answers = asyncio.Event()
        self.bounds = []

    async def transaction(self, work, *, give_up_after_seconds):  # noqa: ARG002 - the port's
        self.bounds.append(give_up_after_seconds)
        await self.answers.wait()
        return ["the order of the first caller"], []


class NoOutbox:
    def offer(self, records):
        assert records == []


@pytest.fixture
async def database():
    return HangingDatabase()


@pytest.fixture
def desk(versions, database):
    settings = OrderSagaSettings(
        database_url="postgresql+psycopg2://nobody@/none",
        database_give_up_seconds=0.5,
        intake_batch_size=1,
    )
    return OrderDesk(versions, Transactions(database, NoOutbox()), settings)


async def test_however_many_wait_each_is_told_in_time_and_what_nobody_waits_for_is_not_placed(
    desk, database, new_messages
):
    waiting = [desk.place(new_messages().place_order()) for _ in range(20)]

    told = await asyncio.gather(*waiting, return_exceptions=True)

    assert {type(answer) for answer in told} == {DatabaseUnavailable}
    database.answers.set()
    await desk._batcher._runner
    (bound,) = database.bounds  # one transaction was begun, for the first caller
    assert 0 < bound <= 0.5


async def test_a_caller_who_still_waits_is_answered(desk, database, new_messages):
    database.answers.set()

    answer = await desk.place(new_messages().place_order())

    assert answer == "the order of the first caller"
