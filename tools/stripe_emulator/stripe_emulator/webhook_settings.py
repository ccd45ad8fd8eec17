"""What can be set of webhooks."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How events are delivered; times in seconds of the emulator's clock unless told.

    Stripe publishes no waits and no time-out: "an exponential back off", up to three days, in test
    mode three times in a few hours (https://docs.stripe.com/webhooks#retries).

    Attributes:
        url: gets every event, as with `stripe listen --forward-to`; None for no such endpoint.
        secret: signs what is sent to `url`; None makes one.
        hosts: the hosts beyond loopback that may be contacted, such as a service's name.
        concurrency: how many events are on their way to one endpoint at once; more than one may
            change their order.
        timeout_seconds: how long a receiver has for its answer, of real time.
        response_limit_bytes: how much of an answer's body is read.
        attempts: after how many failed attempts a delivery is given up.
        retry_seconds: the wait after the first failed attempt; it doubles with each further one.
        retry_limit_seconds: the longest wait.
        hold_seconds: how long an event that is to come out of order waits for the next one.
        log_size: how many attempts `/_emulator/webhooks/deliveries` keeps.
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
        """Raises ValueError for a URL that nothing can be sent to."""
        if self.url is not None:
            parts = urlsplit(self.url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError(f"The webhook URL {self.url!r} is no http(s) address.")

    def wait_seconds(self, attempts: int) -> int:
        """The wait after so many failed attempts."""
        return min(self.retry_limit_seconds, self.retry_seconds << (attempts - 1))
