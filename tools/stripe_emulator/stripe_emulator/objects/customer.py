"""Customers. https://docs.stripe.com/api/customers/object."""

from dataclasses import dataclass, field

from stripe_emulator.wire.json import JsonObject


@dataclass(slots=True)
class Customer:
    """A customer; a deleted one is kept, which distinguishes its id from an unknown one."""

    id: str
    created: int
    invoice_prefix: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    description: str | None = None
    address: JsonObject | None = None
    shipping: JsonObject | None = None
    default_payment_method: str | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    deleted: bool = False

    def as_json(self) -> JsonObject:
        """Return the customer as the API returns it; a deleted one has only its id."""
        if self.deleted:
            return {"id": self.id, "object": "customer", "deleted": True}
        return {
            "id": self.id,
            "object": "customer",
            "address": self.address,
            "balance": 0,
            "created": self.created,
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": self.description,
            "discount": None,
            "email": self.email,
            "invoice_prefix": self.invoice_prefix,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": self.default_payment_method,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": self.metadata,
            "name": self.name,
            "next_invoice_sequence": 1,
            "phone": self.phone,
            "preferred_locales": [],
            "shipping": self.shipping,
            "tax_exempt": "none",
            "test_clock": None,
        }
