"""Operators' actions on dead letters: recorded once, and in the history of the order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import Handled
from saga_messaging.kafka.records import Outgoing
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id, reserved_message_id
from sqlalchemy import Connection, RowMapping, exists, insert, select

from order_saga.errors import DeadLetterAlreadyHandled, DeadLetterNotReplayable
from order_saga.operators.dead_letters.model import (
    ActionName,
    DeadLetter,
    DeadLetterAction,
    RawRecord,
    RecordPosition,
    RequestedAction,
    dead_letter_of,
    origin_topic,
    position_text,
)
from order_saga.runtime.orm import dead_letter_actions as table
from order_saga.runtime.orm import messaging, sagas

_PAST: Final[Mapping[ActionName, str]] = {"replay": "replayed", "drop": "dropped"}


class DeadLetterHandled(Envelope):
    """The entry in the history of the order that the dead letter names."""

    type: Literal["dead_letter_replayed", "dead_letter_dropped"]
    source: str = "order-saga"


def find_all_actions(connection: Connection) -> Mapping[RecordPosition, list[DeadLetterAction]]:
    """Return the actions at every position of a handled dead letter, oldest first."""
    found: dict[RecordPosition, list[DeadLetterAction]] = defaultdict(list)
    for row in connection.execute(select(table).order_by(table.c.nth)).mappings():
        found[row["topic"], row["partition"], row["offset"]].append(_action_of(row))
    return found


def find_actions(connection: Connection, position: RecordPosition) -> list[DeadLetterAction]:
    """Return the actions at one position, oldest first."""
    topic, partition, offset = position
    query = (
        select(table)
        .where(table.c.topic == topic, table.c.partition == partition, table.c.offset == offset)
        .order_by(table.c.nth)
    )
    return [_action_of(row) for row in connection.execute(query).mappings()]


def actions_on(
    dead_letter: DeadLetter, at_position: Sequence[DeadLetterAction]
) -> list[DeadLetterAction]:
    """Return those actions at its position that were on this dead letter.

    A topic that was deleted and created has the same positions again: an action older than a record
    was on an earlier one.
    """
    written_at = dead_letter.at
    return [action for action in at_position if written_at is None or action.at >= written_at]


def record_action(
    connection: Connection, outbox: Outbox, record: RawRecord, prefix: str, request: RequestedAction
) -> list[Outgoing]:
    """Record an action; for a replay, store the raw value and key in the outbox.

    Returns:
        The messages to offer to the outbox once the transaction has committed.

    Raises:
        DeadLetterAlreadyHandled: It was replayed or dropped before, and `again` is not set.
        DeadLetterNotReplayable: Its origin is invalid, or it was cut when it was stored.
        IntegrityError: Another process was faster; run the transaction again.
    """
    dead_letter = dead_letter_of(record, prefix)
    at_position = find_actions(connection, dead_letter.position)
    earlier = actions_on(dead_letter, at_position)
    if earlier and not request.again:
        raise _already_handled(dead_letter, earlier[-1])
    nth = len(at_position) + 1
    replays = [_replay(record, dead_letter, prefix, nth)] if request.action == "replay" else []
    topic, partition, offset = dead_letter.position
    position = {"topic": topic, "partition": partition, "offset": offset}
    by_whom = {"action": request.action, "by": request.by, "note": request.note}
    connection.execute(insert(table).values(nth=nth, **position, **by_whom))
    _add_to_history(connection, outbox, dead_letter, request, nth)
    return outbox.store(connection, replays)


def _action_of(row: RowMapping) -> DeadLetterAction:
    return DeadLetterAction.model_validate(dict[str, Any](row))


def _already_handled(dead_letter: DeadLetter, last: DeadLetterAction) -> DeadLetterAlreadyHandled:
    return DeadLetterAlreadyHandled(
        f"Dead letter {position_text(dead_letter.position)} was already {_PAST[last.action]} by "
        f"{last.by} at {last.at:%Y-%m-%d %H:%M:%S} UTC. Pass `again=true` to replay it anyway."
    )


def _replay(record: RawRecord, dead_letter: DeadLetter, prefix: str, nth: int) -> Outgoing:
    topic = origin_topic(record, prefix)
    position = position_text(dead_letter.position)
    if topic is None:
        raise DeadLetterNotReplayable(
            f"Dead letter {position} cannot be replayed: its header `dead-letter-topic` does not "
            f"name the topic of {dead_letter.topic}. Drop it instead."
        )
    if dead_letter.cut:
        raise DeadLetterNotReplayable(
            f"Dead letter {position} cannot be replayed: it was cut when it was stored "
            f"({dead_letter.cut}). Publish the original message again from its source."
        )
    return Outgoing(
        message_id=derived_message_id("replay", *dead_letter.position, nth),
        correlation_id=dead_letter.correlation_id or "unknown",
        type="dead_letter_replay",
        topic=topic,
        key=record.key,
        value=record.value or b"",
        headers={"replay-of": position},
    )


def _add_to_history(
    connection: Connection,
    outbox: Outbox,
    dead_letter: DeadLetter,
    request: RequestedAction,
    nth: int,
) -> None:
    order_id = dead_letter.correlation_id
    if order_id is None:
        return
    if not connection.execute(select(exists().where(sagas.c.id == order_id))).scalar_one():
        return
    past, position = _PAST[request.action], position_text(dead_letter.position)
    reason = dead_letter.reason
    entry = DeadLetterHandled(
        type="dead_letter_replayed" if request.action == "replay" else "dead_letter_dropped",
        correlation_id=order_id,
        message_id=reserved_message_id("dead-letter-action", *dead_letter.position, nth),
        payload={
            "by": request.by,
            "note": request.note,
            "dead_letter": position,
            "reason": reason,
        },
    )
    note = f": {request.note}" if request.note else ""
    effects = {entry.message_id: Handled(f"{position} {past} (by {request.by}{note})")}
    store_effects(connection, messaging.inbox, outbox, [entry], effects)
