"""`Stripe-Signature`: what proves to a receiver that an event comes from here.

https://docs.stripe.com/webhooks#verify-manually
"""

import hashlib
import hmac


def signature_header(payload: bytes, secret: str, timestamp: int) -> str:
    """The header for a body that is sent at `timestamp`, in seconds since 1970.

    Receivers refuse a timestamp that is too far from their own clock. As Stripe does in test
    mode, it holds another signature of the scheme `v0`, which is fake and to be ignored (what
    Stripe makes it of is unverified).
    """
    signed = b"%d.%b" % (timestamp, payload)
    v0 = _sign(signed, f"{secret}:v0")
    return f"t={timestamp},v1={_sign(signed, secret)},v0={v0}"


def _sign(signed: bytes, key: str) -> str:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
