"""HTTP requests and responses of the Stripe API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]
_MINTING_PATH = "/v1/payment_methods/pm_card_"


@dataclass(frozen=True, slots=True)
class Request:
    """A complete HTTP request; header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    client: tuple[str, int] | None = None

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def may_write(self) -> bool:
        """True if the request may change state; retrieving a token creates a payment method."""
        return self.method != "GET" or self.path.startswith(_MINTING_PATH)

    @property
    def base_url(self) -> str:
        """The URL at which the caller reached the emulator, without a path."""
        return f"http://{self.header(b'host') or '127.0.0.1'}"


@dataclass(frozen=True, slots=True)
class Response:
    """A status, a body, and the headers beyond those that every response has."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=Headers)
    error_code: str | None = None
