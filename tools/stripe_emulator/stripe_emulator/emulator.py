"""The emulator without HTTP: an account, its idempotency keys, faults and request log.

The public methods are commands. Every change of state is a command, which is recorded in the
journal if there is one, and which is executed at one time of the emulator's clock.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

from stripe_emulator.account.account import Account
from stripe_emulator.account.event_log import EventLog, Listener
from stripe_emulator.account.ids import Ids
from stripe_emulator.account.outbox import Outbox
from stripe_emulator.faults.armed import ArmedFaults
from stripe_emulator.objects.event import Event
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations import webhook_endpoints
from stripe_emulator.operations.payment_intents.cancellation import apply_deadlines
from stripe_emulator.operations.payment_intents.confirmation import complete_authentication
from stripe_emulator.requests.authentication import ApiKeys
from stripe_emulator.requests.execution import (
    AdmittedRequest,
    close_key,
    error_response,
    execute,
    replay,
)
from stripe_emulator.requests.idempotency import IdempotencyKeys
from stripe_emulator.requests.log import RequestLog
from stripe_emulator.settings import Settings
from stripe_emulator.wire.errors import ServerError, StripeError
from stripe_emulator.wire.forms import decode_pairs
from stripe_emulator.wire.messages import Request, Response

_log = logging.getLogger("uvicorn.error")

Record: TypeAlias = Callable[..., None]
"""Called with the time, the name and the arguments of a command before its execution."""


class Emulator:
    """One test account behind the Stripe API.

    `begin` admits a request and reserves its idempotency key; `finish` executes it. They are
    separate so that a fault can be injected between them. No command blocks.

    Args:
        settings: The settings of the emulator.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api_keys = ApiKeys()
        self._listeners: list[Listener] = []
        self.max_body_bytes = settings.bounds.max_body_bytes
        self.request_ids = Ids(None if settings.journal else settings.effective_seed)
        self.record: Record = lambda *_: None
        self.close: Callable[[], None] = lambda: None  # called after the last command
        self.wake: Callable[[], None] = lambda: None  # called when deliveries may have become due
        self.clear(settings.effective_seed)

    def clear(self, seed: int | None) -> None:
        """Start with an empty account, the scenario's faults and an unmoved clock."""
        settings, self._seed = self._settings, seed
        settings.clock.reset()
        events = EventLog(settings.bounds.event_log_size, self._listeners)
        outbox = Outbox(settings.bounds.event_log_size, settings.webhooks.bounds.log_size)
        self.account = Account(settings.clock, Ids(seed), events, outbox)
        self.keys = IdempotencyKeys()
        self.faults = ArmedFaults(
            settings.scenario.faults if settings.scenario else (),
            settings.effective_seed,
            settings.effective_rate_limit,
            settings.bounds.fault_log_size,
            monotonic=settings.monotonic,
        )
        self.log = RequestLog(settings.bounds.request_log_size, settings.bounds.request_log_bytes)

    def reset(self) -> None:
        """Return to the state after the start."""
        self.record(0, "reset")
        self.clear(self._seed)
        self.configure_forwarding()
        self.wake()

    def configure_forwarding(self) -> None:
        """Create the webhook endpoint of the settings; repeating it changes nothing."""
        webhooks = self._settings.webhooks
        if webhooks.url is not None:
            self.forward(webhooks.url, webhooks.secret)

    def forward(self, url: str, secret: str | None) -> None:
        """Create one webhook endpoint for all events at this URL, or update the earlier one."""
        with self._frozen_clock() as now:
            self.record(now, "forward", url, secret)
            webhook_endpoints.forward(self.account, url, secret)

    def subscribe(self, listener: Listener) -> None:
        """Call a listener with every new event, before the response to its request."""
        self._listeners.append(listener)

    def begin(self, request: Request, request_id: str) -> AdmittedRequest | Response:
        """Admit a request, or return its response: an error, or the replay of its key."""
        try:
            self._api_keys.check(request)
        except StripeError as error:
            return error_response(error, request, request_id)
        return self.admit(request, request_id)

    def admit(self, request: Request, request_id: str) -> AdmittedRequest | Response:
        """Admit a request whose API key was checked; otherwise the same as `begin`."""
        with self._frozen_clock() as now:
            if request.may_write:
                self.record(now, "begin", request_id, request)
            try:
                pairs = decode_pairs(request.query) + decode_pairs(request.body)
                key = request.header(b"idempotency-key")
                if not key or request.method != "POST":
                    return AdmittedRequest(request, request_id, pairs, None)
                record = self.keys.reserve(key, request.path, pairs, request_id, now)
            except StripeError as error:
                return error_response(error, request, request_id)
            if record.response is not None:
                return replay(record, record.response)
            return AdmittedRequest(request, request_id, pairs, record)

    def finish(self, admitted: AdmittedRequest) -> Response:
        """Execute an admitted request, and keep its response under its key.

        Raises:
            OSError: If the journal cannot be written; the request is not executed.
        """
        with self._frozen_clock() as now:
            self._journal(admitted, now, "finish")
            try:
                response, kept = execute(admitted, self.account), True
            except StripeError as error:
                response, kept = admitted.error(error), error.kept
            except Exception:  # noqa: BLE001  # a bug of the emulator is a 500, as at Stripe
                method, path = admitted.request.method, admitted.request.path
                _log.exception("request_failed method=%r path=%r", method, path)
                response, kept = admitted.error(ServerError()), False
            response = close_key(admitted, self.keys, response, kept=kept)
            if kept and admitted.key is not None:
                response.headers.append((b"stripe-should-retry", b"false"))
            return response

    def close_key(self, admitted: AdmittedRequest, response: Response, *, kept: bool) -> Response:
        """End the reservation of the key, with this response kept or not; execute nothing."""
        with self._frozen_clock() as now:
            self._journal(admitted, now, "close_key", response, kept)
            return close_key(admitted, self.keys, response, kept=kept)

    def abandon(self, admitted: AdmittedRequest) -> None:
        """Free the key of a request that gets no response."""
        if admitted.record is not None and admitted.record.is_reserved_by(admitted.request_id):
            self.record(self.account.clock.now(), "abandon", admitted.request_id)
            self.keys.release(admitted.record)

    def advance(self, seconds: int) -> int:
        """Move the clock forward, apply the deadlines until then, and return the new time.

        Raises:
            ValueError: If `seconds` is negative.
        """
        now = self.account.clock.advance(seconds)
        self.record(now, "advance", seconds)
        with self._frozen_clock() as now:
            self.wake()
            return now

    def apply_deadlines(self) -> None:
        """Apply the deadlines that are due."""
        apply_deadlines(self.account)

    def authenticate(self, intent: PaymentIntent, *, succeeded: bool) -> None:
        """Complete the authentication of a PaymentIntent's cardholder."""
        with self._frozen_clock() as now:
            self.record(now, "authenticate", intent.id, succeeded)
            complete_authentication(self.account, intent, succeeded=succeeded)

    def mark_delivered(self, event: Event, endpoint_id: str) -> None:
        """Record that a webhook endpoint has received an event."""
        with self._frozen_clock() as now:
            self.record(now, "mark_delivered", event.id, endpoint_id)
            event.pending.discard(endpoint_id)
            self.account.outbox.remove(event.id, endpoint_id)

    def _journal(self, admitted: AdmittedRequest, now: int, name: str, *arguments: object) -> None:
        if not admitted.request.may_write:
            return
        try:
            self.record(now, name, admitted.request_id, *arguments)
        except OSError:  # a command that cannot be recorded is not executed
            if admitted.record is not None:
                self.keys.release(admitted.record)
            raise

    @contextmanager
    def _frozen_clock(self) -> Generator[int]:
        with self.account.clock.frozen() as now:
            apply_deadlines(self.account)
            yield now
