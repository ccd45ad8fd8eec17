"""A fault as it is asked for, over the control API or in a scenario file."""

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
    """One fault, for the requests of an endpoint or the webhooks of a type of event.

    Every request that matches `endpoint` is a call of the fault, counted from 1, whichever fault
    hits it in the end.

    Attributes:
        kind: what happens; the README has the table.
        endpoint: a method and a path, or `WEBHOOK` and a type of event, with shell wildcards:
            `POST /v1/payment_intents*`, `WEBHOOK payment_intent.*`. Everything unless told.
        probability: how likely each call is hit; without `count`, for as long as it is armed.
        calls: the numbers of the calls that are hit, instead of the other ways to choose them.
        count: how many calls it hits before it is disarmed; 1 without `probability` and `calls`.
        skip: how many calls pass before the first that it may hit.
        seconds: how long the caller, or the webhook, waits.
        kept: whether a 500 is kept under the request's idempotency key; by default only if the
            work was done.
        code: the error code of a 429; `lock_timeout` has no `reason`.
        reason: the `Stripe-Rate-Limited-Reason` of a 429 (https://docs.stripe.com/rate-limits).
        retry_after_seconds: sent as `Retry-After`.
        should_retry: sent as `Stripe-Should-Retry`.
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
        """What a fault of API requests does.

        Raises:
            KeyError: it is one of webhooks.
        """
        return TRAITS[self.kind]

    def matches(self, method: str, target: str) -> bool:
        """Whether a request's method and path, or `WEBHOOK` and a type of event, fit it."""
        if (method == WEBHOOK) is not (self.kind in WEBHOOK_KINDS):
            return False
        return fnmatchcase(f"{method} {target}", self.endpoint)

    def as_json(self) -> dict[str, Any]:
        """The settings that it has, those it has by default included."""
        return self.model_dump(exclude_none=True)

    def _check_choice_of_calls(self) -> None:
        if self.calls is None:
            if self.probability is None and self.count is None:
                self.count = 1
            return
        others = {"probability": self.probability, "count": self.count, "skip": self.skip or None}
        for name, value in others.items():
            if value is not None:
                raise ValueError(f"{name}: not together with calls, which says it all")

    def _check_fields_of_kind(self) -> None:
        for name in _OF_SOME_KINDS:
            if getattr(self, name) is not None and name not in FIELDS[self.kind]:
                raise ValueError(f"{name}: a fault of kind {self.kind} has none")
        if self.code == "lock_timeout" and self.reason is not None:
            raise ValueError("reason: a lock_timeout has none")

    def _complete_for_webhooks(self) -> None:
        if self.endpoint == "*":
            self.endpoint = f"{WEBHOOK} *"
        if not self.endpoint.startswith(f"{WEBHOOK} "):
            raise ValueError(
                f"endpoint: a fault of kind {self.kind} needs WEBHOOK and a type of event, "
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
    if not any(fnmatchcase(each, method) for each in _METHODS):
        raise ValueError(f"endpoint: {method!r} is no method; it is one of {', '.join(_METHODS)}")
    if not space or not path.startswith(("/", "*", "?", "[")):
        raise ValueError("endpoint: a method, a space and a path, such as 'POST /v1/refunds'")
