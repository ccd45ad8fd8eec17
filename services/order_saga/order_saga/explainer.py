"""Gathers what there is to say of an order: from the database, and, within bounds, from Kafka."""

import asyncio
from collections.abc import Sequence

from saga_messaging.database import Database

from order_saga import letter_log
from order_saga.definitions import Definitions
from order_saga.domain import OrderSaga
from order_saga.errors import KafkaSilent, OrderUnknown
from order_saga.lag import consumers_of
from order_saga.letter_box import LetterBox
from order_saga.letter_desk import DEAD_LETTER_TOPICS
from order_saga.settings import OrderSagaSettings
from order_saga.situation import Consumer, Facts, LetterOf, Route, routes
from order_saga.why_log import find_known


class Explainer:
    """Gathers what is known of an order: from the database, and, within bounds, from Kafka."""

    def __init__(
        self, definitions: Definitions, database: Database, settings: OrderSagaSettings
    ) -> None:
        self._definitions = definitions
        self._database = database
        self._settings = settings
        self._box = LetterBox(settings)

    async def explain(self, order_id: str) -> Facts:
        """The facts. Kafka's silence is one of them.

        Raises:
            OrderUnknown: There is no such order.
        """
        known, dealt = await self._database.transaction(
            lambda connection: (
                find_known(connection, order_id),
                letter_log.dealt_with(connection, DEAD_LETTER_TOPICS),
            ),
            give_up_after_seconds=self._settings.place_order_timeout_seconds,
        )
        if known is None:
            raise OrderUnknown
        saga = known.saga
        nodes = self._definitions.of(saga.definition_version).nodes
        node, parked = nodes[saga.state], nodes[saga.parked] if saga.parked else None
        consumers, letters = await asyncio.gather(
            self._consumers(saga, routes(saga, parked or node)), self._letters(order_id)
        )
        if not isinstance(letters, str):
            letters = [
                each for each in letters if (each.topic, each.partition, each.offset) not in dealt
            ]
        return Facts(
            saga=saga,
            node=node,
            now=known.now,
            since=known.since,
            said=known.said,
            until=known.until,
            consumers=consumers,
            letters=letters,
        )

    async def _consumers(self, saga: OrderSaga, of: Sequence[Route]) -> Sequence[Consumer] | str:
        if not of:
            return ()
        settings = self._settings
        try:
            return await consumers_of(saga.id, of, settings, settings.kafka_look_seconds)
        except KafkaSilent as silent:
            return str(silent)

    async def _letters(self, order_id: str) -> Sequence[LetterOf] | str:
        try:
            found, _ = await self._box.newest()
        except KafkaSilent as silent:
            return str(silent)
        return [
            LetterOf(letter.topic, letter.partition, letter.offset, letter.reason)
            for letter in found
            if order_id in {letter.correlation_id, letter.key}
        ]
