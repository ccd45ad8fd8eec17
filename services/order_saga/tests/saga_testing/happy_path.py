"""The happy path of a version, read off its declaration: no test lists its steps."""

from collections import deque
from functools import cache
from typing import get_type_hints

from order_saga.create_order.state import State
from saga_engine.declaration import Definition, Step
from saga_engine.transitions import Edge, edges, type_of
from saga_schemas import Envelope

from saga_testing.versions import NEWEST


@cache
def happy_path(to: str = State.AUTHORIZED, definition: Definition = NEWEST) -> tuple[Edge, ...]:
    """Return the fewest transitions from the start to a state that take replies only.

    Raises:
        LookupError: No replies lead there.
    """
    paths: dict[str, tuple[Edge, ...]] = {definition.start: ()}
    new = deque([definition.start])
    while new:
        state = new.popleft()
        if state == to:
            return paths[state]
        for edge in _by_a_reply(definition, state):
            if edge.end not in paths:
                paths[edge.end] = (*paths[state], edge)
                new.append(edge.end)
    raise LookupError(f"version {definition.version}: no replies lead to {to}")


def command_of(step: Step) -> type[Envelope]:
    """Return the class of the command that a step sends."""
    return get_type_hints(step.command)["return"]


def _by_a_reply(definition: Definition, state: str) -> list[Edge]:
    """Return the transitions that the replies to the step's own command take."""
    node = definition.nodes[state]
    if not isinstance(node, Step):
        return []
    replies = {type_of(reply) for reply in definition.replies[command_of(node)]}
    return [edge for edge in edges(definition) if edge.start == state and edge.by in replies]
