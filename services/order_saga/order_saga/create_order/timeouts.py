"""How long each step of the Create Order saga waits for its reply, and how often it is tried."""

from dataclasses import dataclass
from typing import Final

from saga_engine.rules import Timeout

ONE_MINUTE: Final = Timeout(60.0)
FIVE_TRIES: Final = Timeout(60.0, tries=5, back_off=2.0)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time-outs of the steps.

    Attributes:
        payment_info: Of the user service's reply.
        authorization: Of the authorization. It is sent once: a reply that is late is undone.
        operation: Of a capture, a cancellation or a refund.
    """

    payment_info: Timeout = ONE_MINUTE
    authorization: Timeout = ONE_MINUTE
    operation: Timeout = FIVE_TRIES
