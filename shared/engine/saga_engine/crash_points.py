"""The moments at which a process can die, after which the saga must still come to rest."""

from collections.abc import Iterator
from typing import NamedTuple

from saga_engine.declaration import Definition, Parked
from saga_engine.transitions import NO_REPLY, Edge, OnMessage, edges, explore


class CrashPoint(NamedTuple):
    """A moment of a transition, or of one more try of a step.

    Attributes:
        moment: `before_commit` of the transition; `before_send` of the message that was committed
            with it; `after_send`, before the message is marked as sent.
    """

    edge: Edge
    moment: str

    @property
    def name(self) -> str:
        """One word for a test's name and a log line."""
        start, by, end = self.edge
        return f"{start}--{by.replace(' ', '_')}--{end}:{self.moment}"


def crash_points(definition: Definition) -> Iterator[CrashPoint]:
    """Return every moment of every transition, in the order of the declaration."""
    again = [
        Edge(step.state, NO_REPLY, step.state)
        for step in definition.steps()
        if step.timeout.tries > 1
    ]
    first = Edge(definition.start, definition.started_by, definition.start)
    silent = _silent(definition)
    for edge in [first, *in_order(definition), *again]:
        yield CrashPoint(edge, "before_commit")
        if edge not in silent:
            yield CrashPoint(edge, "before_send")
            yield CrashPoint(edge, "after_send")


def in_order(definition: Definition) -> list[Edge]:
    """Return every way from a state to another, in the order of the declaration."""
    order = list(definition.nodes)
    return sorted(edges(definition), key=lambda edge: (order.index(edge[0]), order.index(edge[2])))


def _silent(definition: Definition) -> set[Edge]:
    """Return the ways that send nothing; that a saga needs attention is published once."""
    return {
        Edge(before.state, transition.by, after.state)
        for before, transition, after in explore(definition)
        if isinstance(transition, OnMessage) and not transition.stays
        if _is_silent(definition, before.state, after.state, transition)
    }


def _is_silent(definition: Definition, start: str, end: str, transition: OnMessage) -> bool:
    if isinstance(definition.nodes[start], Parked):
        return start == end
    return transition.rule.publish is False
