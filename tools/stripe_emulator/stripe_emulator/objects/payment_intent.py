"""PaymentIntents. https://docs.stripe.com/api/payment_intents/object."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from stripe_emulator.wire.json import JsonObject

Status: TypeAlias = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "succeeded",
    "canceled",
]
CARD_OPTIONS: JsonObject = {
    "installments": None,
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
}
CONFIGURATION: JsonObject = {"id": "pmc_1EmulatorDefaultSettings", "parent": None}

_CONSTANTS: JsonObject = {
    "allowed_payment_method_types": None,
    "amount_details": {"tip": {}},
    "application": None,
    "application_fee_amount": None,
    "customer_account": None,
    "excluded_payment_method_types": None,
    "livemode": False,
    "managed_payments": {"enabled": False},
    "on_behalf_of": None,
    "processing": None,
    "review": None,
    "transfer_data": None,
}


@dataclass(slots=True)
class PaymentIntent:
    """A PaymentIntent; only `operations.payment_intents.states` changes its status.

    Amounts are in the currency's minor unit. `redirects` is `always` or `never` with automatic
    payment methods, and None if the caller named the payment method types.
    """

    id: str
    created: int
    client_secret: str
    amount: int
    currency: str
    capture_method: str
    confirmation_method: str
    redirects: str | None
    payment_method_types: list[str]
    customer: str | None
    payment_method: str | None
    description: str | None
    receipt_email: str | None
    setup_future_usage: str | None
    shipping: JsonObject | None
    statement_descriptor: str | None
    statement_descriptor_suffix: str | None
    transfer_group: str | None
    card_options: JsonObject
    metadata: dict[str, str]
    status: Status
    amount_capturable: int = 0
    amount_received: int = 0
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    last_payment_error: JsonObject | None = None
    latest_charge: str | None = None
    next_action: JsonObject | None = field(default=None)

    @property
    def manual_capture(self) -> bool:
        """True if a confirmation holds the money without capturing it."""
        return self.capture_method == "manual"

    def as_json(self) -> JsonObject:
        """Return the PaymentIntent as the API returns it, with all 42 fields."""
        automatic = self.redirects is not None
        return {
            "id": self.id,
            "object": "payment_intent",
            **_CONSTANTS,
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_received": self.amount_received,
            "automatic_payment_methods": (
                {"allow_redirects": self.redirects, "enabled": True} if automatic else None
            ),
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": self.confirmation_method,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": CONFIGURATION if automatic else None,
            "payment_method_options": {"card": self.card_options},
            "payment_method_types": self.payment_method_types,
            "receipt_email": self.receipt_email,
            "setup_future_usage": self.setup_future_usage,
            "shipping": self.shipping,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": self.status,
            "transfer_group": self.transfer_group,
        }
