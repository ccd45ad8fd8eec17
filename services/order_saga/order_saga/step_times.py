"""How long each step waits, and how often it is tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Bounds of the saga's steps.

    Attributes:
        back_off: By which each further try of a settlement waits longer than the one before.
    """

    payment_info_seconds: float = 60.0
    payment_info_tries: int = 1
    authorization_seconds: float = 60.0
    settlement_seconds: float = 60.0
    settlement_tries: int = 5
    back_off: float = 2.0
