"""Whether a webhook is Stripe's, and of now. https://docs.stripe.com/webhooks/signature ."""

import re
import time
from typing import Final

import stripe

_TIMESTAMP: Final = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")


class NotFromStripe(Exception):
    """The signature does not fit, or its time is not now."""


def verify(body: bytes, header: str, secret: str, tolerance_seconds: int) -> None:
    """Check the signature with the SDK, and its time in both directions: the SDK takes the future.

    Raises:
        NotFromStripe: And why.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance_seconds)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise NotFromStripe(str(error).partition("\n")[0]) from error
    found = _TIMESTAMP.search(header)
    if found is None or int(found[1]) > time.time() + tolerance_seconds:
        raise NotFromStripe("Timestamp outside the tolerance zone, in the future")
