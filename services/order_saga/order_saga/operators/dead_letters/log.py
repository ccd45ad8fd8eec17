"""What operators did about dead letters: written down once, in the order's history too."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import Handled
from saga_messaging.kafka.records import Outgoing
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from sqlalchemy import Connection, exists, insert, select

from order_saga.errors import LetterDealtWith, LetterNotWhole
from order_saga.operators.dead_letters.model import (
    Action,
    Dealt,
    Letter,
    Place,
    letter_of,
    origin_topic,
)
from order_saga.runtime.orm import dead_letter_actions as table
from order_saga.runtime.orm import messaging, sagas


class LetterActed(Envelope):
    """The line in the history of the order that the letter names."""

    type: Literal["dead_letter_replayed", "dead_letter_dropped"]
    source: str = "order-saga"


def dealt_with(connection: Connection) -> Mapping[Place, list[Dealt]]:
    """What was done about each dead letter that somebody has dealt with, oldest first."""
    found: dict[Place, list[Dealt]] = defaultdict(list)
    query = select(table).order_by(table.c.nth)
    for row in connection.execute(query).mappings():
        place = (row["topic"], row["partition"], row["offset"])
        found[place].append(Dealt.model_validate(dict(row)))
    return found


def act(  # noqa: PLR0913 - an action, on what, by whom and why
    connection: Connection,
    outbox: Outbox,
    raw: Any,
    prefix: str,
    action: Action,
    *,
    by: str,
    note: str,
    again: bool = False,
) -> list[Outgoing]:
    """Mark a letter as dealt with; replayed, its value and key go back to where it came from.

    Returns:
        What is to be offered to the outbox once the transaction has committed.

    Raises:
        LetterDealtWith: It was replayed or dropped before, and not `again`.
        LetterNotWhole: It cannot be replayed; the message says why.
        IntegrityError: Another process did so first; the transaction is to be run again.
    """
    letter = letter_of(raw, prefix)
    earlier = done_about(connection, letter.place)
    if earlier and not again:
        last = earlier[-1]
        done = "replayed" if last.action == "replay" else "dropped"
        raise LetterDealtWith(f"It was {done} by {last.by} at {last.at:%Y-%m-%d %H:%M:%S} UTC")
    sends = [_replay(raw, letter, prefix, len(earlier) + 1)] if action == "replay" else []
    topic, partition, offset = letter.place
    connection.execute(
        insert(table).values(
            topic=topic,
            partition=partition,
            offset=offset,
            nth=len(earlier) + 1,
            action=action,
            by=by,
            note=note,
        )
    )
    _tell(connection, outbox, letter, action, by, note, len(earlier) + 1)
    return outbox.store(connection, sends)


def done_about(connection: Connection, place: Place) -> list[Dealt]:
    """What was done about one dead letter, oldest first."""
    topic, partition, offset = place
    query = (
        select(table)
        .where(table.c.topic == topic, table.c.partition == partition, table.c.offset == offset)
        .order_by(table.c.nth)
    )
    return [Dealt.model_validate(dict(row)) for row in connection.execute(query).mappings()]


def _replay(raw: Any, letter: Letter, prefix: str, nth: int) -> Outgoing:
    topic = origin_topic(raw, prefix)
    if topic is None:
        raise LetterNotWhole("it does not name the topic whose dead letters these are")
    if letter.cut:
        raise LetterNotWhole(f"it was cut when it was stored: {letter.cut}")
    return Outgoing(
        message_id=derived_message_id("replay", *letter.place, nth),
        correlation_id=letter.correlation_id or "unknown",
        type="dead_letter_replay",
        topic=topic,
        key=raw.key,
        value=raw.value or b"",
        headers={"replay-of": _name(letter)},
    )


def _tell(  # noqa: PLR0913, PLR0917 - an action, on what, by whom and why
    connection: Connection,
    outbox: Outbox,
    letter: Letter,
    action: Action,
    by: str,
    note: str,
    nth: int,
) -> None:
    order = letter.correlation_id
    if order is None:
        return
    if not connection.execute(select(exists().where(sagas.c.id == order))).scalar_one():
        return
    done = "replayed" if action == "replay" else "dropped"
    told = LetterActed(
        type="dead_letter_replayed" if action == "replay" else "dead_letter_dropped",
        correlation_id=order,
        message_id=derived_message_id("dead-letter-action", *letter.place, nth),
        payload={"by": by, "note": note, "dead_letter": _name(letter), "reason": letter.reason},
    )
    why = f": {note}" if note else ""
    effects = {told.message_id: Handled(f"{_name(letter)} {done} (by {by}{why})")}
    store_effects(connection, messaging.inbox, outbox, [told], effects)


def _name(letter: Letter) -> str:
    return f"{letter.topic}/{letter.partition}/{letter.offset}"
