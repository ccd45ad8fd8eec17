"""A fault, as defined by the control API or a scenario file."""

from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field, PositiveInt, model_validator

from stripe_emulator.faults.kinds import (
    FIELDS,
    TRAITS,
    WEBHOOK_KINDS,
    WEBHOOK_LATE_SECONDS,
    Kind,
    Traits,
)

WEBHOOK: Final = "WEBHOOK"
Count: TypeAlias = Annotated[int, Field(ge=0)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
RateLimitReason: TypeAlias = Literal[
    "global-rate",
    "endpoint-rate",
    "global-concurrency",
    "endpoint-concurrency",
    "resource-specific",
]

_METHODS: Final = ("GET", "POST", "DELETE")
_OF_SOME_KINDS: Final = sorted(frozenset[str]().union(*FIELDS.values()))


class Fault(BaseModel, extra="forbid", strict=True):
    """A fault for the requests to an endpoint or for the webhooks of an event type.

    Every request that matches `endpoint` is a call of the fault, counted from 1, even if another
    fault is injected into it.

    Attributes:
        kind: The kind of fault; the README has a table.
        endpoint: A method and a path, or `WEBHOOK` and an event type, with shell wildcards:
            `POST /v1/payment_intents*`, `WEBHOOK payment_intent.*`. By default everything.
        probability: The probability of each call; without `count`, as long as the fault is armed.
        calls: The numbers of the calls to fail; excludes `probability`, `count` and `skip`.
        count: The number of calls to fail; 1 without `probability` and `calls`.
        skip: The number of calls that pass first.
        seconds: The delay of the caller or of the webhook.
        kept: True to keep a 500 under the idempotency key; by default if the request was executed.
        code: The error code of a 429; `lock_timeout` has no `reason`.
        reason: The `Stripe-Rate-Limited-Reason` of a 429 (https://docs.stripe.com/rate-limits).
        retry_after_seconds: The `Retry-After` header.
        should_retry: The `Stripe-Should-Retry` header.
    """

    kind: Kind
    endpoint: str = "*"
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    calls: Annotated[list[PositiveInt], Field(min_length=1)] | None = None
    count: PositiveInt | None = None
    skip: Count = 0
    seconds: Seconds | None = None
    kept: bool | None = None
    code: Literal["rate_limit", "lock_timeout"] | None = None
    reason: RateLimitReason | None = None
    retry_after_seconds: Count | None = None
    should_retry: bool | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Fault":
        self._check_choice_of_calls()
        self._check_fields_of_kind()
        if self.kind in WEBHOOK_KINDS:
            self._complete_for_webhooks()
        else:
            _check_api_endpoint(self.endpoint)
            self._complete_for_requests(self.traits)
        return self

    @property
    def traits(self) -> Traits:
        """The effect of a fault of API requests.

        Raises:
            KeyError: If it is a fault of webhooks.
        """
        return TRAITS[self.kind]

    def matches(self, method: str, target: str) -> bool:
        """Return True if it applies to a method and path, or to `WEBHOOK` and an event type."""
        if (method == WEBHOOK) is not (self.kind in WEBHOOK_KINDS):
            return False
        return fnmatchcase(f"{method} {target}", self.endpoint)

    def as_json(self) -> dict[str, Any]:
        """Return the fields that are set, including defaults."""
        return self.model_dump(exclude_none=True)

    def _check_choice_of_calls(self) -> None:
        if self.calls is None:
            if self.probability is None and self.count is None:
                self.count = 1
            return
        others = {"probability": self.probability, "count": self.count, "skip": self.skip or None}
        for name, value in others.items():
            if value is not None:
                raise ValueError(f"{name}: cannot be combined with calls")

    def _check_fields_of_kind(self) -> None:
        for name in _OF_SOME_KINDS:
            if getattr(self, name) is not None and name not in FIELDS[self.kind]:
                raise ValueError(f"{name}: not supported by a fault of kind {self.kind}")
        if self.code == "lock_timeout" and self.reason is not None:
            raise ValueError("reason: not supported with code lock_timeout")

    def _complete_for_webhooks(self) -> None:
        if self.endpoint == "*":
            self.endpoint = f"{WEBHOOK} *"
        if not self.endpoint.startswith(f"{WEBHOOK} "):
            raise ValueError(
                f"endpoint: a fault of kind {self.kind} requires WEBHOOK and an event type, "
                "such as 'WEBHOOK payment_intent.*'"
            )
        if self.kind == "webhook_late" and self.seconds is None:
            self.seconds = WEBHOOK_LATE_SECONDS

    def _complete_for_requests(self, traits: Traits) -> None:
        if self.seconds is None and traits.seconds:
            self.seconds = traits.seconds
        if self.kept is None and "kept" in traits.fields:
            self.kept = traits.done
        if self.kind == "429":
            self.code = self.code or "rate_limit"
            if self.code == "rate_limit" and self.reason is None:
                self.reason = "global-rate"


def _check_api_endpoint(endpoint: str) -> None:
    if endpoint == "*":
        return
    method, space, path = endpoint.partition(" ")
    if not any(fnmatchcase(known, method) for known in _METHODS):
        raise ValueError(f"endpoint: method {method!r} must be one of {', '.join(_METHODS)}")
    if not space or not path.startswith(("/", "*", "?", "[")):
        raise ValueError("endpoint: must be a method and a path, such as 'POST /v1/refunds'")
