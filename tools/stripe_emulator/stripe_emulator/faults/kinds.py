"""The kinds of faults as data: effects on execution, idempotency key and response."""

from typing import Final, Literal, NamedTuple, TypeAlias, get_args

ApiKind: TypeAlias = Literal[
    "latency",
    "status_500_before",
    "status_500_after",
    "timeout_after",
    "reset",
    "reset_after",
    "truncated",
    "hang",
    "409",
    "429",
]
WebhookKind: TypeAlias = Literal[
    "webhook_twice", "webhook_late", "webhook_out_of_order", "webhook_lost"
]
Kind: TypeAlias = Literal[ApiKind, WebhookKind]
Sent: TypeAlias = Literal["response", "failure", "part", "nothing"]

_NO_RESPONSE_SECONDS: Final = 600.0
_FAILURE_FIELDS: Final = frozenset({"seconds", "retry_after_seconds", "should_retry"})


class Traits(NamedTuple):
    """The effect of a kind of fault on a request.

    Attributes:
        reached: True if the request reaches the account, which reserves its idempotency key.
        done: True if the request is executed and its response kept under the key, unless `kept`
            is set otherwise.
        sent: The true `response`; a `failure` in its place; its headers and a `part` of its body,
            then a reset; or `nothing` but a reset.
        seconds: The default delay of the caller.
        fields: The optional fields of the kind.
    """

    reached: bool
    done: bool
    sent: Sent
    seconds: float = 0.0
    fields: frozenset[str] = frozenset({"seconds"})


TRAITS: Final[dict[Kind, Traits]] = {
    "latency": Traits(True, True, "response", 1.0, frozenset({"seconds", "should_retry"})),
    "status_500_before": Traits(True, False, "failure", fields=_FAILURE_FIELDS | {"kept"}),
    "status_500_after": Traits(True, True, "failure", fields=_FAILURE_FIELDS | {"kept"}),
    "timeout_after": Traits(True, True, "nothing", _NO_RESPONSE_SECONDS),
    "reset": Traits(False, False, "nothing"),
    "reset_after": Traits(True, True, "nothing"),
    "truncated": Traits(True, True, "part", fields=frozenset({"seconds", "should_retry"})),
    "hang": Traits(False, False, "nothing", _NO_RESPONSE_SECONDS),
    "409": Traits(False, False, "failure", fields=_FAILURE_FIELDS),
    "429": Traits(False, False, "failure", fields=_FAILURE_FIELDS | {"code", "reason"}),
}
WEBHOOK_KINDS: Final = frozenset[Kind](get_args(WebhookKind))
WEBHOOK_LATE_SECONDS: Final = 1.0
FIELDS: Final[dict[Kind, frozenset[str]]] = {
    **dict.fromkeys(WEBHOOK_KINDS, frozenset[str]()),
    **{kind: traits.fields for kind, traits in TRAITS.items()},
    "webhook_late": frozenset({"seconds"}),
}
