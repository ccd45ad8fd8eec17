"""One Stripe test account: all of its objects, in memory, with its clock and its ids."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stripe_emulator.account.clock import Clock
from stripe_emulator.account.collection import Collection
from stripe_emulator.account.event_log import EventLog
from stripe_emulator.account.ids import Ids
from stripe_emulator.account.metadata import MetadataIndex
from stripe_emulator.account.outbox import Outbox
from stripe_emulator.objects.cards import PAYMENT_METHOD_TOKENS, Card
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.customer import Customer
from stripe_emulator.objects.dispute import Dispute
from stripe_emulator.objects.event import NO_REQUEST, Cause, Event
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod
from stripe_emulator.objects.refund import Refund
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.wire.errors import InvalidParameters, ResourceMissing
from stripe_emulator.wire.json import ApiObject, JsonObject, encode

ENABLED = "enabled"
"""The group of the enabled webhook endpoints."""


@dataclass
class Account:
    """The state of the account.

    Collections are grouped by customer; charges by PaymentIntent too, refunds and disputes by
    charge and PaymentIntent. `deadlines` is a heap of the times at which holds expire and refunds
    fail, with the ids of those charges and refunds. `outbox` has the events that webhook endpoints
    have not received yet.
    """

    clock: Clock
    ids: Ids
    events: EventLog
    outbox: Outbox = field(default_factory=Outbox)
    customers: Collection[Customer] = field(default_factory=Collection[Customer])
    payment_methods: Collection[PaymentMethod] = field(default_factory=Collection[PaymentMethod])
    payment_intents: Collection[PaymentIntent] = field(default_factory=Collection[PaymentIntent])
    charges: Collection[Charge] = field(default_factory=Collection[Charge])
    refunds: Collection[Refund] = field(default_factory=Collection[Refund])
    disputes: Collection[Dispute] = field(default_factory=Collection[Dispute])
    webhook_endpoints: Collection[WebhookEndpoint] = field(
        default_factory=Collection[WebhookEndpoint]
    )
    intents_by_metadata: MetadataIndex = field(default_factory=MetadataIndex)
    deadlines: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    cause: Cause = NO_REQUEST

    @contextmanager
    def caused_by(self, cause: Cause) -> Generator[None]:
        """Set the cause of every event in this block."""
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    def emit(
        self, event_type: str, item: ApiObject, previous_attributes: JsonObject | None = None
    ) -> None:
        """Record an event with the object's current state, for all subscribed endpoints."""
        event = Event(
            self.ids.new("evt"),
            self.clock.now(),
            event_type,
            encode(item.as_json()),
            self.cause,
            previous_attributes,
            self.subscribers(event_type),
        )
        self.outbox.add(event)
        self.events.add(event)

    def subscribers(self, event_type: str) -> set[str]:
        """Return the ids of the enabled webhook endpoints that subscribe to an event type."""
        enabled = self.webhook_endpoints.group(ENABLED)
        return {endpoint.id for endpoint in enabled if endpoint.subscribes_to(event_type)}

    def customer(self, customer_id: str, param: str = "id", *, in_path: bool = True) -> Customer:
        """Return a customer that is not deleted; `in_path` tells where its id was given.

        Raises:
            ResourceMissing: If the customer is unknown or deleted.
        """
        customer = self.customers.get(customer_id)
        if customer is None or customer.deleted:
            raise ResourceMissing("customer", customer_id, param=param, in_path=in_path)
        return customer

    def payment_intent(
        self, intent_id: str, param: str = "intent", *, in_path: bool = True
    ) -> PaymentIntent:
        """Return a PaymentIntent; `in_path` tells where its id was given.

        Raises:
            ResourceMissing: If it is unknown.
        """
        intent = self.payment_intents.get(intent_id)
        if intent is None:
            raise ResourceMissing("payment_intent", intent_id, param=param, in_path=in_path)
        return intent

    def latest_charge(self, intent: PaymentIntent) -> Charge | None:
        """Return the latest charge of a PaymentIntent, or None before the first."""
        return self.charges.get(intent.latest_charge) if intent.latest_charge else None

    def payment_method(self, method_id: str, *, in_path: bool) -> PaymentMethod:
        """Return a payment method; a token such as `pm_card_visa` creates one, as at Stripe.

        Raises:
            ResourceMissing: If it is neither the id of a payment method nor a token.
        """
        card = PAYMENT_METHOD_TOKENS.get(method_id)
        if card is not None:
            return self.mint_payment_method(card)
        method = self.payment_methods.get(method_id)
        if method is None:
            raise missing_payment_method(method_id, in_path=in_path)
        return method

    def mint_payment_method(self, card: Card) -> PaymentMethod:
        """Create a payment method with this card and no customer."""
        method = PaymentMethod(self.ids.new("pm"), self.clock.now(), card)
        self.payment_methods.add(method)
        return method

    def attach(self, method: PaymentMethod, customer_id: str) -> None:
        """Attach a payment method to a customer; repeating it changes nothing.

        Raises:
            InvalidParameters: If it is used up, was detached, or is another customer's.
        """
        if method.customer not in {None, customer_id}:
            raise InvalidParameters(
                "The payment method you provided has already been attached to a customer."
            )
        check_usable(method)
        if method.customer is None:
            method.customer = customer_id
            self.payment_methods.add_to_group(customer_id, method)
            self.emit("payment_method.attached", method)

    def detach(self, method: PaymentMethod) -> None:
        """Detach a payment method from its customer, permanently."""
        customer_id = method.customer
        if customer_id is not None:
            self.payment_methods.remove_from_group(customer_id, method)
            method.customer = None
            method.used_up = True
            self.emit("payment_method.detached", method, {"customer": customer_id})


def missing_payment_method(method_id: str, *, in_path: bool) -> ResourceMissing:
    """Build the error for an unknown payment method."""
    return ResourceMissing("PaymentMethod", method_id, param="payment_method", in_path=in_path)


def check_usable(method: PaymentMethod) -> None:
    """Check that a payment method was neither detached nor used without a customer.

    Raises:
        InvalidParameters: If it was.
    """
    if method.used_up:
        raise InvalidParameters(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was "
            "detached from a Customer. It may not be used again. To use a PaymentMethod multiple "
            "times, you must attach it to a Customer first.",
            param="payment_method",
        )
