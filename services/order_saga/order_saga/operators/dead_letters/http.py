"""GET /dead-letters, GET …/{topic}/{partition}/{offset}, POST …/replay and …/drop."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from saga_schemas.values import Identifier

from order_saga.api.problems import problem
from order_saga.api.schemas import NO_NOTE, ActionRequest
from order_saga.operators.dead_letters.model import LetterPage, WholeLetter
from order_saga.operators.dead_letters.service import LetterDesk
from order_saga.settings import OrderSagaSettings

RESPONSES: dict[int | str, dict[str, Any]] = {
    404: problem("There is no such dead letter."),
    409: problem("It was dealt with before, or cannot be replayed; `detail` says why."),
    503: problem("Kafka or the database is away."),
}
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
Offset = Annotated[int, Path(ge=0, le=2**63 - 1)]


class ReplayRequest(ActionRequest):
    """Who replays it, and why; `again` where it was dealt with before."""

    again: bool = False


NOT_AGAIN = ReplayRequest()


def letters_router(desk: LetterDesk, settings: OrderSagaSettings) -> APIRouter:
    """What could not be handled, of every topic, for operators."""
    router = APIRouter(prefix="/dead-letters", tags=["operators"], responses=RESPONSES)
    one = "/{topic}/{partition}/{offset}"

    @router.get("")
    async def list_letters(  # pyright: ignore[reportUnusedFunction]
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = min(20, settings.list_limit),
        everything: Annotated[bool, Query(alias="all")] = False,
    ) -> LetterPage:
        """Dead letters, newest first; `all`: also those that were dealt with."""
        return await desk.newest(limit, everything=everything)

    @router.get(one)
    async def show_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier, partition: Number, offset: Offset
    ) -> WholeLetter:
        """A dead letter with its raw value and its headers."""
        return await desk.show((topic, partition, offset))

    @router.post(one + "/replay")
    async def replay_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier, partition: Number, offset: Offset, asking: ReplayRequest = NOT_AGAIN
    ) -> WholeLetter:
        """Put the raw value back on the topic that it came from, under its key."""
        place = (topic, partition, offset)
        said = {"by": asking.by, "note": asking.note}
        return await desk.act(place, "replay", again=asking.again, **said)

    @router.post(one + "/drop")
    async def drop_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier, partition: Number, offset: Offset, asking: ActionRequest = NO_NOTE
    ) -> WholeLetter:
        """Mark it as dealt with; Kafka keeps it as long as it keeps its topic."""
        place = (topic, partition, offset)
        return await desk.act(place, "drop", by=asking.by, note=asking.note)

    return router
