"""Bringing an emulator back to where its journal ends."""

from collections.abc import Callable
from typing import Any

from stripe_emulator.emulator import Emulator, Work
from stripe_emulator.journal import Journal, UnusableJournal, read_answer, read_request


def restore(emulator: Emulator, journal: Journal) -> None:
    """Carry out every command of a journal again, then enter all further ones into it.

    What was begun and not finished when the journal ended is as if it had never come.

    Raises:
        UnusableJournal: a command in it cannot be carried out.
    """
    emulator.clear(journal.seed)
    again = _Again(emulator)
    for command in journal.commands():
        with emulator.account.clock.stopped(command.now):
            try:
                again.commands[command.name](*command.arguments)
            except (KeyError, TypeError):
                raise UnusableJournal(f"The journal holds an unknown command: {command}") from None
    again.give_up()
    emulator.record = journal.append


class _Again:
    """The commands as the journal has them; those under way are found by the request's id."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._under_way: dict[str, Work] = {}
        self.commands: dict[str, Callable[..., object]] = {
            "begin": self._begin,
            "finish": self._finish,
            "settle": self._settle,
            "advance": emulator.advance,
            "authenticate": self._authenticate,
            "delivered": self._delivered,
            "forward": emulator.forward,
        }

    def give_up(self) -> None:
        for work in self._under_way.values():
            self._emulator.give_up(work)

    def _begin(self, request_id: str, written: dict[str, str]) -> None:
        work = self._emulator.admit(read_request(written), request_id)
        if isinstance(work, Work):
            self._under_way[request_id] = work

    def _finish(self, request_id: str) -> None:
        self._emulator.finish(self._under_way[request_id])

    def _settle(self, request_id: str, written: dict[str, Any], kept: bool) -> None:
        self._emulator.settle(self._under_way[request_id], read_answer(written), kept=kept)

    def _authenticate(self, intent_id: str, succeeded: bool) -> None:
        intent = self._emulator.account.payment_intent(intent_id)
        self._emulator.authenticate(intent, succeeded=succeeded)

    def _delivered(self, event_id: str, endpoint_id: str) -> None:
        event = self._emulator.account.events.get(event_id)
        if event is not None:
            self._emulator.delivered(event, endpoint_id)
