"""The emulator without its HTTP: a request in, an answer out, and everything it remembers."""

from stripe_emulator.account import Account
from stripe_emulator.answers import Answer, Headers, Request
from stripe_emulator.authentication import ApiKeys
from stripe_emulator.call import Call
from stripe_emulator.errors import StripeError
from stripe_emulator.expansion import check as check_expansion
from stripe_emulator.expansion import expand
from stripe_emulator.faults import Faults
from stripe_emulator.forms import Pairs, decode_pairs, nest
from stripe_emulator.idempotency import IdempotencyKeys, KeyRecord, digest_of
from stripe_emulator.ids import Ids
from stripe_emulator.operations import find_operation
from stripe_emulator.request_log import RequestLog
from stripe_emulator.settings import Settings
from stripe_emulator.wire import encode


class Work:
    """A request that was let in, between the reservation of its key and its answer."""

    __slots__ = ("pairs", "record", "request", "request_id")

    def __init__(
        self, request: Request, request_id: str, pairs: Pairs, record: KeyRecord | None
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.pairs = pairs
        self.record = record


class Emulator:
    """One test account behind Stripe's API.

    `begin` lets a request in and reserves its idempotency key; `finish` does the work. They are
    two so that a fault can come between them; neither waits for anything.

    Args:
        settings: the emulator's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api_keys = ApiKeys()
        self.reset()

    def reset(self) -> None:
        """Forget everything: an empty account, the scenario's faults only, the clock not ahead."""
        self._settings.clock.reset()
        self.account = Account(self._settings.clock, Ids(self._settings.any_seed))
        self.keys = IdempotencyKeys()
        self.faults = Faults(self._settings)
        self.log = RequestLog(self._settings.request_log_size)

    def begin(self, request: Request, request_id: str) -> Work | Answer:
        """Let a request in, or answer it at once: an error, or the replay of its key."""
        try:
            self._api_keys.check(request)
            pairs = decode_pairs(request.query) + decode_pairs(request.body)
            key = request.header(b"idempotency-key")
            if not key or request.method != "POST":
                return Work(request, request_id, pairs, None)
            digest = digest_of(request.method, request.path, pairs)
            record = self.keys.begin(key, digest, request_id, self.account.clock.now())
        except StripeError as error:
            return error_answer(error, request, request_id)
        if record.answer is not None:
            return _replay(record, record.answer)
        return Work(request, request_id, pairs, record)

    def finish(self, work: Work) -> Answer:
        """Do the work of a request that was let in, and keep its answer under its key."""
        try:
            answer, kept = self._run(work), True
        except StripeError as error:
            answer, kept = error_answer(error, work.request, work.request_id), error.kept
        except BaseException:
            if work.record is not None:
                self.keys.release(work.record)
            raise
        return self.settle(work, answer, kept=kept)

    def settle(self, work: Work, answer: Answer, *, kept: bool) -> Answer:
        """End the reservation of the key with this answer, kept or not."""
        if work.record is None:
            return answer
        if kept:
            self.keys.keep(work.record, answer)
        else:
            self.keys.release(work.record)
        return Answer(answer.status, answer.body, _key_headers(work.record), answer.error_code)

    def _run(self, work: Work) -> Answer:
        request = work.request
        operation, ids = find_operation(request.method, request.path)
        parameters = operation.accepts.read(nest(work.pairs))
        paths = parameters.texts("expand")
        if paths:
            check_expansion(paths, operation.kind, listed=operation.listed)
        body = operation.run(Call(self.account, ids, parameters, request.origin))
        if paths:
            expand(self.account, body, paths)
        return Answer(200, encode(body))


def error_answer(error: StripeError, request: Request, request_id: str) -> Answer:
    """The answer that an error is; its log link leads to the emulator's own request log."""
    body = error.body(f"{request.origin}/_emulator/requests/{request_id}")
    return Answer(error.status, encode(body), error_code=error.code)


def _key_headers(record: KeyRecord) -> Headers:
    return [
        (b"idempotency-key", record.key.encode("latin-1")),
        (b"original-request", record.request_id.encode()),
    ]


def _replay(record: KeyRecord, answer: Answer) -> Answer:
    headers = [*_key_headers(record), (b"idempotent-replayed", b"true")]
    return Answer(answer.status, answer.body, headers, answer.error_code)
