"""Restoring an emulator from its journal."""

import logging
from collections.abc import Callable
from typing import Any

from stripe_emulator.emulator import Emulator
from stripe_emulator.journal.journal import Journal, UnusableJournal, read_request, read_response
from stripe_emulator.requests.execution import AdmittedRequest

_log = logging.getLogger("uvicorn.error")


def restore(emulator: Emulator, journal: Journal) -> None:
    """Replay every command of a journal, then record all further commands in it.

    Requests that were in progress at the end of the journal are abandoned, which is recorded too:
    their idempotency keys can be used again, now and after every later restore.

    Raises:
        UnusableJournal: If a command cannot be replayed.
    """
    emulator.clear(journal.seed)
    replayer, number = _Replayer(emulator), 0
    for number, command in enumerate(journal.commands(), 1):
        with emulator.account.clock.frozen(command.now):
            try:
                replayer.commands[command.name](*command.arguments)
            except (KeyError, TypeError):
                raise UnusableJournal(
                    f"line {number + 1} of the journal cannot be replayed: {command.name} "
                    f"{command.arguments}; delete the journal or run without it."
                ) from None
    emulator.record, emulator.close = journal.append, journal.close
    replayer.abandon_all()
    emulator.apply_deadlines()
    if number:
        _log.info("journal_replayed commands=%d", number)


class _Replayer:
    """The commands of a journal; requests in progress are found by their id.

    The key of a request can be closed directly after the request is finished.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._in_progress: dict[str, AdmittedRequest] = {}
        self._finished: dict[str, AdmittedRequest] = {}
        self.commands: dict[str, Callable[..., object]] = {
            "begin": self._begin,
            "finish": self._finish,
            "close_key": self._close_key,
            "abandon": self._abandon,
            "advance": emulator.advance,
            "authenticate": self._authenticate,
            "mark_delivered": self._mark_delivered,
            "forward": emulator.forward,
        }

    def abandon_all(self) -> None:
        for admitted in self._in_progress.values():
            self._emulator.abandon(admitted)

    def _begin(self, request_id: str, written: dict[str, str]) -> None:
        admitted = self._emulator.admit(read_request(written), request_id)
        if isinstance(admitted, AdmittedRequest):
            self._in_progress[request_id] = admitted

    def _finish(self, request_id: str) -> None:
        admitted = self._in_progress.pop(request_id)
        self._finished = {request_id: admitted}
        self._emulator.finish(admitted)

    def _close_key(self, request_id: str, written: dict[str, Any], kept: bool) -> None:
        requests = self._in_progress if request_id in self._in_progress else self._finished
        self._emulator.close_key(requests.pop(request_id), read_response(written), kept=kept)

    def _abandon(self, request_id: str) -> None:
        self._emulator.abandon(self._in_progress.pop(request_id))

    def _authenticate(self, intent_id: str, succeeded: bool) -> None:
        intent = self._emulator.account.payment_intent(intent_id)
        self._emulator.authenticate(intent, succeeded=succeeded)

    def _mark_delivered(self, event_id: str, endpoint_id: str) -> None:
        event = self._emulator.account.events.get(event_id)
        if event is not None:
            self._emulator.mark_delivered(event, endpoint_id)
