"""Use cases of dead letters: records from Kafka, operators' actions from the database."""

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.transaction_ids import any_committed, current_transaction
from sqlalchemy import Connection

from order_saga.operators.dead_letters import actions
from order_saga.operators.dead_letters.model import (
    DeadLetterDetail,
    DeadLetterPage,
    RecordPosition,
    RequestedAction,
    dead_letter_of,
    detail_of,
)
from order_saga.operators.dead_letters.reader import DeadLetterReader
from order_saga.settings import OrderSagaSettings


class DeadLetterService:
    """Lists, shows, replays and drops dead letters.

    Every method raises KafkaUnavailable and DatabaseUnavailable if these do not respond in time.
    """

    def __init__(self, database: Database, outbox: Outbox, settings: OrderSagaSettings) -> None:
        self._database = database
        self._outbox = outbox
        self._reader = DeadLetterReader(settings)
        self._prefix = settings.kafka_topic_prefix
        self._give_up_after = settings.database_give_up_seconds

    async def newest(self, limit: int, *, include_handled: bool) -> DeadLetterPage:
        """Return at most `limit` of the newest dead letters, with or without handled ones."""
        handled = await self._database.transaction(
            actions.find_all_actions, give_up_after_seconds=self._give_up_after
        )
        last = {position: taken[-1].at for position, taken in handled.items()}
        found, whole = await self._reader.newest(limit, {} if include_handled else last)
        listed = [
            each.model_copy(
                update={"dealt_with": actions.actions_on(each, handled.get(each.position, []))}
            )
            for each in found
        ]
        return DeadLetterPage(dead_letters=listed, whole=whole)

    async def show(self, position: RecordPosition) -> DeadLetterDetail:
        """Return a dead letter with its value.

        Raises:
            DeadLetterNotFound: The position does not exist, or Kafka no longer keeps it.
        """
        record = await self._reader.read(position)
        taken = await self._database.transaction(
            lambda connection: actions.find_actions(connection, position),
            give_up_after_seconds=self._give_up_after,
        )
        on_this = actions.actions_on(dead_letter_of(record, self._prefix), taken)
        return detail_of(record, self._prefix, on_this)

    async def act(self, position: RecordPosition, request: RequestedAction) -> DeadLetterDetail:
        """Replay or drop a dead letter, and return it.

        A replay is committed to the outbox, so it is published even if this process dies.

        Raises:
            DeadLetterNotFound: The position does not exist, or Kafka no longer keeps it.
            DeadLetterAlreadyHandled: It was replayed or dropped before, and `again` is not set.
            DeadLetterNotReplayable: Its origin is invalid, it was cut when it was stored, or its
                topic does not take its size.
        """
        record = await self._reader.read(position)
        if request.action == "replay":
            await self._reader.require_accepted(record)

        runs: list[str] = []

        def work(connection: Connection) -> list[Outgoing]:
            # The commit of an earlier run may have succeeded although its response was lost.
            if any_committed(connection, runs):
                return []  # a sweep of the outbox publishes the replay
            runs.append(current_transaction(connection))
            return actions.record_action(connection, self._outbox, record, self._prefix, request)

        replays = await self._database.transaction(work, give_up_after_seconds=self._give_up_after)
        self._outbox.offer(replays)
        return await self.show(position)
