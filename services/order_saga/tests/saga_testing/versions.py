"""The versions of the saga, for tests; nothing else in the tests lists them.

A test that is about one earlier version asks for it by its number: `ALL.of(1)`.
"""

from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import definitions
from saga_engine.declaration import Definition
from saga_schemas import Envelope

ALL = definitions(Timeouts())
"""Every version, with the default time-outs."""

NEWEST = ALL.newest
"""The version that new orders start with."""

VERSIONS = ALL.by_version
"""The declarations by number, as `SqlSagas` takes them."""


def oldest_first(timeouts: Timeouts) -> tuple[Definition, ...]:
    """Return every version with these time-outs; the last is the newest."""
    return tuple(definition for _, definition in sorted(definitions(timeouts).by_version.items()))


def handles(definition: Definition, message: type[Envelope]) -> bool:
    """Return whether a version has a rule for a message, in any state."""
    return any(rule.message is message for node in definition.nodes.values() for rule in node.rules)
