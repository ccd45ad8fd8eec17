"""Idempotency keys: the first response is kept for 24 hours and replayed.

https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.forms import Pairs
from stripe_emulator.wire.messages import Response
from stripe_emulator.wire.request_errors import IdempotencyKeyInUse, IdempotencyMismatch

RETENTION_SECONDS = 24 * 3_600
_MAX_KEY_LENGTH = 255


@dataclass(slots=True)
class KeyRecord:
    """An idempotency key with its request, its kept response, and its history.

    `digests` counts every body that was ever sent with the key, including refused ones, beyond
    the 24 hours. `digest` is set while the key is reserved or has a response.
    """

    key: str
    path: str = ""
    digests: Counter[str] = field(default_factory=Counter[str])
    digest: str | None = None
    request_id: str = ""
    created: int = 0
    response: Response | None = None

    def is_reserved_by(self, request_id: str) -> bool:
        """Return True if this request has reserved the key and is still in progress."""
        in_progress = self.digest is not None and self.response is None
        return in_progress and self.request_id == request_id


class IdempotencyKeys:
    """The keys of one account.

    `reserve` reserves a key; `keep` or `release` ends the reservation.
    """

    def __init__(self) -> None:
        self._records: dict[str, KeyRecord] = {}

    def __iter__(self) -> Iterator[KeyRecord]:
        return iter(self._records.values())

    def reserve(self, key: str, path: str, pairs: Pairs, request_id: str, now: int) -> KeyRecord:
        """Reserve a key for a request, or return the record with the first request's response.

        A returned record with a response is a replay; without one, the key is reserved.

        Raises:
            IdempotencyKeyInUse: If the first request is still in progress.
            IdempotencyMismatch: If the first request had other parameters.
            InvalidParameters: If the key is longer than 255 characters.
        """
        if len(key) > _MAX_KEY_LENGTH:
            raise InvalidParameters(
                f"Idempotency keys can be at most {_MAX_KEY_LENGTH} characters long."
            )
        digest = digest_of(path, pairs)
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = KeyRecord(key)
        record.digests[digest] += 1
        if record.response is not None and now - record.created >= RETENTION_SECONDS:
            record.digest = record.response = None
        if record.digest is None:
            record.digest, record.request_id, record.created = digest, request_id, now
            record.path, record.response = path, None
        elif record.response is None:
            raise IdempotencyKeyInUse(key)
        elif record.digest != digest:
            raise IdempotencyMismatch(key, record.path, path)
        return record

    def keep(self, record: KeyRecord, response: Response) -> None:
        """Keep a response, which is replayed to repeated requests."""
        record.response = response

    def release(self, record: KeyRecord) -> None:
        """Free the key, for other parameters too, because no work was done."""
        record.digest = record.response = None


def digest_of(path: str, pairs: Pairs) -> str:
    """Return 32 hexadecimal digits that identify a path and parameters in any order."""
    canonical = repr((path, sorted(pairs))).encode()
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()
