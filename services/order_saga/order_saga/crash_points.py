"""The moments in which a process may die, and the saga must still come to rest."""

from collections.abc import Iterator
from typing import NamedTuple

from order_saga.definition import Definition, Step, rules
from order_saga.domain import State
from order_saga.paths import NO_ANSWER, Edge, edges, type_of

PLACED = "place_order"


class CrashPoint(NamedTuple):
    """A moment of a way from one state to another, or of one more try of a step.

    Attributes:
        moment: `before_commit` of the transition; `before_send` of what was committed with it;
            `after_send`, before that is marked as sent.
    """

    edge: Edge
    moment: str

    @property
    def name(self) -> str:
        """One word for a test's name and a log line."""
        start, by, end = self.edge
        return f"{start}--{by.replace(' ', '_')}--{end}:{self.moment}"


def crash_points(definition: Definition) -> Iterator[CrashPoint]:
    """Every moment of every way, in the order of the declaration."""
    again = [
        Edge(state, NO_ANSWER, state)
        for state, node in definition.nodes.items()
        if isinstance(node, Step) and node.tries > 1
    ]
    first = Edge(definition.start, PLACED, definition.start)
    for edge in [first, *in_order(definition), *again]:
        yield CrashPoint(edge, "before_commit")
        if not _is_quiet(definition, edge):
            yield CrashPoint(edge, "before_send")
            yield CrashPoint(edge, "after_send")


def in_order(definition: Definition) -> list[Edge]:
    """Every way, in the order of the declaration."""
    order = list(definition.nodes)
    return sorted(edges(definition), key=lambda way: (order.index(way[0]), order.index(way[2])))


def _is_quiet(definition: Definition, edge: Edge) -> bool:
    """Whether the way sends nothing; that an order needs attention is told once."""
    if edge.start is State.NEEDS_ATTENTION:
        return edge.end is State.NEEDS_ATTENTION
    return any(
        rule.quietly and (type_of(rule.message), rule.then) == (edge.by, edge.end)
        for node in definition.nodes.values()
        for rule in rules(node)
    )
