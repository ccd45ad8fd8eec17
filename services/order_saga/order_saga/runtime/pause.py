"""The switch that stops new orders: one row, read in the transaction that would place one."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from order_saga.runtime.orm import control_changes, controls

_PAUSED: Final = "paused"


class Pause(BaseModel):
    """Who has stopped new orders, why, and since when."""

    by: str
    note: str
    since: datetime


class Change(BaseModel):
    """Who has done it, why, and when."""

    action: Literal["pause", "resume"]
    by: str
    note: str
    at: datetime


class Controls(BaseModel):
    """Whether new orders are stopped, and the latest changes of that, newest first."""

    paused: Pause | None
    changes: list[Change]


def current_pause(connection: Connection) -> Pause | None:
    """The pause that every transaction from now on sees; None where new orders are taken."""
    query = select(controls.c.by, controls.c.note, controls.c.set_at.label("since")).where(
        controls.c.name == _PAUSED
    )
    row = connection.execute(query).mappings().one_or_none()
    return Pause.model_validate(dict(row)) if row else None


def pause_new_orders(connection: Connection, by: str, note: str) -> None:
    """Take no new orders, on every replica, until `resume`; paused again, the new note counts."""
    said = {"by": by, "note": note}
    connection.execute(
        upsert(controls)
        .values(name=_PAUSED, **said)
        .on_conflict_do_update(index_elements=[controls.c.name], set_=said)
    )
    connection.execute(insert(control_changes).values(action="pause", **said))


def resume_new_orders(connection: Connection, by: str, note: str) -> None:
    """Take new orders again; where they are taken, nothing changes."""
    lifted = connection.execute(delete(controls).where(controls.c.name == _PAUSED)).rowcount
    if lifted:
        connection.execute(insert(control_changes).values(action="resume", by=by, note=note))


def find_controls(connection: Connection, limit: int) -> Controls:
    """The switch as it is, and at most `limit` of its changes."""
    query = select(control_changes).order_by(control_changes.c.id.desc()).limit(limit)
    changes = [Change.model_validate(dict(row)) for row in connection.execute(query).mappings()]
    return Controls(paused=current_pause(connection), changes=changes)
