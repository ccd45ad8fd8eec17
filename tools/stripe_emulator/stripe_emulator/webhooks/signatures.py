"""Signatures of webhooks (`Stripe-Signature`), which authenticate their sender.

https://docs.stripe.com/webhooks#verify-manually
"""

import hashlib
import hmac


def signature_header(payload: bytes, secret: str, timestamp: int) -> str:
    """Return the header for a body that is sent at `timestamp`, in seconds since 1970.

    Receivers refuse a timestamp that is too far from their own clock. As in Stripe's test mode,
    the header has a second signature of the scheme `v0`, which is fake and to be ignored (its
    computation at Stripe is unverified).
    """
    signed = b"%d.%b" % (timestamp, payload)
    v0 = _sign(signed, f"{secret}:v0")
    return f"t={timestamp},v1={_sign(signed, secret)},v0={v0}"


def _sign(signed: bytes, key: str) -> str:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
