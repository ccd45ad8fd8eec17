"""A request as it came in, and the answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]
_TOKENS = "/v1/payment_methods/pm_card_"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, read to its end; header names are in small letters."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    client: tuple[str, int] | None = None

    def header(self, name: bytes) -> str | None:
        """The value of a header, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def changes(self) -> bool:
        """Whether it may change anything: also to read a token makes a payment method."""
        return self.method != "GET" or self.path.startswith(_TOKENS)

    @property
    def origin(self) -> str:
        """The address that the caller reached the emulator at."""
        return f"http://{self.header(b'host') or '127.0.0.1'}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body; `headers` are those beyond the ones that every answer has."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=Headers)
    error_code: str | None = None
