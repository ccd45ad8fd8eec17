"""The phases of a connection, and the time that each may take."""

from enum import Enum
from typing import Final

from saga_http.bounds import HttpBounds


class Phase(Enum):
    """What a connection waits for."""

    IDLE = "the first byte of the next request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    WORK = "the application"
    STALL = "the client to read its response"
    END = "the client to close"


WAITS_FOR_CLIENT: Final = (Phase.END, Phase.IDLE, Phase.HEAD, Phase.BODY, Phase.STALL)


def limit_seconds(phase: Phase, bounds: HttpBounds) -> float | None:
    """Return the time that a phase may take; None if it is not limited here."""
    return {
        Phase.HEAD: bounds.http_head_timeout_seconds,
        Phase.BODY: bounds.http_body_timeout_seconds,
        Phase.STALL: bounds.http_stall_timeout_seconds,
    }.get(phase)
