"""The bounds of an HTTP server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """What clients may take of a server; times are in seconds.

    Attributes:
        connections: The most open connections. Once it is exceeded, the connection that has waited
            longest for its client is closed; if all requests are in progress, the new connection
            gets 503.
        backlog: The most connections that the kernel queues until the server accepts them.
        head_bytes: The largest request line with all headers; a larger head gets 431.
        head_seconds: The time for a head to arrive; a slower one gets 408.
        body_seconds: The time for a body to arrive; a slower one gets 408.
        stall_seconds: The time that a client may read nothing of its response.
        keep_alive_seconds: The time that an idle connection is kept open.
        reading_share: The largest part of the event loop's time that parsing may take; consumers in
            the same loop have the rest.
    """

    connections: int = 512
    backlog: int = 128
    head_bytes: int = 32_768
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    stall_seconds: float = 20.0
    keep_alive_seconds: int = 5
    reading_share: float = 0.5
