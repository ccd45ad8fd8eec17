"""Ids that look like Stripe's: a prefix, a version digit for some, then random base 62."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTHS = {"cus": 14, "req": 14, "acct": 16}
_USUAL_LENGTH = 24
_VERSIONS = {"pi": "3", "ch": "3", "re": "3", "evt": "3", "pm": "1", "we": "1", "acct": "1"}
_SECRET_LENGTH = 25
_WEBHOOK_SECRET_LENGTH = 32


class Ids:
    """Mints ids; two of the same seed mint the same sequence.

    Args:
        seed: makes a run repeatable; None takes the seed from the system.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  # test ids, not secrets

    def new(self, prefix: str) -> str:
        """A new id such as `pi_3...` (24 characters after the underscore) or `cus_...` (14)."""
        version = _VERSIONS.get(prefix, "")
        length = _LENGTHS.get(prefix, _USUAL_LENGTH) - len(version)
        return f"{prefix}_{version}{self._characters(length)}"

    def client_secret(self, intent_id: str) -> str:
        """The `client_secret` of a PaymentIntent: its id, then 25 random characters."""
        return f"{intent_id}_secret_{self._characters(_SECRET_LENGTH)}"

    def webhook_secret(self) -> str:
        """The secret of a webhook endpoint."""
        return f"whsec_{self._characters(_WEBHOOK_SECRET_LENGTH)}"

    def invoice_prefix(self) -> str:
        """The eight capitals and digits that Stripe gives a customer's invoices."""
        return "".join(self._random.choices(string.ascii_uppercase + string.digits, k=8))

    def _characters(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))
