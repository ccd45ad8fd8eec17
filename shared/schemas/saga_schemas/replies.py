"""The replies of each command: every attempt ends with one of them."""

from collections.abc import Mapping
from typing import Final

from saga_schemas.envelope import Envelope
from saga_schemas.payment import AuthorizePayment, PaymentAuthorized, PaymentFailed
from saga_schemas.payment_lifecycle import (
    CancelPayment,
    CapturePayment,
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    RefundPayment,
)
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved, RetrievePaymentInfo

REPLIES: Final[Mapping[type[Envelope], tuple[type[Envelope], ...]]] = {
    RetrievePaymentInfo: (PaymentInfoRetrieved, PaymentInfoFailed),
    AuthorizePayment: (PaymentAuthorized, PaymentFailed),
    CapturePayment: (
        PaymentCaptured,
        PaymentCaptureFailed,
        PaymentCanceled,
        PaymentAuthorizationExpired,
    ),
    CancelPayment: (PaymentCanceled, PaymentCancelFailed),
    RefundPayment: (PaymentRefunded, PaymentRefundFailed),
}
