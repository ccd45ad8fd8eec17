"""The event types that a webhook endpoint can subscribe to.

https://docs.stripe.com/api/events/types
"""

import re
from typing import Final

from stripe_emulator.objects.webhook_endpoint import EVERY_TYPE
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.forms import FormValue
from stripe_emulator.wire.readers import texts

_SHAPE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_OF_EMULATED_OBJECTS: Final = tuple(
    """
    charge.captured charge.dispute.closed charge.dispute.created charge.dispute.funds_reinstated
    charge.dispute.funds_withdrawn charge.dispute.updated charge.expired charge.failed
    charge.pending charge.refund.updated charge.refunded charge.succeeded charge.updated
    customer.created customer.deleted customer.discount.created customer.discount.deleted
    customer.discount.updated customer.source.created customer.source.deleted
    customer.source.expiring customer.source.updated customer.subscription.created
    customer.subscription.deleted customer.subscription.paused
    customer.subscription.pending_update_applied customer.subscription.pending_update_expired
    customer.subscription.resumed customer.subscription.trial_will_end
    customer.subscription.updated customer.tax_id.created customer.tax_id.deleted
    customer.tax_id.updated customer.updated payment_intent.amount_capturable_updated
    payment_intent.canceled payment_intent.created payment_intent.partially_funded
    payment_intent.payment_failed payment_intent.processing payment_intent.requires_action
    payment_intent.succeeded payment_method.attached payment_method.automatically_updated
    payment_method.detached payment_method.updated refund.created refund.failed refund.updated
    """.split()
)
_EMULATED_OBJECTS: Final = frozenset(name.partition(".")[0] for name in _OF_EMULATED_OBJECTS)


def event_types(param: str, value: FormValue) -> list[str]:
    """Read an array of types, or `*` for all; as at Stripe, `payment_intent.*` is invalid.

    For objects of the emulator, exactly Stripe's types are valid. Types of other objects, which
    it never sends, are only checked for their format.

    Raises:
        InvalidParameters: If the array is empty (unverified) or has a type unknown to Stripe.
    """
    types = texts(param, value)
    if not types:
        raise InvalidParameters(f"Invalid {param}: must name at least one event.", param=param)
    for at, name in enumerate(types):
        if not _is_known(name):
            raise InvalidParameters(
                f"Invalid {param}[{at}]: must be one of {', '.join(_OF_EMULATED_OBJECTS)}, or a "
                "type of another object",
                param=f"{param}[{at}]",
            )
    return types


def _is_known(name: str) -> bool:
    if name == EVERY_TYPE or name in _OF_EMULATED_OBJECTS:
        return True
    of_object = name.partition(".")[0]
    return of_object not in _EMULATED_OBJECTS and _SHAPE.fullmatch(name) is not None
