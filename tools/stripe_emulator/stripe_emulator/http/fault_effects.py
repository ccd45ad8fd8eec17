"""What a fault does to the account, to the idempotency key and to the answer.

`begin` and `end` are all that outlives a request that a fault hit; the waiting between or after
them, and the sending, are the HTTP edge's. Called one right after the other they have the same
effect without the wait.
"""

from dataclasses import replace
from typing import NamedTuple

from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault, RateLimitReason
from stripe_emulator.requests.execution import Work, error_answer
from stripe_emulator.wire.errors import ServerError, StripeError
from stripe_emulator.wire.messages import Answer, Headers, Request
from stripe_emulator.wire.request_errors import IdempotencyKeyInUse, RateLimited

_REASON = b"stripe-rate-limited-reason"


class Ended(NamedTuple):
    """What is sent, None for nothing, and the true answer that is withheld, where there is one."""

    sent: Answer | None
    withheld: Answer | None


def begin(
    emulator: Emulator, fault: Fault, request: Request, request_id: str
) -> Work | Answer | None:
    """Let the request in if the fault lets it through to the account; None if it does not."""
    return emulator.begin(request, request_id) if fault.traits.reached else None


def end(
    emulator: Emulator,
    fault: Fault,
    begun: Work | Answer | None,
    request: Request,
    request_id: str,
) -> Ended:
    """Do what the fault leaves of the work, and leave under the key what the fault says."""
    failure = _failure(fault, request, request_id)
    done = begun if isinstance(begun, Answer) else None
    settled = None
    if isinstance(begun, Work):
        done = emulator.finish(begun) if fault.traits.done else None
        if failure is not None and (fault.kept or done is None):
            settled = emulator.settle(begun, failure, kept=bool(fault.kept))
    if fault.traits.sent == "nothing":
        return Ended(None, done)
    answer = settled or failure or done
    sent = answer and replace(
        answer, headers=list({**dict(answer.headers), **dict(_headers(fault))}.items())
    )
    return Ended(sent, done if failure else None)


def rate_limited(reason: RateLimitReason, request: Request, request_id: str) -> Answer:
    """The answer to a request that the rate limit refuses; nothing else becomes of it."""
    answer = error_answer(RateLimited("rate_limit"), request, request_id)
    return replace(answer, headers=[(_REASON, reason.encode())])


def _failure(fault: Fault, request: Request, request_id: str) -> Answer | None:
    if fault.traits.sent != "failure":
        return None
    error: StripeError
    match fault.kind:
        case "409":
            error = IdempotencyKeyInUse(request.header(b"idempotency-key") or request_id)
        case "429":
            error = RateLimited(fault.code or "rate_limit")
        case _:
            error = ServerError()
    return error_answer(error, request, request_id)


def _headers(fault: Fault) -> Headers:
    headers = Headers()
    if fault.reason is not None:
        headers.append((_REASON, fault.reason.encode()))
    if fault.retry_after_seconds is not None:
        headers.append((b"retry-after", str(fault.retry_after_seconds).encode()))
    if fault.should_retry is not None:
        headers.append((b"stripe-should-retry", b"true" if fault.should_retry else b"false"))
    return headers
