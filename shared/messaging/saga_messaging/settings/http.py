"""Settings of the HTTP server."""

from pydantic import Field, PositiveInt
from saga_http.bounds import HttpBounds

from saga_messaging.settings.source import FileSettings, Names


class HttpSettings(FileSettings, HttpBounds):
    """The HTTP server: its address, what clients may take of it, and who may call it."""

    http_host: str = "127.0.0.1"
    http_port: PositiveInt
    http_max_requests: PositiveInt = Field(
        128, description="Most requests in progress; another gets 503, except a health check."
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
