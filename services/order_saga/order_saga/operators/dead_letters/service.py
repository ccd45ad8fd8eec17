"""Dead letters are read from Kafka; what is done about them stands in the database."""

from typing import Any

from fastapi_problem.error import ConflictProblem, NotFoundProblem
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.http.problems import ServiceUnavailable
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from order_saga.errors import KafkaUnavailable, LetterDealtWith, LetterNotWhole, LetterUnknown
from order_saga.operators.dead_letters import log
from order_saga.operators.dead_letters.model import (
    Action,
    LetterPage,
    Place,
    WholeLetter,
    whole_letter_of,
)
from order_saga.operators.dead_letters.reader import LetterBox
from order_saga.settings import OrderSagaSettings


class UnknownLetter(NotFoundProblem):
    """404."""

    title = "There is no such dead letter."


class LetterConflict(ConflictProblem):
    """409."""

    title = "Nothing was done about the dead letter."


class KafkaAway(ServiceUnavailable):
    """503."""

    title = "Kafka cannot be asked now."


class LetterDesk:
    """Reads letters, and acts on them."""

    def __init__(self, database: Database, outbox: Outbox, settings: OrderSagaSettings) -> None:
        self._database = database
        self._outbox = outbox
        self._box = LetterBox(settings)
        self._prefix = settings.kafka_topic_prefix
        self._give_up_after = settings.database_give_up_seconds

    async def newest(self, limit: int, *, everything: bool) -> LetterPage:
        """At most `limit` of the newest letters, `everything` or what nobody has dealt with.

        Raises:
            KafkaAway: 503.
        """
        try:
            found, whole = await self._box.newest()
        except KafkaUnavailable as silent:
            raise KafkaAway(detail=str(silent)) from None
        dealt = await self._database.transaction(
            log.dealt_with,
            give_up_after_seconds=self._give_up_after,
        )
        letters = [
            letter.model_copy(update={"dealt_with": dealt.get(letter.place, [])})
            for letter in found
            if everything or letter.place not in dealt
        ]
        return LetterPage(dead_letters=letters[:limit], whole=whole and len(letters) <= limit)

    async def show(self, place: Place) -> WholeLetter:
        """One letter with its value.

        Raises:
            UnknownLetter, KafkaAway: 404, 503.
        """
        raw = await self._read(place)
        done = await self._database.transaction(
            lambda connection: log.done_about(connection, place),
            give_up_after_seconds=self._give_up_after,
        )
        return whole_letter_of(raw, self._prefix, done)

    async def act(
        self, place: Place, action: Action, *, by: str, note: str, again: bool = False
    ) -> WholeLetter:
        """The letter, dealt with. A replay is sent once this has returned, whatever dies.

        Raises:
            UnknownLetter, LetterConflict, KafkaAway: 404, 409, 503.
        """
        raw = await self._read(place)

        def work(connection: Connection) -> list[Outgoing]:
            return log.act(
                connection,
                self._outbox,
                raw,
                self._prefix,
                action,
                by=by,
                note=note,
                again=again,
            )

        try:
            sent = await self._database.transaction(work, give_up_after_seconds=self._give_up_after)
        except LetterDealtWith as dealt:
            raise LetterConflict(detail=f"{dealt}; `again` replays it.") from None
        except LetterNotWhole as cut:
            raise LetterConflict(detail=f"It cannot be replayed: {cut}.") from None
        self._outbox.offer(sent)
        return await self.show(place)

    async def _read(self, place: Place) -> Any:
        try:
            return await self._box.read(place)
        except LetterUnknown:
            raise UnknownLetter(detail="There is none at {}/{}/{}.".format(*place)) from None
        except KafkaUnavailable as silent:
            raise KafkaAway(detail=str(silent)) from None
