"""Bringing an emulator back to where its journal ends."""

import logging
from collections.abc import Callable
from typing import Any

from stripe_emulator.emulator import Emulator
from stripe_emulator.journal.journal import Journal, UnusableJournal, read_answer, read_request
from stripe_emulator.requests.execution import Work

_log = logging.getLogger("uvicorn.error")


def restore(emulator: Emulator, journal: Journal) -> None:
    """Carry out every command of a journal again, then enter all further ones into it.

    What was begun and not finished when the journal ended is given up, and that is entered too:
    its key may be used again, then and whenever the journal is read later.

    Raises:
        UnusableJournal: a command in it cannot be carried out.
    """
    emulator.clear(journal.seed)
    again, number = _Again(emulator), 0
    for number, command in enumerate(journal.commands(), 1):
        with emulator.account.clock.stopped(command.now):
            try:
                again.commands[command.name](*command.arguments)
            except (KeyError, TypeError):
                raise UnusableJournal(
                    f"line {number + 1} of the journal cannot be carried out: {command.name} "
                    f"{command.arguments}; delete the journal, or run without it."
                ) from None
    emulator.record, emulator.close = journal.append, journal.close
    again.give_up_all()
    emulator.look()
    if number:
        _log.info("The journal's %d commands were carried out again.", number)


class _Again:
    """The commands as the journal has them; those under way are found by the request's id.

    A request that was finished can be settled right after, and is forgotten then.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._under_way: dict[str, Work] = {}
        self._finished: dict[str, Work] = {}
        self.commands: dict[str, Callable[..., object]] = {
            "begin": self._begin,
            "finish": self._finish,
            "settle": self._settle,
            "give_up": self._give_up,
            "advance": emulator.advance,
            "authenticate": self._authenticate,
            "delivered": self._delivered,
            "forward": emulator.forward,
        }

    def give_up_all(self) -> None:
        for work in self._under_way.values():
            self._emulator.give_up(work)

    def _begin(self, request_id: str, written: dict[str, str]) -> None:
        work = self._emulator.admit(read_request(written), request_id)
        if isinstance(work, Work):
            self._under_way[request_id] = work

    def _finish(self, request_id: str) -> None:
        work = self._under_way.pop(request_id)
        self._finished = {request_id: work}
        self._emulator.finish(work)

    def _settle(self, request_id: str, written: dict[str, Any], kept: bool) -> None:
        works = self._under_way if request_id in self._under_way else self._finished
        self._emulator.settle(works.pop(request_id), read_answer(written), kept=kept)

    def _give_up(self, request_id: str) -> None:
        self._emulator.give_up(self._under_way.pop(request_id))

    def _authenticate(self, intent_id: str, succeeded: bool) -> None:
        intent = self._emulator.account.payment_intent(intent_id)
        self._emulator.authenticate(intent, succeeded=succeeded)

    def _delivered(self, event_id: str, endpoint_id: str) -> None:
        event = self._emulator.account.events.get(event_id)
        if event is not None:
            self._emulator.delivered(event, endpoint_id)
