"""A request that was let in: what it comes to, and how its answer looks."""

from uuid import NAMESPACE_URL, uuid5

from stripe_emulator.account.account import Account
from stripe_emulator.objects.event import Cause
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.expansion import check as check_expansion
from stripe_emulator.operations.expansion import expand
from stripe_emulator.operations.table import find_operation
from stripe_emulator.requests.idempotency import KeyRecord
from stripe_emulator.wire.errors import StripeError
from stripe_emulator.wire.forms import Pairs, nest
from stripe_emulator.wire.json import encode
from stripe_emulator.wire.messages import Answer, Headers, Request


class Work:
    """A request that was let in, between the reservation of its key and its answer.

    A POST that came without an idempotency key has one that the emulator made up, as Stripe does.
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


def run(work: Work, account: Account) -> Answer:
    """Do the work of a request.

    Raises:
        StripeError: It is refused, or the card is declined.
    """
    request = work.request
    operation, ids = find_operation(request.method, request.path)
    parameters = operation.accepts.read(nest(work.pairs))
    paths = parameters.texts("expand")
    if paths:
        check_expansion(paths, operation.kind, listed=operation.listed)
    with account.caused_by(Cause(work.request_id, work.key)):
        body = operation.run(Call(account, ids, parameters, request.origin))
    if paths:
        expand(account, body, operation.kind, paths)
    return Answer(200, encode(body))


def error_answer(error: StripeError, request: Request, request_id: str) -> Answer:
    """The answer that an error is; its log link leads to the emulator's own request log."""
    body = error.body(f"{request.origin}/_emulator/requests/{request_id}")
    return Answer(error.status, encode(body), error_code=error.code)


def key_headers(key: str, original_request: str) -> Headers:
    """What an answer to a POST says of its idempotency key."""
    return [
        (b"idempotency-key", key.encode("latin-1")),
        (b"original-request", original_request.encode()),
    ]


def replay(record: KeyRecord, answer: Answer) -> Answer:
    """The first answer once more, marked as such."""
    headers = [*key_headers(record.key, record.request_id), (b"idempotent-replayed", b"true")]
    return Answer(answer.status, answer.body, headers, answer.error_code)
