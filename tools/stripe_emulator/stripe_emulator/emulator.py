"""The emulator without its HTTP: a request in, an answer out, and everything it remembers.

Its public methods are its commands: whatever changes anything goes through one of them, is entered
into the journal where there is one, and happens at one moment of the emulator's clock.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

from stripe_emulator.account.account import Account
from stripe_emulator.account.event_log import EventLog, Listener
from stripe_emulator.account.ids import Ids
from stripe_emulator.account.outbox import Outbox
from stripe_emulator.faults.armed import Faults
from stripe_emulator.objects.event import Event
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations import webhook_endpoints
from stripe_emulator.operations.payment_intents.cancellation import expire_due
from stripe_emulator.operations.payment_intents.confirmation import finish_authentication
from stripe_emulator.requests.authentication import ApiKeys
from stripe_emulator.requests.execution import Work, error_answer, key_headers, replay, run
from stripe_emulator.requests.idempotency import IdempotencyKeys
from stripe_emulator.requests.log import RequestLog
from stripe_emulator.settings import Settings
from stripe_emulator.wire.errors import ServerError, StripeError
from stripe_emulator.wire.forms import decode_pairs
from stripe_emulator.wire.messages import Answer, Request

_log = logging.getLogger("uvicorn.error")

Record: TypeAlias = Callable[..., None]
"""Called with the time, the name and the arguments of each command, before it is carried out."""


class Emulator:
    """One test account behind Stripe's API.

    `begin` lets a request in and reserves its idempotency key; `finish` does the work. They are
    two so that a fault can come between them; no command waits for anything.

    Args:
        settings: the emulator's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api_keys = ApiKeys()
        self._listeners: list[Listener] = []
        self.max_body_bytes = settings.max_body_bytes
        self.request_ids = Ids(None if settings.journal else settings.any_seed)
        self.record: Record = _forget
        self.close: Callable[[], None] = _nobody  # called when no more commands will come
        self.wake: Callable[[], None] = _nobody  # called when what was not due may be due now
        self.clear(settings.any_seed)

    def clear(self, seed: int | None) -> None:
        """Forget everything: an empty account, the scenario's faults only, the clock not ahead."""
        settings, self._seed = self._settings, seed
        settings.clock.reset()
        events = EventLog(settings.event_log_size, self._listeners)
        outbox = Outbox(settings.event_log_size, settings.webhooks.log_size)
        self.account = Account(settings.clock, Ids(seed), events, outbox)
        self.keys = IdempotencyKeys()
        self.faults = Faults(settings)
        self.log = RequestLog(settings.request_log_size, settings.request_log_bytes)

    def reset(self) -> None:
        """Begin again, as if just started."""
        self.record(0, "reset")
        self.clear(self._seed)
        self.forward_events()
        self.wake()

    def forward_events(self) -> None:
        """Have the webhook endpoint that the settings ask for; again changes nothing."""
        webhooks = self._settings.webhooks
        if webhooks.url is not None:
            self.forward(webhooks.url, webhooks.secret)

    def forward(self, url: str, secret: str | None) -> None:
        """Have one webhook endpoint for all events at this URL, instead of one before."""
        with self._moment() as now:
            self.record(now, "forward", url, secret)
            webhook_endpoints.forward(self.account, url, secret)

    def listen(self, listener: Listener) -> None:
        """Call this with every event from now on, before the request that caused it is answered."""
        self._listeners.append(listener)

    def begin(self, request: Request, request_id: str) -> Work | Answer:
        """Let a request in, or answer it at once: an error, or the replay of its key."""
        try:
            self._api_keys.check(request)
        except StripeError as error:
            return error_answer(error, request, request_id)
        return self.admit(request, request_id)

    def admit(self, request: Request, request_id: str) -> Work | Answer:
        """`begin` for a request whose API key is good."""
        with self._moment() as now:
            if request.changes:
                self.record(now, "begin", request_id, request)
            try:
                pairs = decode_pairs(request.query) + decode_pairs(request.body)
                key = request.header(b"idempotency-key")
                if not key or request.method != "POST":
                    return Work(request, request_id, pairs, None)
                record = self.keys.begin(key, request.path, pairs, request_id, now)
            except StripeError as error:
                return error_answer(error, request, request_id)
            if record.answer is not None:
                return replay(record, record.answer)
            return Work(request, request_id, pairs, record)

    def finish(self, work: Work) -> Answer:
        """Do the work of a request that was let in, and keep its answer under its key."""
        with self._moment() as now:
            self._enter(work, now, "finish")
            try:
                answer, kept = run(work, self.account), True
            except StripeError as error:
                answer, kept = error_answer(error, work.request, work.request_id), error.kept
            except Exception:  # noqa: BLE001 - a bug of ours is answered as one of Stripe's would be
                _log.exception("%s %s", work.request.method, work.request.path)
                failure = error_answer(ServerError(), work.request, work.request_id)
                answer, kept = failure, False
            answer = self._end(work, answer, kept=kept)
            if kept and work.key is not None:
                answer.headers.append((b"stripe-should-retry", b"false"))
            return answer

    def settle(self, work: Work, answer: Answer, *, kept: bool) -> Answer:
        """End the reservation of the key with this answer, kept or not; no work is done."""
        with self._moment() as now:
            self._enter(work, now, "settle", answer, kept)
            return self._end(work, answer, kept=kept)

    def give_up(self, work: Work) -> None:
        """Free the key of a request that will have no answer."""
        if work.record is not None and work.record.waits_for(work.request_id):
            self.record(self.account.clock.now(), "give_up", work.request_id)
            self.keys.release(work.record)

    def advance(self, seconds: int) -> int:
        """Move the clock forward and return the new time; what is due by then happens.

        Raises:
            ValueError: `seconds` is negative.
        """
        now = self.account.clock.advance(seconds)
        self.record(now, "advance", seconds)
        with self._moment() as now:
            self.wake()
            return now

    def look(self) -> None:
        """Let happen what is due by now."""
        expire_due(self.account)

    def authenticate(self, intent: PaymentIntent, *, succeeded: bool) -> None:
        """The cardholder of a PaymentIntent has authenticated, or failed to."""
        with self._moment() as now:
            self.record(now, "authenticate", intent.id, succeeded)
            finish_authentication(self.account, intent, succeeded=succeeded)

    def delivered(self, event: Event, endpoint_id: str) -> None:
        """A webhook endpoint has taken an event."""
        with self._moment() as now:
            self.record(now, "delivered", event.id, endpoint_id)
            event.pending.discard(endpoint_id)
            self.account.outbox.remove(event.id, endpoint_id)

    def _enter(self, work: Work, now: int, name: str, *arguments: object) -> None:
        if not work.request.changes:
            return
        try:
            self.record(now, name, work.request_id, *arguments)
        except OSError:  # what cannot be entered is not done
            if work.record is not None:
                self.keys.release(work.record)
            raise

    @contextmanager
    def _moment(self) -> Generator[int]:
        with self.account.clock.stopped() as now:
            expire_due(self.account)
            yield now

    def _end(self, work: Work, answer: Answer, *, kept: bool) -> Answer:
        if work.key is None:
            return answer
        if work.record is not None and kept:
            self.keys.keep(work.record, answer)
        elif work.record is not None:
            self.keys.release(work.record)
        headers = key_headers(work.key, work.request_id)
        return Answer(answer.status, answer.body, headers, answer.error_code)


def _forget(now: int, name: str, *arguments: object) -> None:
    del now, name, arguments


def _nobody() -> None:
    pass
