"""Authentication by API key: every test key is valid. https://docs.stripe.com/keys."""

import base64
import binascii
import re

from stripe_emulator.wire.messages import Request
from stripe_emulator.wire.request_errors import Unauthenticated

_TEST_KEY = re.compile(r"(sk|rk)_test_\w+")


class ApiKeys:
    """The API keys that were valid so far."""

    def __init__(self) -> None:
        self._passed: set[bytes] = set()

    def check(self, request: Request) -> None:
        """Check the API key of a request.

        Raises:
            Unauthenticated: If the key is missing or not a test key.
        """
        header = request.headers.get(b"authorization", b"")
        if header in self._passed:
            return
        key = _key_in(header.decode("latin-1"))
        if not key:
            raise Unauthenticated.without_key()
        if not _TEST_KEY.fullmatch(key):
            raise Unauthenticated.with_key(key)
        self._passed.add(header)


def _key_in(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
