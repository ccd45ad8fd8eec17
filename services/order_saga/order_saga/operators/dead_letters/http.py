"""HTTP endpoints of dead letters, for operators."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from saga_messaging.http.openapi import problem
from saga_schemas.values import Identifier

from order_saga.api.schemas import NO_NOTE, ActionRequest
from order_saga.operators.dead_letters.model import (
    DeadLetterDetail,
    DeadLetterPage,
    RequestedAction,
)
from order_saga.operators.dead_letters.service import DeadLetterService
from order_saga.settings import OrderSagaSettings

RESPONSES: dict[int | str, dict[str, Any]] = {
    404: problem("The dead letter does not exist."),
    409: problem("It was already handled, or cannot be replayed; `detail` gives the reason."),
    503: problem("Kafka or the database is unavailable."),
}
Partition = Annotated[int, Path(ge=0, le=2**31 - 1)]
Offset = Annotated[int, Path(ge=0, le=2**63 - 1)]


class ReplayDeadLetterRequest(ActionRequest):
    """The requester and the reason; `again` replays a dead letter that was handled before."""

    again: bool = False


DEFAULT_REPLAY = ReplayDeadLetterRequest()


def dead_letters_router(dead_letters: DeadLetterService, settings: OrderSagaSettings) -> APIRouter:
    """Build the router of `/dead-letters`, which covers the dead letters of every topic."""
    router = APIRouter(prefix="/dead-letters", tags=["operators"], responses=RESPONSES)
    one = "/{topic}/{partition}/{offset}"

    @router.get("")
    async def list_dead_letters(  # pyright: ignore[reportUnusedFunction]
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = min(20, settings.list_limit),
        include_handled: Annotated[bool, Query(alias="all")] = False,
    ) -> DeadLetterPage:
        """List dead letters, newest first; with `all`, also those that were handled."""
        return await dead_letters.newest(limit, include_handled=include_handled)

    @router.get(one)
    async def show_dead_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier, partition: Partition, offset: Offset
    ) -> DeadLetterDetail:
        """Show a dead letter with its headers and its raw value."""
        return await dead_letters.show((topic, partition, offset))

    @router.post(one + "/replay")
    async def replay_dead_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier,
        partition: Partition,
        offset: Offset,
        request: ReplayDeadLetterRequest = DEFAULT_REPLAY,
    ) -> DeadLetterDetail:
        """Publish the raw value to the topic that it came from, with its key."""
        action = RequestedAction("replay", request.by, request.note, request.again)
        return await dead_letters.act((topic, partition, offset), action)

    @router.post(one + "/drop")
    async def drop_dead_letter(  # pyright: ignore[reportUnusedFunction]
        topic: Identifier, partition: Partition, offset: Offset, request: ActionRequest = NO_NOTE
    ) -> DeadLetterDetail:
        """Mark a dead letter as handled; Kafka keeps the record until its retention ends."""
        action = RequestedAction("drop", request.by, request.note)
        return await dead_letters.act((topic, partition, offset), action)

    return router
