"""`python -m saga_testing.timers`: fire deadlines and do nothing else, until terminated.

It prints how many it has fired after each batch; the first line also says that it is ready.
"""

import asyncio

from order_saga.create_order.versions import definitions
from order_saga.runtime.orm import messaging
from order_saga.runtime.timers import Timers
from order_saga.runtime.transactions import Transactions
from order_saga.settings import OrderSagaSettings
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_messaging.process.logs import configure_logs


class CountedTimers(Timers):
    """The real timers, which print how many deadlines they have fired."""

    fired = 0

    async def fire_due(self) -> int:
        fired = await super().fire_due()
        self.fired += fired
        print(self.fired, flush=True)  # noqa: T201 - the test reads it
        return fired


def main() -> None:
    settings = OrderSagaSettings()
    configure_logs("timers", settings.log_level)
    database = Database.connect(settings)
    outbox = Outbox(messaging.outbox, database, Publisher(settings), settings)
    transactions = Transactions(database, outbox)
    timers = CountedTimers(definitions(settings.timeouts), transactions, settings)
    asyncio.run(timers.run())


if __name__ == "__main__":
    main()
