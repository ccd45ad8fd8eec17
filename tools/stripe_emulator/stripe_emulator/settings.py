"""What can be set."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from stripe_emulator.account.clock import Clock
from stripe_emulator.faults.rate_limit import Monotonic, RateLimit
from stripe_emulator.faults.scenario import Scenario
from stripe_emulator.webhook_settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """The emulator's settings.

    Attributes:
        clock: the one clock of the emulator; a test gives one that it moves.
        seed: makes the ids repeatable.
        request_log_size: how many requests `/_emulator/requests` keeps.
        journal: the file that the account is kept in, or None for memory alone.
        request_log_bytes: how many bytes of bodies it keeps at the most.
        max_body_bytes: of a request; a larger one is refused.
        hosts: names beside those of loopback under which the control API may be reached.
        event_log_size: how many events are kept, and so how many can wait to be delivered
            to each webhook endpoint.
        webhooks: how events are delivered.
        scenario: the faults to begin with; its seed and rate limit are used where none is set.
        rate_limit_per_second: how many requests pass, of all and of each endpoint; None is any.
        fault_log_size: how many hits `/_emulator/faults` keeps.
        monotonic: the seconds that the rate limit counts by.
        dashboard_rows: how many rows the page gets at once and keeps of each table.
        dashboard_tick_seconds: how often an open page is sent what is new.
    """

    clock: Clock = field(default_factory=Clock)
    seed: int | None = None
    request_log_size: int = 1_000
    request_log_bytes: int = 64 * 1024 * 1024
    max_body_bytes: int = 256 * 1024
    hosts: frozenset[str] = frozenset()
    event_log_size: int = 10_000
    journal: Path | None = None
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    scenario: Scenario | None = None
    rate_limit_per_second: int | None = None
    fault_log_size: int = 1_000
    monotonic: Monotonic = time.monotonic
    dashboard_rows: int = 500
    dashboard_tick_seconds: float = 0.25

    @property
    def any_seed(self) -> int | None:
        """The seed, or else the scenario's."""
        return self.scenario.seed if self.seed is None and self.scenario else self.seed

    @property
    def any_rate_limit(self) -> RateLimit | None:
        """The rate limit, or else the scenario's."""
        if self.rate_limit_per_second is not None:
            return RateLimit(per_second=self.rate_limit_per_second)
        return self.scenario.rate_limit if self.scenario else None
