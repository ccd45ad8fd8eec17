"""What happens at Stripe, whoever asked for it: it counts once, whenever it is heard."""

from functools import partial

from saga_schemas.payment_lifecycle import (
    PaymentCaptured,
    PaymentDisputed,
    PaymentRefunded,
    PaymentRefundFailed,
)

from order_saga import order_refusals as refuse
from order_saga import order_steps as do
from order_saga.definition import Move, On

refund = partial(
    On, PaymentRefunded, do.remember_refund, unless=refuse.counted_before, fenced=False
)
"""Money was given back."""

lost_refund = partial(On, PaymentRefundFailed, do.remember_lost_refund, unless=refuse.not_lost)
"""A refund that was made has failed since."""

LOST_QUIETLY = On(PaymentRefundFailed, do.forget_refund, then=Move.STAY, unless=refuse.not_lost)
"""Likewise, while something else is under way: it counts, and that goes on."""

DISPUTE = On(PaymentDisputed, do.remember_dispute, then=Move.STAY)
"""The cardholder's bank wants money back."""

EARLY = (refund(then=Move.STAY), LOST_QUIETLY, DISPUTE)
"""All of it, heard before what led to it: a reply that was fenced off, say."""

CAPTURED_IN_VAIN = On(
    PaymentCaptured,
    do.remember_capture_in_vain,
    then=Move.PARK,
    unless=refuse.captured_before,
    fenced=False,
)
"""Money was taken of an order that was to end, or was said to have ended, without."""

OVER = (CAPTURED_IN_VAIN, *EARLY)
"""What moves an order that has ended without money."""
