"""A lease in this process."""

from dataclasses import dataclass
from typing import Final

from payment_service.model.lease import Lease

TRUSTED_FRACTION: Final = 2 / 3
"""Of a lease's duration: the rest covers the delay until we learn that it was granted."""


@dataclass(slots=True)
class LocalLease:
    """A lease in this process, with the event loop's times of its arrival and last renewal."""

    lease: Lease
    received_at: float
    renewed_at: float

    @property
    def fields(self) -> dict[str, object]:
        """The lease's identity, for logs."""
        return {"correlation_id": self.lease.saga_id, "attempts": self.lease.attempts}

    def at(self, now: float, available_seconds: float) -> Lease:
        """Return the lease with its age at `now`."""
        age = self.lease.age_seconds + now - self.received_at
        return self.lease.at_age(age, available_seconds)

    def is_trusted(self, now: float, lease_seconds: float) -> bool:
        """Return True if no other process can have taken the operation over."""
        return now - self.renewed_at < lease_seconds * TRUSTED_FRACTION
