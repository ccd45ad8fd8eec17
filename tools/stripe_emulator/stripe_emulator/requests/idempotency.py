"""Idempotency keys: the first answer is kept for 24 hours and given again.

https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.forms import Pairs
from stripe_emulator.wire.messages import Answer
from stripe_emulator.wire.request_errors import IdempotencyKeyInUse, IdempotencyMismatch

KEPT_SECONDS = 24 * 3_600
_LONGEST_KEY = 255


@dataclass(slots=True)
class KeyRecord:
    """A key: the request that it stands for, its answer once there is one, and its past.

    `digests` counts every body that the key was ever sent with, refused ones included; it
    outlives the 24 hours. Neither `digest` nor `answer` is set when nothing is kept.
    """

    key: str
    path: str = ""
    digests: Counter[str] = field(default_factory=Counter[str])
    digest: str | None = None
    request_id: str = ""
    created: int = 0
    answer: Answer | None = None

    def waits_for(self, request_id: str) -> bool:
        """Whether this request has reserved the key, and is still under way."""
        under_way = self.digest is not None and self.answer is None
        return under_way and self.request_id == request_id


class IdempotencyKeys:
    """The keys of one account. `begin` reserves; then `keep` or `release` ends the reservation."""

    def __init__(self) -> None:
        self._records: dict[str, KeyRecord] = {}

    def __iter__(self) -> Iterator[KeyRecord]:
        return iter(self._records.values())

    def begin(self, key: str, path: str, pairs: Pairs, request_id: str, now: int) -> KeyRecord:
        """Reserve the key for this request to a path, or find the answer of the first.

        A record that comes back with an answer is a replay; without one, it is reserved.

        Raises:
            IdempotencyKeyInUse: the first request is still in flight.
            IdempotencyMismatch: the first request had other parameters.
            InvalidParameters: the key is longer than 255 characters.
        """
        if len(key) > _LONGEST_KEY:
            raise InvalidParameters(
                f"Idempotency keys can be at most {_LONGEST_KEY} characters long."
            )
        digest = digest_of(path, pairs)
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = KeyRecord(key)
        record.digests[digest] += 1
        if record.answer is not None and now - record.created >= KEPT_SECONDS:
            record.digest = record.answer = None
        if record.digest is None:
            record.digest, record.request_id, record.created = digest, request_id, now
            record.path, record.answer = path, None
        elif record.answer is None:
            raise IdempotencyKeyInUse(key)
        elif record.digest != digest:
            raise IdempotencyMismatch(key, record.path, path)
        return record

    def keep(self, record: KeyRecord, answer: Answer) -> None:
        """The work is done: give this answer again to whoever repeats the request."""
        record.answer = answer

    def release(self, record: KeyRecord) -> None:
        """Nothing was done: the key is free, for other parameters too."""
        record.digest = record.answer = None


def digest_of(path: str, pairs: Pairs) -> str:
    """32 hexadecimal digits that are the same for the same parameters in whatever order."""
    canonical = repr((path, sorted(pairs))).encode()
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()
