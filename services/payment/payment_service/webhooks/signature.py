"""Signatures of webhooks: https://docs.stripe.com/webhooks/signature ."""

import re
import time
from collections.abc import Sequence
from typing import Final

import stripe

from payment_service.errors import InvalidWebhook

_TIMESTAMP: Final = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")


def verify(body: bytes, header: str, secrets: Sequence[str], tolerance_seconds: int) -> None:
    """Check the signature with the SDK, and its timestamp in both directions.

    The SDK accepts timestamps in the future; this function limits them as well. During the rotation
    of a secret there are two, and either is sufficient.

    Raises:
        InvalidWebhook: The signature does not match, or its timestamp is out of tolerance.
    """
    if not header.isascii():  # the SDK cannot compare it
        raise InvalidWebhook("The header Stripe-Signature is not ASCII.")
    refusals = [_refusal(body, header, secret, tolerance_seconds) for secret in secrets]
    if all(refusals):
        raise InvalidWebhook(refusals[0])

    found = _TIMESTAMP.search(header)
    if found is None or int(found[1]) > time.time() + tolerance_seconds:
        raise InvalidWebhook(
            f"Timestamp is in the future by more than the tolerance of {tolerance_seconds} s."
        )


def _refusal(body: bytes, header: str, secret: str, tolerance_seconds: int) -> str:
    """Return the SDK's reason to refuse the signature, "" if it matches."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance_seconds)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        return str(error).partition("\n")[0] or "The signature does not match."
    return ""
