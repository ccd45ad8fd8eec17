"""Execution of an admitted request, and the responses to it."""

from uuid import NAMESPACE_URL, uuid5

from stripe_emulator.account.account import Account
from stripe_emulator.objects.event import Cause
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.expansion import check as check_expansion
from stripe_emulator.operations.expansion import expand
from stripe_emulator.operations.table import find_operation
from stripe_emulator.requests.idempotency import IdempotencyKeys, KeyRecord
from stripe_emulator.wire.errors import StripeError
from stripe_emulator.wire.forms import Pairs, nest
from stripe_emulator.wire.json import encode
from stripe_emulator.wire.messages import Headers, Request, Response


class AdmittedRequest:
    """An admitted request, between the reservation of its key and its response.

    As at Stripe, a POST without an idempotency key gets a generated one.
    """

    __slots__ = ("key", "pairs", "record", "request", "request_id")

    def __init__(
        self, request: Request, request_id: str, pairs: Pairs, record: KeyRecord | None
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.pairs = pairs
        self.record = record
        self.key = record.key if record else None
        if self.key is None and request.method == "POST":
            self.key = str(uuid5(NAMESPACE_URL, request_id))

    def error(self, error: StripeError) -> Response:
        """Build the response of an error."""
        return error_response(error, self.request, self.request_id)


def execute(admitted: AdmittedRequest, account: Account) -> Response:
    """Execute a request.

    Raises:
        StripeError: If the request is refused or the card is declined.
    """
    request = admitted.request
    operation, ids = find_operation(request.method, request.path)
    parameters = operation.accepts.read(nest(admitted.pairs))
    paths = parameters.texts("expand")
    if paths:
        check_expansion(paths, operation.kind, listed=operation.listed)
    with account.caused_by(Cause(admitted.request_id, admitted.key)):
        body = operation.run(Call(account, ids, parameters, request.base_url))
    if paths:
        expand(account, body, operation.kind, paths)
    return Response(200, encode(body))


def close_key(
    admitted: AdmittedRequest, keys: IdempotencyKeys, response: Response, *, kept: bool
) -> Response:
    """End the reservation of the request's key, and return the response with its key headers."""
    if admitted.key is None:
        return response
    if admitted.record is not None and kept:
        keys.keep(admitted.record, response)
    elif admitted.record is not None:
        keys.release(admitted.record)
    headers = key_headers(admitted.key, admitted.request_id)
    return Response(response.status, response.body, headers, response.error_code)


def error_response(error: StripeError, request: Request, request_id: str) -> Response:
    """Build the response of an error, with a link to the request in the emulator's log."""
    body = error.body(f"{request.base_url}/_emulator/requests/{request_id}")
    return Response(error.status, encode(body), error_code=error.code)


def key_headers(key: str, original_request: str) -> Headers:
    """Return the headers about the idempotency key of a POST."""
    return [
        (b"idempotency-key", key.encode("latin-1")),
        (b"original-request", original_request.encode()),
    ]


def replay(record: KeyRecord, response: Response) -> Response:
    """Build a replay of the first response, with the header `Idempotent-Replayed`."""
    headers = [*key_headers(record.key, record.request_id), (b"idempotent-replayed", b"true")]
    return Response(response.status, response.body, headers, response.error_code)
