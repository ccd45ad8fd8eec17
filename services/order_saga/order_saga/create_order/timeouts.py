"""Time-outs and tries of the steps of the Create Order saga."""

from dataclasses import dataclass
from typing import Final

from saga_engine.rules import Timeout

ONE_MINUTE: Final = Timeout(60.0)
FIVE_TRIES: Final = Timeout(60.0, tries=5, back_off=2.0)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time-outs of the steps.

    Attributes:
        payment_info: For the reply of the user service.
        authorization: For the authorization. It is sent once; a late one is compensated.
        operation: For a capture, a cancellation or a refund.
    """

    payment_info: Timeout = ONE_MINUTE
    authorization: Timeout = ONE_MINUTE
    operation: Timeout = FIVE_TRIES
