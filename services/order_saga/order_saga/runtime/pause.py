"""The switch that pauses new orders: one row, read in the transaction that would place an order."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from order_saga.runtime.orm import control_changes, controls

_PAUSED: Final = "paused"


class Pause(BaseModel):
    """A pause of new orders: who set it, why, and since when."""

    by: str
    note: str
    since: datetime


class PauseChange(BaseModel):
    """A pause or resume: who requested it, why, and when."""

    action: Literal["pause", "resume"]
    by: str
    note: str
    at: datetime


class Controls(BaseModel):
    """The current pause, null if new orders are accepted; and its latest changes, newest first."""

    paused: Pause | None
    changes: list[PauseChange]


def current_pause(connection: Connection) -> Pause | None:
    """Return the committed pause; None if new orders are accepted."""
    query = select(controls.c.by, controls.c.note, controls.c.set_at.label("since")).where(
        controls.c.name == _PAUSED
    )
    row = connection.execute(query).mappings().one_or_none()
    return Pause.model_validate(dict(row)) if row else None


def pause_new_orders(connection: Connection, by: str, note: str) -> None:
    """Pause new orders on every replica until `resume_new_orders`.

    A second pause replaces `by` and `note`, and keeps the time of the first. The same pause again,
    as when the work is repeated after a lost response to its commit, changes nothing.
    """
    request = {"by": by, "note": note}
    changed = connection.execute(
        upsert(controls)
        .values(name=_PAUSED, **request)
        .on_conflict_do_update(
            index_elements=[controls.c.name],
            set_=request,
            where=or_(controls.c.by != by, controls.c.note != note),
        )
    ).rowcount
    if changed:
        connection.execute(insert(control_changes).values(action="pause", **request))


def resume_new_orders(connection: Connection, by: str, note: str) -> None:
    """Accept new orders again; do nothing if they are not paused."""
    deleted = connection.execute(delete(controls).where(controls.c.name == _PAUSED)).rowcount
    if deleted:
        connection.execute(insert(control_changes).values(action="resume", by=by, note=note))


def find_controls(connection: Connection, limit: int) -> Controls:
    """Return the current pause and at most `limit` of its changes, newest first."""
    query = select(control_changes).order_by(control_changes.c.id.desc()).limit(limit)
    rows = connection.execute(query).mappings()
    return Controls(
        paused=current_pause(connection),
        changes=[PauseChange.model_validate(dict(row)) for row in rows],
    )
