"""The errors that the API returns, as one tree.

StripeError
├── NotExecuted              no work began: not kept under an idempotency key
│   ├── InvalidParameters    400
│   │   ├── ParameterUnknown
│   │   └── ParameterMissing
│   └── (`request_errors`)   errors of the request as a whole
├── ResourceMissing          400 for an id in the body, 404 for one in the path
├── UnexpectedState          400, carries the PaymentIntent
├── CardDeclined             402
└── ServerError              500

https://docs.stripe.com/api/errors
"""

from typing import ClassVar

from stripe_emulator.wire.json import JsonObject

_DOC_URL = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An error response: its status, its envelope, and `kept`, true if a key keeps it.

    Args:
        message: The text for the caller.
        code: Stripe's error code.
        param: The parameter at fault.
        details: Further attributes of the envelope, such as `decline_code` or
            `payment_intent`; those that are None are omitted, as Stripe does.
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
        """Return the error as a PaymentIntent stores it in `last_payment_error`."""
        error: JsonObject = {key: value for key, value in self.details.items() if value is not None}
        if self.code is not None:
            error["doc_url"] = _DOC_URL + self.code.replace("_", "-")
        error["message"] = self.message
        error["type"] = self.type
        return error

    def body(self, request_log_url: str) -> JsonObject:
        """Return the error envelope with a link to the request in the emulator's log."""
        return {"error": {**self.attributes(), "request_log_url": request_log_url}}


class NotExecuted(StripeError):
    """An error before execution began; the idempotency key may be used again."""

    kept = False


class InvalidParameters(NotExecuted):
    """Invalid parameters for the operation."""


class ParameterUnknown(InvalidParameters):
    """A parameter that the operation does not have."""

    def __init__(self, param: str) -> None:
        message = f"Received unknown parameter: {param}"
        super().__init__(message, code="parameter_unknown", param=param)


class ParameterMissing(InvalidParameters):
    """A required parameter that is missing."""

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", code="parameter_missing", param=param)


class ResourceMissing(StripeError):
    """An unknown object: 404 if its id was in the path, 400 if it was in the body.

    Kept under an idempotency key, because execution had begun (unverified).
    """

    def __init__(self, kind: str, object_id: str, *, param: str, in_path: bool) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)
        self.status = 404 if in_path else 400


class UnexpectedState(StripeError):
    """A request that the PaymentIntent's status does not allow; nothing has changed."""

    def __init__(
        self, message: str, payment_intent: JsonObject | None, param: str | None = None
    ) -> None:
        code = "payment_intent_unexpected_state"
        super().__init__(message, code=code, param=param, payment_intent=payment_intent)


class CardDeclined(StripeError):
    """A declined card; a PaymentIntent that was created by the request remains."""

    status = 402
    type = "card_error"


class ServerError(StripeError):
    """A failure inside the API."""

    status = 500
    type = "api_error"

    def __init__(self) -> None:
        super().__init__("An unknown error occurred. See https://support.stripe.com/.")
