"""One Stripe test account: everything it holds, in memory, with its clock and its ids."""

from dataclasses import dataclass, field

from stripe_emulator.cards import PAYMENT_METHOD_TOKENS, Card
from stripe_emulator.clock import Clock
from stripe_emulator.collection import Collection
from stripe_emulator.errors import InvalidParameters, ResourceMissing
from stripe_emulator.ids import Ids
from stripe_emulator.metadata import MetadataIndex
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.customer import Customer
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod


@dataclass
class Account:
    """The state of the account; groups are by customer, those of charges by PaymentIntent too."""

    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    customers: Collection[Customer] = field(default_factory=Collection[Customer])
    payment_methods: Collection[PaymentMethod] = field(default_factory=Collection[PaymentMethod])
    payment_intents: Collection[PaymentIntent] = field(default_factory=Collection[PaymentIntent])
    charges: Collection[Charge] = field(default_factory=Collection[Charge])
    intents_by_metadata: MetadataIndex = field(default_factory=MetadataIndex)

    def customer(self, customer_id: str, param: str = "id", *, in_path: bool = True) -> Customer:
        """A customer that is not deleted.

        Raises:
            ResourceMissing: there is none.
        """
        customer = self.customers.get(customer_id)
        if customer is None or customer.deleted:
            raise ResourceMissing("customer", customer_id, param=param, in_path=in_path)
        return customer

    def payment_intent(self, intent_id: str) -> PaymentIntent:
        """The PaymentIntent whose id is in the path.

        Raises:
            ResourceMissing: there is none.
        """
        intent = self.payment_intents.get(intent_id)
        if intent is None:
            raise ResourceMissing("payment_intent", intent_id, param="intent", in_path=True)
        return intent

    def latest_charge(self, intent: PaymentIntent) -> Charge | None:
        """The last charge of a PaymentIntent, or None before the first."""
        return self.charges.get(intent.latest_charge) if intent.latest_charge else None

    def payment_method(self, method_id: str, *, in_path: bool) -> PaymentMethod:
        """A payment method; a token such as `pm_card_visa` mints a new one, as Stripe does.

        Raises:
            ResourceMissing: it is neither the id of a payment method nor a token.
        """
        card = PAYMENT_METHOD_TOKENS.get(method_id)
        if card is not None:
            return self.mint_payment_method(card)
        method = self.payment_methods.get(method_id)
        if method is None:
            raise missing_payment_method(method_id, in_path=in_path)
        return method

    def mint_payment_method(self, card: Card) -> PaymentMethod:
        """A new payment method with this card, of no customer."""
        method = PaymentMethod(self.ids.new("pm"), self.clock.now(), card)
        self.payment_methods.add(method)
        return method

    def attach(self, method: PaymentMethod, customer_id: str) -> None:
        """Make a payment method a customer's.

        Raises:
            InvalidParameters: it was detached or used up before, or is another customer's.
        """
        if method.customer not in {None, customer_id}:
            raise InvalidParameters(
                "The payment method you provided has already been attached to a customer."
            )
        refuse_spent(method)
        method.customer = customer_id
        self.payment_methods.put_in_group(customer_id, method)

    def detach(self, method: PaymentMethod) -> None:
        """Take a payment method from its customer for good."""
        if method.customer is not None:
            self.payment_methods.take_from_group(method.customer, method)
            method.customer = None
            method.spent = True


def missing_payment_method(method_id: str, *, in_path: bool) -> ResourceMissing:
    """The error for an id that is no payment method's."""
    return ResourceMissing("PaymentMethod", method_id, param="payment_method", in_path=in_path)


def refuse_spent(method: PaymentMethod) -> None:
    """Refuse a payment method that was detached, or used without a customer.

    Raises:
        InvalidParameters: it was.
    """
    if method.spent:
        raise InvalidParameters(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was "
            "detached from a Customer. It may not be used again. To use a PaymentMethod multiple "
            "times, you must attach it to a Customer first.",
            param="payment_method",
        )
