"""HTTP endpoints of the outbox, for operators: what is not published, and why."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi_problem.error import Problem
from pydantic import BaseModel, ConfigDict, Field
from saga_schemas.values import Identifier, ShortText

from saga_messaging.delivery.parked_records import OutboxPage, ParkedRecord, ParkedRecords
from saga_messaging.errors import ParkedRecordNotFound
from saga_messaging.http.problems import Handler

MAX_PAGE: Final = 100
_PROBLEM: Final = {"content": {"application/problem+json": {}}}


class ParkedRecordRequest(BaseModel):
    """A request for a parked record. `by` and `note` are recorded."""

    model_config = ConfigDict(extra="forbid")

    by: Identifier = Field(default="api", description="The requester.")
    note: ShortText = Field(default="", description="The reason.")


DEFAULT_REQUEST: Final = ParkedRecordRequest()


def _not_found(_: Any, __: Any, error: Exception) -> Problem:
    return Problem(
        "Parked record not found.", type_="unknown-record", status=404, detail=str(error)
    )


OUTBOX_PROBLEMS: Final[dict[type[Exception], Handler]] = {ParkedRecordNotFound: _not_found}


def outbox_router(parked: ParkedRecords) -> APIRouter:
    """Return the router of `/outbox`, which covers the records that this service publishes."""
    unavailable: dict[int | str, dict[str, Any]] = {
        503: {"description": "The database is unavailable.", **_PROBLEM}
    }
    not_found: dict[int | str, dict[str, Any]] = {
        404: {"description": "No such record is parked.", **_PROBLEM}
    }
    router = APIRouter(prefix="/outbox", tags=["operators"], responses=unavailable)

    @router.get("")
    async def list_outbox(  # pyright: ignore[reportUnusedFunction]
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        correlation_id: Identifier | None = None,
    ) -> OutboxPage:
        """List topics with unsent records, and records that Kafka refused, newest first."""
        return await parked.newest(limit, correlation_id)

    @router.post("/{message_id}/retry", responses=not_found)
    async def retry_record(  # pyright: ignore[reportUnusedFunction]
        message_id: UUID, request: ParkedRecordRequest = DEFAULT_REQUEST
    ) -> ParkedRecord:
        """Publish a parked record again; it is parked again if Kafka still refuses it."""
        return await parked.retry(message_id, request.by, request.note)

    @router.post("/{message_id}/drop", responses=not_found)
    async def drop_record(  # pyright: ignore[reportUnusedFunction]
        message_id: UUID, request: ParkedRecordRequest = DEFAULT_REQUEST
    ) -> ParkedRecord:
        """Give a parked record up; the records behind it are published."""
        return await parked.drop(message_id, request.by, request.note)

    return router
