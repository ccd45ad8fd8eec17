"""Version 1 of the Create Order saga, which stops at the hold, for orders that started with it.

retrieving_payment_info --> authorizing --> authorized
           |                     |
           +---------------------+--------> rejected
"""

from saga_engine.declaration import Definition
from saga_engine.rules import Timeout
from saga_engine.words import earlier
from saga_schemas.payment_lifecycle import PaymentDisputed, PaymentRefunded, PaymentRefundFailed

from order_saga.create_order.saga import create_order
from order_saga.create_order.state import State
from order_saga.create_order.timeouts import Timeouts


def create_order_v1(timeouts: Timeouts) -> Definition:
    """Return the declaration: nothing is compensated, and a late authorization is accepted."""
    return earlier(
        create_order(timeouts),
        version=1,
        states=(
            State.RETRIEVING_PAYMENT_INFO,
            State.AUTHORIZING,
            State.AUTHORIZED,
            State.REJECTED,
        ),
        without=(PaymentRefunded, PaymentRefundFailed, PaymentDisputed),
        changes={
            State.RETRIEVING_PAYMENT_INFO: {"timeout": Timeout(timeouts.payment_info.seconds)},
            State.AUTHORIZING: {"timeout_rule": None, "may_stay_overdue": True},
        },
    )
