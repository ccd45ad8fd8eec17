"""Messages about a payment after its authorization: capture, cancellation, refund, dispute.

An event without an `attempt` is not a reply: it reports a change that was made at Stripe.
"""

from typing import Annotated, Literal

from pydantic import Field

from saga_schemas.envelope import Command, Envelope
from saga_schemas.values import (
    MAX_AMOUNT,
    Amount,
    Attempt,
    Currency,
    Failure,
    Identifier,
    ShortText,
    Value,
)

AmountOrNone = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT)]
"""An amount in the currency's minor unit, or 0."""

OperationFailureCode = Literal[
    "no_payment",
    "nothing_held",
    "already_captured",
    "amount_too_large",
    "charge_disputed",
    "invalid_request",
    "stripe_unavailable",
]


DisputeOutcome = Literal["won", "lost", "warning_closed", "prevented"]


class CapturePaymentPayload(Value):
    """The amount to capture; the rest of the hold is released."""

    amount: Amount
    currency: Currency = "usd"
    attempt: Attempt = 1


class CapturePayment(Command):
    """Command: capture all or a part of the hold."""

    type: Literal["capture_payment"] = "capture_payment"
    payload: CapturePaymentPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class CancelPaymentPayload(Value):
    """The reason of the release, as Stripe's `cancellation_reason`."""

    reason: Literal["abandoned", "requested_by_customer", "duplicate", "fraudulent"] = "abandoned"
    attempt: Attempt = 1


class CancelPayment(Command):
    """Command: release the saga's hold, and refuse any authorization that follows."""

    type: Literal["cancel_payment"] = "cancel_payment"
    payload: CancelPaymentPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class RefundPaymentPayload(Value):
    """The amount to refund. Commands with the same `refund_id` are one refund."""

    refund_id: Identifier
    amount: Amount
    currency: Currency = "usd"
    attempt: Attempt = 1


class RefundPayment(Command):
    """Command: refund all or a part of the captured amount."""

    type: Literal["refund_payment"] = "refund_payment"
    payload: RefundPaymentPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class PaymentCapturedPayload(Value):
    """The captured amount."""

    payment_intent_id: Identifier
    amount: Amount
    currency: Currency = "usd"
    attempt: Attempt | None = None


class PaymentCaptured(Envelope):
    """Event: the amount is captured, and the rest of the hold is released."""

    type: Literal["payment.captured"] = "payment.captured"
    payload: PaymentCapturedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class OperationFailedPayload(Failure):
    """The reason that a command changed nothing."""

    code: OperationFailureCode
    payment_intent_id: Identifier | None = None
    attempt: Attempt | None = None


class PaymentCaptureFailed(Envelope):
    """Event: nothing was captured by this command, and nothing will be."""

    type: Literal["payment.capture_failed"] = "payment.capture_failed"
    payload: OperationFailedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentCanceledPayload(Value):
    """The released amount: 0 if nothing was held."""

    payment_intent_id: Identifier | None = None
    released: AmountOrNone
    currency: Currency = "usd"
    attempt: Attempt | None = None


class PaymentCanceled(Envelope):
    """Event: nothing is held for this saga, and nothing will be."""

    type: Literal["payment.canceled"] = "payment.canceled"
    payload: PaymentCanceledPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentCancelFailed(Envelope):
    """Event: the hold could not be released, for example because it is captured."""

    type: Literal["payment.cancel_failed"] = "payment.cancel_failed"
    payload: OperationFailedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentRefundedPayload(Value):
    """The refunded amount. `refund_id` is the command's; None for a refund made at Stripe."""

    refund_id: Identifier | None = None
    stripe_refund_id: Identifier
    amount: Amount
    currency: Currency = "usd"
    attempt: Attempt | None = None


class PaymentRefunded(Envelope):
    """Event: captured money was refunded."""

    type: Literal["payment.refunded"] = "payment.refunded"
    payload: PaymentRefundedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentRefundFailedPayload(OperationFailedPayload):
    """The reason that a refund failed.

    Without an `attempt`, a refund that succeeded has failed later: `stripe_refund_id` identifies
    it, and equals `refund_id` for a refund made at Stripe.
    """

    refund_id: Identifier
    stripe_refund_id: Identifier | None = None


class PaymentRefundFailed(Envelope):
    """Event: this refund has not returned any money, and will not."""

    type: Literal["payment.refund_failed"] = "payment.refund_failed"
    payload: PaymentRefundFailedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class AuthorizationExpiredPayload(Value):
    """The expired hold; its whole amount was released."""

    payment_intent_id: Identifier
    released: Amount
    currency: Currency = "usd"
    attempt: Attempt | None = None


class PaymentAuthorizationExpired(Envelope):
    """Event: the hold expired before it was captured."""

    type: Literal["payment.authorization_expired"] = "payment.authorization_expired"
    payload: AuthorizationExpiredPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentDisputedPayload(Value):
    """The amount that the cardholder's bank reclaims, and its reason.

    `outcome` is None while the dispute is open: https://docs.stripe.com/disputes . A lost dispute
    has taken the money, a won one has returned it; a `warning_closed` inquiry took none.
    """

    dispute_id: Identifier
    amount: Amount
    currency: Currency = "usd"
    reason: ShortText = ""
    attempt: Attempt | None = None
    outcome: DisputeOutcome | None = None


class PaymentDisputed(Envelope):
    """Event: the cardholder disputes the charge, or the dispute has ended."""

    type: Literal["payment.disputed"] = "payment.disputed"
    payload: PaymentDisputedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1
