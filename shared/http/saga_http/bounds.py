"""The bounds of an HTTP server."""

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt


class HttpBounds(BaseModel):
    """What clients may take of a server."""

    max_body_bytes: PositiveInt = Field(
        default=65_536, description="Largest request body; a larger one gets 413."
    )
    http_max_connections: PositiveInt = Field(
        default=512,
        description="Most open connections; beyond, the one that has waited longest for its client "
        "is closed. If all requests are in progress, the new connection gets 503.",
    )
    http_backlog: PositiveInt = Field(
        default=128, description="Most connections queued by the kernel."
    )
    http_head_bytes: PositiveInt = Field(
        default=32_768, description="Largest request line with all headers; a larger one gets 431."
    )
    http_head_timeout_seconds: PositiveFloat = Field(
        default=10.0, description="Time for a request's head to arrive; a slower one gets 408."
    )
    http_body_timeout_seconds: PositiveFloat = Field(
        default=10.0, description="Time for a request's body to arrive; a slower one gets 408."
    )
    http_stall_timeout_seconds: PositiveFloat = Field(
        default=20.0, description="Time that a client may read nothing of its response."
    )
    http_keep_alive_seconds: PositiveInt = Field(
        default=5, description="Time that an idle connection is kept open."
    )
    http_reading_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Largest part of the event loop's time that parsing requests may take; other "
        "tasks, such as consumers, have the rest.",
    )
