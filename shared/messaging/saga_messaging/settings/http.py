"""Settings of the HTTP server."""

from pydantic import Field, PositiveFloat, PositiveInt
from saga_http.bounds import Bounds

from saga_messaging.settings.source import FileSettings, Names


class HttpSettings(FileSettings):
    """The HTTP server: its address, what clients may take of it, and who may call it."""

    http_host: str = "127.0.0.1"
    http_port: PositiveInt
    max_body_bytes: PositiveInt = Field(
        65_536, description="Largest request body; a larger one gets 413."
    )
    http_max_connections: PositiveInt = Field(
        512,
        description="Most open connections; beyond, the one that has waited longest is closed.",
    )
    http_max_requests: PositiveInt = Field(
        128, description="Most requests in progress; another gets 503, except a health check."
    )
    http_backlog: PositiveInt = Field(128, description="Most connections queued by the kernel.")
    http_head_bytes: PositiveInt = Field(
        32_768, description="Largest request line with all headers; a larger one gets 431."
    )
    http_head_timeout_seconds: PositiveFloat = Field(
        10.0, description="Time for a request's head to arrive; a slower one gets 408."
    )
    http_body_timeout_seconds: PositiveFloat = Field(
        10.0, description="Time for a request's body to arrive; a slower one gets 408."
    )
    http_stall_timeout_seconds: PositiveFloat = Field(
        20.0, description="Time that a client may read nothing of its response."
    )
    http_keep_alive_seconds: PositiveInt = Field(
        5, description="Time that an idle connection is kept open."
    )
    http_reading_share: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Largest part of the time that parsing requests may take; the consumers have "
        "the rest.",
    )
    http_shutdown_seconds: PositiveInt = Field(
        10, description="Time for requests in progress to finish during shutdown."
    )
    allowed_hosts: Names = Field(
        frozenset(),
        description="Host names of the service besides `localhost`, separated by commas; an "
        "address is always allowed, and `*` allows every name.",
    )
    allowed_origins: Names = Field(
        frozenset(),
        description="Origins of other websites that may call the service, separated by commas: "
        "`https://admin.example`.",
    )

    @property
    def http_bounds(self) -> Bounds:
        """The bounds of the server."""
        return Bounds(
            connections=self.http_max_connections,
            backlog=self.http_backlog,
            head_bytes=self.http_head_bytes,
            head_seconds=self.http_head_timeout_seconds,
            body_seconds=self.http_body_timeout_seconds,
            stall_seconds=self.http_stall_timeout_seconds,
            keep_alive_seconds=self.http_keep_alive_seconds,
            reading_share=self.http_reading_share,
        )
