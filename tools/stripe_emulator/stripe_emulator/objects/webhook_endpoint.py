"""Webhook endpoints. https://docs.stripe.com/api/webhook_endpoints/object."""

from dataclasses import dataclass, field

from stripe_emulator.wire.json import JsonObject

EVERY_TYPE = "*"


@dataclass(slots=True)
class WebhookEndpoint:
    """A destination for events of some types; a deleted one is kept and receives none.

    `forwarding` is true for the endpoint of the settings (`--webhook-url`).
    """

    id: str
    created: int
    url: str
    secret: str
    enabled_events: list[str]
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    disabled: bool = False
    deleted: bool = False
    forwarding: bool = False

    @property
    def status(self) -> str:
        """The status: `enabled`, `disabled`, or `deleted`, which the API never returns."""
        if self.deleted:
            return "deleted"
        return "disabled" if self.disabled else "enabled"

    def subscribes_to(self, event_type: str) -> bool:
        """Return True if the endpoint subscribes to events of this type."""
        enabled = self.enabled_events
        return EVERY_TYPE in enabled or event_type in enabled

    def as_json(self) -> JsonObject:
        """Return the endpoint as the API returns it; only its creation returns the secret."""
        if self.deleted:
            return {"id": self.id, "object": "webhook_endpoint", "deleted": True}
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": None,
            "application": None,
            "created": self.created,
            "description": self.description,
            "enabled_events": self.enabled_events,
            "livemode": False,
            "metadata": self.metadata,
            "status": self.status,
            "url": self.url,
        }
