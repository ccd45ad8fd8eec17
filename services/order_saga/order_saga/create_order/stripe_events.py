"""Rules for unsolicited Stripe events; each is counted once, whenever it arrives."""

from functools import partial

from saga_engine.words import PARK, STAY, on
from saga_schemas.payment_lifecycle import (
    PaymentCaptured,
    PaymentDisputed,
    PaymentRefunded,
    PaymentRefundFailed,
)

from order_saga.create_order import guards, keep

refunded = partial(
    on, PaymentRefunded, keep.refund, unless=guards.already_counted, any_attempt=True
)
"""Money was refunded."""

refund_failed_later = partial(
    on, PaymentRefundFailed, keep.failed_refund_with_reason, unless=guards.no_refund_that_was_made
)
"""A refund failed after it was made; the saga moves and keeps the reason."""

REFUND_FAILED_LATER = on(
    PaymentRefundFailed, keep.failed_refund, STAY, unless=guards.no_refund_that_was_made
)
"""A refund failed after it was made, while another request is in flight."""

DISPUTED = on(PaymentDisputed, keep.dispute, STAY)
"""The cardholder's bank opened a dispute, or the dispute has ended."""

OUT_OF_ORDER = (refunded(then=STAY), REFUND_FAILED_LATER, DISPUTED)
"""Events that arrive before the reply that they follow from."""

CAPTURED_MEANWHILE = on(
    PaymentCaptured,
    keep.capture_meanwhile,
    PARK,
    unless=guards.already_captured,
    any_attempt=True,
)
"""A capture for an order that is being ended, or has ended, without one."""

AFTER_THE_END = (CAPTURED_MEANWHILE, *OUT_OF_ORDER)
"""Events that are still counted for an order that ended without a capture."""
