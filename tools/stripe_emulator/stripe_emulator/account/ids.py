"""Ids in Stripe's format: a prefix, a version digit for some, and random base 62."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTHS = {"cus": 14, "req": 14, "acct": 16}
_USUAL_LENGTH = 24
_VERSIONS = {"pi": "3", "ch": "3", "re": "3", "evt": "3", "pm": "1", "we": "1", "acct": "1"}
_SECRET_LENGTH = 25
_WEBHOOK_SECRET_LENGTH = 32


class Ids:
    """A generator of ids; the same seed generates the same sequence.

    Args:
        seed: The seed; None takes one from the system.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  # test ids, not secrets

    def new(self, prefix: str) -> str:
        """Generate an id such as `pi_3…` (24 characters after the underscore) or `cus_…` (14)."""
        version = _VERSIONS.get(prefix, "")
        length = _LENGTHS.get(prefix, _USUAL_LENGTH) - len(version)
        return f"{prefix}_{version}{self._characters(length)}"

    def client_secret(self, intent_id: str) -> str:
        """Generate the `client_secret` of a PaymentIntent: its id and 25 random characters."""
        return f"{intent_id}_secret_{self._characters(_SECRET_LENGTH)}"

    def webhook_secret(self) -> str:
        """Generate the signing secret of a webhook endpoint."""
        return f"whsec_{self._characters(_WEBHOOK_SECRET_LENGTH)}"

    def invoice_prefix(self) -> str:
        """Generate a customer's invoice prefix: eight capital letters and digits."""
        return "".join(self._random.choices(string.ascii_uppercase + string.digits, k=8))

    def _characters(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))
