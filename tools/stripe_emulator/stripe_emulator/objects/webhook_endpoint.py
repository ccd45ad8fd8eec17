"""Webhook endpoints. https://docs.stripe.com/api/webhook_endpoints/object."""

from dataclasses import dataclass, field

from stripe_emulator.wire.json import JsonObject

EVERY_TYPE = "*"


@dataclass(slots=True)
class WebhookEndpoint:
    """Where events of some types are sent; a deleted one stays, and takes none.

    `forwarding` marks the one that the settings ask for.
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
        """`enabled` or `disabled`, or `deleted`, which the API never shows."""
        if self.deleted:
            return "deleted"
        return "disabled" if self.disabled else "enabled"

    def takes(self, event_type: str) -> bool:
        """Whether events of this type are sent to it."""
        enabled = self.enabled_events
        return EVERY_TYPE in enabled or event_type in enabled

    def as_json(self) -> JsonObject:
        """The endpoint as the API returns it; the secret is shown only when it is created."""
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
