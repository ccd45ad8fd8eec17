"""The effects of a fault on the account, the idempotency key and the response.

`begin` and `end` have all lasting effects of a fault; `stripe_api` adds the delay between or after
them and sends the response. Without the delay the effects are the same.
"""

from dataclasses import replace
from typing import NamedTuple

from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault, RateLimitReason
from stripe_emulator.requests.execution import AdmittedRequest, error_response
from stripe_emulator.wire.errors import ServerError, StripeError
from stripe_emulator.wire.messages import Headers, Request, Response
from stripe_emulator.wire.request_errors import IdempotencyKeyInUse, RateLimited

_REASON = b"stripe-rate-limited-reason"


class FaultResult(NamedTuple):
    """The response to send, None for nothing, and the true response if it is withheld."""

    sent: Response | None
    withheld: Response | None


def begin(
    emulator: Emulator, fault: Fault, request: Request, request_id: str
) -> AdmittedRequest | Response | None:
    """Admit the request if the fault lets it reach the account, otherwise return None."""
    return emulator.begin(request, request_id) if fault.traits.reached else None


def end(
    emulator: Emulator,
    fault: Fault,
    begun: AdmittedRequest | Response | None,
    request: Request,
    request_id: str,
) -> FaultResult:
    """Execute the request and keep a response under its key, as far as the fault allows."""
    failure = _failure(fault, request, request_id)
    done = begun if isinstance(begun, Response) else None
    closed = None
    if isinstance(begun, AdmittedRequest):
        done = emulator.finish(begun) if fault.traits.done else None
        if failure is not None and (fault.kept or done is None):
            closed = emulator.close_key(begun, failure, kept=bool(fault.kept))
    if fault.traits.sent == "nothing":
        return FaultResult(None, done)
    response = closed or failure or done
    sent = response and replace(
        response, headers=list({**dict(response.headers), **dict(_headers(fault))}.items())
    )
    return FaultResult(sent, done if failure else None)


def rate_limited(reason: RateLimitReason, request: Request, request_id: str) -> Response:
    """Build the response to a request that the rate limit refuses, without other effects."""
    response = error_response(RateLimited("rate_limit"), request, request_id)
    return replace(response, headers=[(_REASON, reason.encode())])


def _failure(fault: Fault, request: Request, request_id: str) -> Response | None:
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
    return error_response(error, request, request_id)


def _headers(fault: Fault) -> Headers:
    headers = Headers()
    if fault.reason is not None:
        headers.append((_REASON, fault.reason.encode()))
    if fault.retry_after_seconds is not None:
        headers.append((b"retry-after", str(fault.retry_after_seconds).encode()))
    if fault.should_retry is not None:
        headers.append((b"stripe-should-retry", b"true" if fault.should_retry else b"false"))
    return headers
