"""Every error that the emulator answers with, as one tree.

StripeError
├── InvalidParameters        400, refused before the work: not kept under an idempotency key
│   ├── ParameterUnknown
│   └── ParameterMissing
├── ResourceMissing          400 for an id in the body, 404 for one in the path
├── UnexpectedState          400, carries the PaymentIntent
├── CardDeclined             402
├── Unauthenticated          401, not kept
├── BodyTooLarge             413, not kept
├── UnrecognizedUrl          404, not kept
├── IdempotencyMismatch      400, not kept
├── IdempotencyKeyInUse      409, not kept
├── RateLimited              429, not kept
└── ServerError              500

https://docs.stripe.com/api/errors
"""

from typing import ClassVar

from stripe_emulator.cards import Decline
from stripe_emulator.wire import JsonObject

_DOC_URL = "https://stripe.com/docs/error-codes/"
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


class StripeError(Exception):
    """An answer that is an error: its status, its envelope, and whether a key keeps it.

    Args:
        message: what the caller reads.
        details: further attributes of the envelope, such as `decline_code` or
            `payment_intent`; those that are None are left out, as Stripe does.
    """

    status: int = 400
    type: ClassVar[str] = "invalid_request_error"
    kept: ClassVar[bool] = True

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, **details: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = {"code": code, "param": param, **details}

    def attributes(self) -> JsonObject:
        """The error as a PaymentIntent keeps it in `last_payment_error`."""
        error: JsonObject = {key: value for key, value in self.details.items() if value is not None}
        if self.code is not None:
            error["doc_url"] = _DOC_URL + self.code.replace("_", "-")
        error["message"] = self.message
        error["type"] = self.type
        return error

    def body(self, request_log_url: str) -> JsonObject:
        """The error envelope, with the link to the request in the emulator's log."""
        return {"error": {**self.attributes(), "request_log_url": request_log_url}}


class InvalidParameters(StripeError):
    """The parameters were refused before any work; the same key may be used again."""

    kept = False


class ParameterUnknown(InvalidParameters):
    """A parameter that the operation does not have."""

    def __init__(self, param: str) -> None:
        message = f"Received unknown parameter: {param}"
        super().__init__(message, code="parameter_unknown", param=param)


class ParameterMissing(InvalidParameters):
    """A parameter that the operation cannot do without."""

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", code="parameter_missing", param=param)


class ResourceMissing(StripeError):
    """No such object: 404 when its id was in the path, 400 when it was in the body.

    Kept under an idempotency key, since the work had begun (unverified).
    """

    def __init__(self, kind: str, object_id: str, *, param: str, in_path: bool) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)
        self.status = 404 if in_path else 400


class UnexpectedState(StripeError):
    """The PaymentIntent's status does not allow what was asked; nothing has changed."""

    def __init__(
        self, message: str, payment_intent: JsonObject | None, param: str | None = None
    ) -> None:
        code = "payment_intent_unexpected_state"
        super().__init__(message, code=code, param=param, payment_intent=payment_intent)


class CardDeclined(StripeError):
    """The card was declined; a PaymentIntent that was created for it stays."""

    status = 402
    type = "card_error"

    @classmethod
    def by(cls, decline: Decline, **details: object) -> "CardDeclined":
        """The error that a decline is."""
        return cls(
            decline.message,
            code=decline.code,
            param=decline.param,
            decline_code=decline.decline_code,
            advice_code=decline.advice_code,
            network_decline_code=decline.network_decline_code,
            network_advice_code=decline.network_advice_code,
            **details,
        )


class Unauthenticated(StripeError):
    """No API key, or one that is not a test key; such an answer has no id and leads nowhere."""

    status = 401
    kept = False

    def body(self, request_log_url: str) -> JsonObject:
        """The error envelope, without a link."""
        del request_log_url
        return {"error": self.attributes()}

    @classmethod
    def without_key(cls) -> "Unauthenticated":
        """The request carried no API key."""
        return cls(_NO_KEY)

    @classmethod
    def with_key(cls, key: str) -> "Unauthenticated":
        """The request carried a key that is no test key; the answer shows little of it."""
        shown = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[12:][-4:]}"
        hint = " The emulator refuses live keys." if "_live_" in key else ""
        return cls(f"Invalid API Key provided: {shown}.{hint}")


class UnrecognizedUrl(StripeError):
    """The method and path name no operation that the emulator has."""

    status = 404
    kept = False

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). "
            "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
        )


class BodyTooLarge(StripeError):
    """The body has more bytes than the emulator reads (unverified)."""

    status = 413
    kept = False

    def __init__(self) -> None:
        super().__init__("The request's body is too large.")


class IdempotencyMismatch(StripeError):
    """The key was used before with other parameters; nothing was done."""

    type = "idempotency_error"
    kept = False

    def __init__(self, key: str, first_path: str, path: str) -> None:
        used = "with the same parameters they were first used with"
        if path != first_path:
            used = f"for the same endpoint they were first used for ('{first_path}' vs '{path}')"
        super().__init__(
            f"Keys for idempotent requests can only be used {used}. Try using a key other than "
            f"'{key}' if you meant to execute a different request."
        )


class IdempotencyKeyInUse(StripeError):
    """The first request with this key has not ended yet; nothing was done."""

    status = 409
    kept = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that "
            "probably means you submitted twice, and the other request is still going through): "
            f"{key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(StripeError):
    """Too many requests (`rate_limit`), or too many on one object (`lock_timeout`)."""

    status = 429
    kept = False

    def __init__(self, code: str) -> None:
        super().__init__(_LOCKED if code == "lock_timeout" else _LIMITED, code=code)


class ServerError(StripeError):
    """Something failed inside Stripe."""

    status = 500
    type = "api_error"

    def __init__(self) -> None:
        super().__init__("An unknown error occurred. See https://support.stripe.com/.")
