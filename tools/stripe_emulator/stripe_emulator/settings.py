"""The settings of the emulator and of its webhooks."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stripe_emulator.account.clock import Clock
from stripe_emulator.faults.rate_limit import Monotonic, RateLimit
from stripe_emulator.faults.scenario import Scenario


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Bounds of deliveries; times are in seconds of the emulator's clock unless noted.

    Stripe publishes neither delays nor a timeout: "an exponential back off", up to three days, in
    test mode three times in a few hours (https://docs.stripe.com/webhooks#retries).

    Attributes:
        url: Receives every event, as with `stripe listen --forward-to`; None for no endpoint.
        secret: Signs the deliveries to `url`; None generates one.
        hosts: Hosts beyond loopback that may be contacted, such as a service's name.
        concurrency: The number of simultaneous deliveries to one endpoint; more than one may
            change the order of events.
        timeout_seconds: The timeout of a receiver's response, in real time.
        response_limit_bytes: The number of bytes to read of a response body.
        attempts: The number of attempts of a delivery.
        retry_seconds: The delay after the first failed attempt, which doubles with each further
            one.
        retry_limit_seconds: The longest delay.
        hold_seconds: The longest delay of an event that is delivered out of order.
        log_size: The number of attempts that `/_emulator/webhooks/deliveries` keeps.
    """

    url: str | None = None
    secret: str | None = None
    hosts: frozenset[str] = frozenset()
    concurrency: int = 1
    timeout_seconds: float = 10.0
    response_limit_bytes: int = 65_536
    attempts: int = 16
    retry_seconds: int = 2
    retry_limit_seconds: int = 3_600
    hold_seconds: int = 10
    log_size: int = 1_000

    def __post_init__(self) -> None:
        """Check the URL.

        Raises:
            ValueError: If it is not an http(s) URL with a host.
        """
        if self.url is not None:
            parts = urlsplit(self.url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError(f"The webhook URL {self.url!r} is not an http(s) URL.")

    def wait_seconds(self, attempts: int) -> int:
        """Return the delay after this number of failed attempts."""
        return min(self.retry_limit_seconds, self.retry_seconds << (attempts - 1))


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the emulator.

    Attributes:
        clock: The emulator's clock.
        seed: The seed of ids and faults; None takes the scenario's or a random one.
        request_log_size: The number of requests that `/_emulator/requests` keeps.
        request_log_bytes: The maximum size in bytes of the bodies that it keeps.
        max_body_bytes: The maximum size of a request body in bytes; a larger one is refused.
        hosts: Host names besides those of loopback under which the control API is available.
        event_log_size: The number of events to keep, and of deliveries pending per endpoint.
        journal: The file that keeps the account, or None for memory only.
        webhooks: The bounds of deliveries.
        scenario: The faults to start with; its seed and rate limit apply where none is set.
        rate_limit_per_second: The limit of all requests and of each endpoint; None is unlimited.
        fault_log_size: The number of hits that `/_emulator/faults` keeps.
        monotonic: A monotonic clock in seconds, for the rate limit.
        dashboard_rows: The number of rows that the dashboard keeps in each table.
        dashboard_tick_seconds: The interval of updates to an open dashboard, in seconds.
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
    def effective_seed(self) -> int | None:
        """The seed, or else the scenario's."""
        return self.scenario.seed if self.seed is None and self.scenario else self.seed

    @property
    def effective_rate_limit(self) -> RateLimit | None:
        """The rate limit, or else the scenario's."""
        if self.rate_limit_per_second is not None:
            return RateLimit(per_second=self.rate_limit_per_second)
        return self.scenario.rate_limit if self.scenario else None
