"""The use case of a command: the payment it asks for is stored, or answered once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from saga_messaging.outcomes import Handled, Refused
from saga_schemas.payment import AuthorizePayment

from payment_service.domain import (
    KnownPayment,
    Payment,
    PaymentMethodNotFound,
    reply,
    reply_to_the_first_command,
)
from payment_service.troubleshooting import verdict_of


@dataclass(frozen=True, slots=True)
class Received:
    """What a batch of commands did: an outcome for each, and the payments to be stored."""

    outcomes: Mapping[UUID, Handled | Refused]
    new: Sequence[KnownPayment]


def receive(commands: Sequence[AuthorizePayment], known: Mapping[str, KnownPayment]) -> Received:
    """Decide commands by the payments that their sagas have.

    A saga gets one payment, whatever is sent: a further command is answered from that payment, or
    refused where it asks for another one.
    """
    payments = dict(known)
    outcomes: dict[UUID, Handled | Refused] = {}
    for command in commands:
        stored = payments.get(command.correlation_id)
        if stored is None:
            stored = payments[command.correlation_id] = _begin(command)
            outcomes[command.message_id] = _begun(stored)
        else:
            outcomes[command.message_id] = _repeated(command, stored)
    new = [payment for saga_id, payment in payments.items() if saga_id not in known]
    return Received(outcomes, new)


def _begin(command: AuthorizePayment) -> KnownPayment:
    payment = Payment.of(command)
    if payment.payment_method_id:
        return KnownPayment(payment)
    detail = f"User {payment.clerk_user_id} has no saved card."
    return KnownPayment(payment, verdict_of(PaymentMethodNotFound(detail)))


def _begun(stored: KnownPayment) -> Handled:
    if stored.verdict is None:
        return Handled("payment stored, to be authorized")
    answer = reply_to_the_first_command(stored.payment, stored.verdict)
    return Handled(f"answered: {answer.type}", [answer])


def _repeated(command: AuthorizePayment, stored: KnownPayment) -> Handled | Refused:
    if differing := _differing(Payment.of(command), stored.payment):
        return Refused(f"{differing}: the saga has a payment with another")
    if stored.verdict is None:
        return Handled("already in work")
    answer = reply(
        stored.payment, stored.verdict, to=command.message_id, attempt=command.payload.attempt
    )
    return Handled(f"answered again: {answer.type}", [answer])


def _differing(asked: Payment, stored: Payment) -> str | None:
    """The first field in which a further command asks for another payment."""
    fields = ("amount", "currency", "stripe_customer_id")
    return next((name for name in fields if getattr(asked, name) != getattr(stored, name)), None)
