"""Signatures of webhooks: https://docs.stripe.com/webhooks/signature ."""

import re
import time
from typing import Final

import stripe

from payment_service.errors import InvalidWebhook

_TIMESTAMP: Final = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")


def verify(body: bytes, header: str, secret: str, tolerance_seconds: int) -> None:
    """Check the signature with the SDK, and its timestamp in both directions.

    The SDK accepts timestamps in the future; this function limits them as well.

    Raises:
        InvalidWebhook: The signature does not match, or its timestamp is out of tolerance.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance_seconds)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise InvalidWebhook(str(error).partition("\n")[0]) from error
    found = _TIMESTAMP.search(header)
    if found is None or int(found[1]) > time.time() + tolerance_seconds:
        raise InvalidWebhook(
            f"Timestamp is in the future by more than the tolerance of {tolerance_seconds} s."
        )
