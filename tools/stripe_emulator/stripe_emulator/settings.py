"""What can be set."""

from dataclasses import dataclass, field
from pathlib import Path

from stripe_emulator.clock import Clock
from stripe_emulator.webhook_settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """The emulator's settings.

    Attributes:
        clock: the one clock of the emulator; a test gives one that it moves.
        seed: makes the ids repeatable.
        request_log_size: how many requests `/_emulator/requests` keeps.
        journal: the file that the account is kept in, or None for memory alone.
        event_log_size: how many events are kept, and so how many can wait to be delivered
            to each webhook endpoint.
        webhooks: how events are delivered.
    """

    clock: Clock = field(default_factory=Clock)
    seed: int | None = None
    request_log_size: int = 1_000
    event_log_size: int = 10_000
    journal: Path | None = None
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
