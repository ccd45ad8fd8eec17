"""Errors of a request as a whole, whatever its operation; none is executed.

NotExecuted
├── Unauthenticated          401
├── UnrecognizedUrl          404
├── BodyTooLarge             413
├── IdempotencyMismatch      400
├── IdempotencyKeyInUse      409
└── RateLimited              429

https://docs.stripe.com/api/errors
"""

from stripe_emulator.wire.errors import NotExecuted
from stripe_emulator.wire.json import JsonObject

_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization "
    "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at "
    "https://support.stripe.com/."
)
_LIMITED = (
    "Testmode request rate limit exceeded, the rate limits in testmode are lower than livemode. "
    "You can learn more about rate limits here https://stripe.com/docs/rate-limits."
)
_LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is "
    "currently accessing it. If you see this error intermittently, retry the request. If you see "
    "this error frequently and are making multiple concurrent requests to a single object, make "
    "your requests serially or at a lower rate."
)


class Unauthenticated(NotExecuted):
    """A missing or invalid API key; the response has neither an id nor a log link."""

    status = 401

    def body(self, request_log_url: str) -> JsonObject:
        """Return the error envelope without a log link."""
        del request_log_url
        return {"error": self.attributes()}

    @classmethod
    def without_key(cls) -> "Unauthenticated":
        """Build the error of a request without an API key."""
        return cls(_NO_KEY)

    @classmethod
    def with_key(cls, key: str) -> "Unauthenticated":
        """Build the error of an invalid key, of which the message shows 8 and 4 characters."""
        shown = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[12:][-4:]}"
        hint = " The emulator refuses live keys." if "_live_" in key else ""
        return cls(f"Invalid API Key provided: {shown}.{hint}")


class UnrecognizedUrl(NotExecuted):
    """A method and path without an operation."""

    status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). "
            "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
        )


class BodyTooLarge(NotExecuted):
    """A body of more bytes than the emulator accepts (unverified)."""

    status = 413

    def __init__(self) -> None:
        super().__init__("The request's body is too large.")


class IdempotencyMismatch(NotExecuted):
    """An idempotency key that was first used with other parameters."""

    type = "idempotency_error"

    def __init__(self, key: str, first_path: str, path: str) -> None:
        used = "with the same parameters they were first used with"
        if path != first_path:
            used = f"for the same endpoint they were first used for ('{first_path}' vs '{path}')"
        super().__init__(
            f"Keys for idempotent requests can only be used {used}. Try using a key other than "
            f"'{key}' if you meant to execute a different request."
        )


class IdempotencyKeyInUse(NotExecuted):
    """An idempotency key whose first request is still in progress."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that "
            "probably means you submitted twice, and the other request is still going through): "
            f"{key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(NotExecuted):
    """Too many requests (`rate_limit`), or too many for one object (`lock_timeout`)."""

    status = 429

    def __init__(self, code: str) -> None:
        super().__init__(_LOCKED if code == "lock_timeout" else _LIMITED, code=code)
