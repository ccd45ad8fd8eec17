"""The settings of the emulator and of its webhooks."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stripe_emulator.account.clock import Clock
from stripe_emulator.bounds import EmulatorBounds, WebhookBounds
from stripe_emulator.faults.rate_limit import Monotonic, RateLimit
from stripe_emulator.faults.scenario import Scenario


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The settings of deliveries.

    Attributes:
        url: Receives every event, as with `stripe listen --forward-to`; None for no endpoint.
        secret: Signs the deliveries to `url`; None generates one.
        hosts: Hosts beyond loopback that may be contacted, such as a service's name.
        bounds: The bounds of deliveries.
    """

    url: str | None = None
    secret: str | None = None
    hosts: frozenset[str] = frozenset()
    bounds: WebhookBounds = field(default_factory=WebhookBounds)

    def __post_init__(self) -> None:
        """Check the URL.

        Raises:
            ValueError: If it is not an http(s) URL with a host.
        """
        if self.url is not None:
            parts = urlsplit(self.url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError(f"The webhook URL {self.url!r} is not an http(s) URL.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the emulator.

    Attributes:
        clock: The emulator's clock.
        seed: The seed of ids and faults; None takes the scenario's or a random one.
        hosts: Host names besides those of loopback under which the control API is available.
        journal: The file that keeps the account, or None for memory only.
        webhooks: The settings of deliveries.
        scenario: The faults to start with; its seed and rate limit apply where none is set.
        rate_limit_per_second: The limit of all requests and of each endpoint; None is unlimited.
        monotonic: A monotonic clock in seconds, for the rate limit.
        bounds: The bounds of requests, logs and the dashboard.
    """

    clock: Clock = field(default_factory=Clock)
    seed: int | None = None
    hosts: frozenset[str] = frozenset()
    journal: Path | None = None
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    scenario: Scenario | None = None
    rate_limit_per_second: int | None = None
    monotonic: Monotonic = time.monotonic
    bounds: EmulatorBounds = field(default_factory=EmulatorBounds)

    @property
    def effective_seed(self) -> int | None:
        """The seed, or else the scenario's."""
        return self.scenario.seed if self.seed is None and self.scenario else self.seed

    @property
    def effective_rate_limit(self) -> RateLimit | None:
        """The rate limit, or else the scenario's."""
        if self.rate_limit_per_second is not None:
            return RateLimit(per_second=self.rate_limit_per_second)
        return self.scenario.rate_limit if self.scenario else None
