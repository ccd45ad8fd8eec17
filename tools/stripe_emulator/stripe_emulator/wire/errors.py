"""The errors that the emulator answers with, as one tree.

StripeError
├── NotBegun                 nothing was done: not kept under an idempotency key
│   ├── InvalidParameters    400
│   │   ├── ParameterUnknown
│   │   └── ParameterMissing
│   └── (`request_errors`)   what is wrong with the request as a whole
├── ResourceMissing          400 for an id in the body, 404 for one in the path
├── UnexpectedState          400, carries the PaymentIntent
├── CardDeclined             402
└── ServerError              500

https://docs.stripe.com/api/errors
"""

from typing import ClassVar

from stripe_emulator.objects.cards import Decline
from stripe_emulator.wire.json import JsonObject

_DOC_URL = "https://stripe.com/docs/error-codes/"


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


class NotBegun(StripeError):
    """The request was refused before any work; the same key may be used again."""

    kept = False


class InvalidParameters(NotBegun):
    """The operation cannot begin with these parameters."""


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


class ServerError(StripeError):
    """Something failed inside Stripe."""

    status = 500
    type = "api_error"

    def __init__(self) -> None:
        super().__init__("An unknown error occurred. See https://support.stripe.com/.")
