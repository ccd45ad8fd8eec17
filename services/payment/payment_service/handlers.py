"""The use case of a batch of commands: decide each one by its saga's payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from saga_messaging.delivery.outcomes import Handled, Refused
from saga_messaging.delivery.retention.personal_data import REMOVED
from saga_schemas.payment import AuthorizePayment

from payment_service.model import events
from payment_service.model.authorization import (
    AuthorizationRequest,
    NotBegun,
    PaymentMethodNotFound,
)
from payment_service.model.decisions import NO_PAYMENT, Decision, decide
from payment_service.model.failures import authorization_failure
from payment_service.model.operations import Command, Operation, OperationKind
from payment_service.model.payment import Payment, PaymentStatus


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome of each command of a batch, and the payments that the batch changed."""

    outcomes: Mapping[UUID, Handled | Refused]
    changed: Sequence[Payment]


def receive(
    commands: Sequence[Command], stored: Mapping[str, Payment], reserve: float = 0.0
) -> Received:
    """Decide commands by the stored payments of their sagas.

    `reserve` is the fraction of a command's time-out that is left for Stripe's response and the
    reply: an authorization that cannot begin before fails at once.

    A saga has at most one payment: a further `authorize_payment` gets its reply from that payment,
    or is refused if it requests a different one.
    """
    payments = dict(stored)
    outcomes: dict[UUID, Handled | Refused] = {}
    for command in commands:
        payment = payments.get(command.correlation_id)
        if payment and (difference := _difference(command, payment)):
            outcomes[command.message_id] = Refused(difference)
            continue
        decision = decide(payment, Operation.of(command)) if payment else _first(command, reserve)
        outcomes[command.message_id] = Handled(decision.effect, decision.send)
        if payment or decision.payment.is_new:
            payments[command.correlation_id] = decision.payment
    changed = [payment for saga_id, payment in payments.items() if payment != stored.get(saga_id)]
    return Received(outcomes, changed)


def _first(command: Command, reserve: float) -> Decision:
    """Decide the first command of a saga; a capture or a refund stores no payment."""
    requested = Operation.of(command)
    if isinstance(command, AuthorizePayment):
        return _authorize(AuthorizationRequest.of(command), requested, _limit(command, reserve))
    nothing = Payment(command.correlation_id, None, PaymentStatus.FAILED)
    if requested.kind is not OperationKind.CANCEL:
        event = events.rejected(command.correlation_id, requested, NO_PAYMENT, None)
        return Decision(nothing, [events.as_reply(requested, event)], f"replied {event.type}")
    tombstone = replace(nothing, status=PaymentStatus.CANCELED, is_new=True)
    reply = events.as_reply(requested, events.canceled(tombstone))
    return Decision(tombstone, [reply], "tombstone stored: later authorizations are refused")


def _limit(command: AuthorizePayment, reserve: float) -> float | None:
    remaining = command.remaining_seconds
    if remaining is None or command.timeout_seconds is None:
        return None
    return remaining - reserve * command.timeout_seconds


def _authorize(
    request: AuthorizationRequest, requested: Operation, limit: float | None
) -> Decision:
    new = Payment(request.saga_id, request, begin_within_seconds=limit, is_new=True)
    new = new.begin(requested)
    if request.payment_method_id is None:
        outcome = PaymentMethodNotFound(f"User {request.clerk_user_id} has no saved card.")
    elif limit is not None and limit <= 0:
        outcome = NotBegun("No request was sent to Stripe: the command arrived too late.")
    else:
        return Decision(new, effect="payment stored, authorization begun")
    failure = authorization_failure(outcome)
    failed = replace(new.with_authorization(failure), operation=None)
    reply = events.as_reply(requested, events.failed(failed, failure))
    return Decision(failed, [reply], f"replied {reply.type}")


def _difference(command: Command, payment: Payment) -> str | None:
    """Describe the first field in which a further command requests a different payment.

    What retention has removed from the payment is not compared.
    """
    if not isinstance(command, AuthorizePayment) or payment.request is None:
        return None
    request, stored = AuthorizationRequest.of(command), payment.request
    if request.amount != stored.amount:
        return f"amount: {request.amount} differs from the {stored.amount} of the saga's payment"
    if request.currency != stored.currency:
        return f"currency: {request.currency} differs from the payment's {stored.currency}"
    if stored.clerk_user_id == REMOVED:
        return None
    for name in ("stripe_customer_id", "payment_method_id"):
        if getattr(request, name) != getattr(stored, name):
            return f"{name}: differs from the one of the saga's payment"
    return None
