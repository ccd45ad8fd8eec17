"""The use case of a batch of commands: each is decided by the payment that its saga has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from saga_messaging.outcomes import Handled, Refused
from saga_schemas.payment import AuthorizePayment

from payment_service.model import events
from payment_service.model.authorization import Payment, PaymentMethodNotFound
from payment_service.model.decisions import NO_PAYMENT, Decision, decide
from payment_service.model.failures import failure_of
from payment_service.model.operations import Command, Kind, Operation
from payment_service.model.payment import KnownPayment, Status


@dataclass(frozen=True, slots=True)
class Received:
    """What a batch of commands did: an outcome for each, and the payments that it changed."""

    outcomes: Mapping[UUID, Handled | Refused]
    changed: Sequence[KnownPayment]


def receive(commands: Sequence[Command], known: Mapping[str, KnownPayment]) -> Received:
    """Decide commands by the payments that their sagas have.

    A saga gets one payment, whatever is sent: a further `authorize_payment` is answered from that
    payment, or refused where it asks for another one.
    """
    payments = dict(known)
    outcomes: dict[UUID, Handled | Refused] = {}
    for command in commands:
        stored = payments.get(command.correlation_id)
        if stored and (differing := _differing(command, stored)):
            outcomes[command.message_id] = Refused(
                f"{differing}: the saga has a payment with another"
            )
            continue
        decision = decide(stored, Operation.of(command)) if stored else _first(command)
        outcomes[command.message_id] = Handled(decision.effect, decision.send)
        if stored or decision.known.is_new:
            payments[command.correlation_id] = decision.known
    changed = [each for saga_id, each in payments.items() if each != known.get(saga_id)]
    return Received(outcomes, changed)


def _first(command: Command) -> Decision:
    """The first command of a saga; capture and refund leave nothing behind."""
    asked = Operation.of(command)
    if isinstance(command, AuthorizePayment):
        return _authorize(Payment.of(command), asked)
    nothing = KnownPayment(command.correlation_id, None, Status.FAILED)
    if asked.kind is not Kind.CANCEL:
        event = events.refused(command.correlation_id, asked, NO_PAYMENT, None)
        return Decision(nothing, [events.answering(asked, event)], f"answered: {event.type}")
    tombstone = replace(nothing, status=Status.CANCELED, is_new=True)
    answer = events.answering(asked, events.canceled(tombstone))
    return Decision(tombstone, [answer], "nothing may be held any more")


def _authorize(payment: Payment, asked: Operation) -> Decision:
    new = KnownPayment(payment.saga_id, payment, is_new=True).begin(asked)
    if payment.payment_method_id:
        return Decision(new, effect="payment stored, to be authorized")
    failure = failure_of(PaymentMethodNotFound(f"User {payment.clerk_user_id} has no saved card."))
    failed = replace(new.decided(failure), operation=None)
    answer = events.answering(asked, events.failed(failed, failure))
    return Decision(failed, [answer], f"answered: {answer.type}")


def _differing(command: Command, stored: KnownPayment) -> str | None:
    """The first field in which a further command asks for another payment."""
    if not isinstance(command, AuthorizePayment) or stored.payment is None:
        return None
    asked, fields = Payment.of(command), ("amount", "currency", "stripe_customer_id")
    return next(
        (name for name in fields if getattr(asked, name) != getattr(stored.payment, name)), None
    )
