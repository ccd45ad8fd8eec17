"""Where the emulator may differ from Stripe's document, and why."""

import re
from typing import Final

ALLOWED: Final[dict[str, str]] = {}
"""Regular expressions that a whole complaint matches, each with the reason."""


def is_allowed(complaint: str) -> bool:
    """Whether a complaint is one of those that are allowed."""
    return any(re.fullmatch(pattern, complaint) for pattern in ALLOWED)
