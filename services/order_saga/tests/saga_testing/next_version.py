"""`python -m saga_testing.next_version`: the service as its next release may be.

It has one more version of the saga, in which the payment information is confirmed once more, in a
state that the released code does not have.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from order_saga import main
from order_saga.create_order import commands, guards, keep
from order_saga.create_order.messages import CancelRequested
from order_saga.create_order.state import State
from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import Definitions, definitions
from saga_engine.declaration import Definition, Node
from saga_engine.words import compensate, query, saga
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved

CONFIRMING: Final = "confirming_payment_info"


def next_version(newest: Definition, timeouts: Timeouts) -> Definition:
    """Declare the version after the newest: one more query before the amount is held."""
    return saga(newest.version + 1, newest.replies, *_nodes(newest, timeouts))


def _nodes(newest: Definition, timeouts: Timeouts) -> Iterator[Node]:
    first, *others = newest.nodes.values()
    rules = tuple(
        replace(rule, then=CONFIRMING) if rule.message is PaymentInfoRetrieved else rule
        for rule in first.rules
    )
    yield replace(first, rules=rules)
    yield (
        query(CONFIRMING, commands.retrieve_payment_info, timeouts.payment_info)
        .on(PaymentInfoRetrieved, keep.customer, State.AUTHORIZING, unless=guards.other_user)
        .on(PaymentInfoFailed, keep.failure, compensate(State.REJECTED))
        .on(CancelRequested, keep.cancel_request, compensate(State.CANCELED))
        .on_timeout(keep.user_service_timeout, compensate(State.REJECTED))
    )
    yield from others


def next_definitions(timeouts: Timeouts) -> Definitions:
    """Return all versions of the release, and the next one."""
    released = definitions(timeouts)
    added = next_version(released.newest, timeouts)
    return Definitions({**released.by_version, added.version: added})


if __name__ == "__main__":
    main.definitions = next_definitions
    main.main()
