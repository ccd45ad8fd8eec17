"""A ledger of what was done and compensated, kept from the messages alone.

It knows neither the declaration nor the engine's positions: what a command does, which reply
compensates it and which message makes that needless is stated by the test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from saga_engine.messages import ResolveRequested, RetryRequested
from saga_schemas.envelope import Envelope


@dataclass(frozen=True)
class Effects:
    """What messages do, by their types.

    Attributes:
        done_by: The effect of each command that has to be compensated.
        compensations: The effect that each compensating state takes back.
        compensating: The effect that each compensating command is to take back.
        compensated_by: The effect that each reply to a compensation takes back.
        needless: The effect that each message makes needless to compensate.
        committed_by: The messages after which nothing done before is compensated.
        answered_for: The effect that an operator answers for who resolves this state, besides the
            compensating states.
        success: The ends in which nothing is compensated.
    """

    done_by: Mapping[str, str]
    compensations: Mapping[str, str]
    compensating: Mapping[str, str]
    compensated_by: Mapping[str, str]
    needless: Mapping[str, str]
    committed_by: frozenset[str]
    answered_for: Mapping[str, str]
    success: frozenset[str]


@dataclass(frozen=True)
class Ledger:
    """What was done, in order, and what became of it.

    Attributes:
        done: The effects that may have happened, in the order of their first command.
        compensated: The effects that a participant took back, in order; one that was taken back
            twice is in it twice.
        closed: Why each effect needs no compensation any more.
        needlessly: Compensating commands that were sent for an effect that was dealt with.
    """

    effects: Effects
    done: tuple[str, ...] = ()
    compensated: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    needlessly: tuple[str, ...] = ()

    def after(self, state: str, parked: str | None, message: Envelope, decision: Any) -> Self:
        """Return the ledger after a message that was not refused, received in `state`."""
        ledger = self._received(state, parked, message)
        for sent in decision.send:
            effect = self.effects.done_by.get(sent.type)
            if effect and effect not in ledger.done:
                ledger = replace(ledger, done=(*ledger.done, effect))
            takes_back = self.effects.compensating.get(sent.type)
            if takes_back and takes_back not in ledger.open:
                ledger = replace(ledger, needlessly=(*ledger.needlessly, sent.type))
        return ledger

    @property
    def open(self) -> set[str]:
        """The effects that nothing became of yet."""
        return {*self.done} - {*self.compensated} - {effect for effect, _ in self.closed}

    def problems(self) -> list[str]:
        """Return what is wrong with a saga that ended; empty if each effect was dealt with once."""
        found = [f"{effect} is left" for effect in sorted(self.open)]
        found += [f"{command} was sent needlessly" for command in self.needlessly]
        found += [
            f"{effect} was compensated {self.compensated.count(effect)} times"
            for effect in sorted({*self.compensated})
            if self.compensated.count(effect) > 1
        ]
        found += [f"{effect} was never done" for effect in {*self.compensated} - {*self.done}]
        order = [effect for effect in reversed(self.done) if effect in self.compensated]
        if list(dict.fromkeys(self.compensated)) != order:
            found.append(f"compensated in the order {', '.join(self.compensated)}")
        return found

    def _received(self, state: str, parked: str | None, message: Envelope) -> Self:
        if isinstance(message, ResolveRequested):
            return self._resolved(str(parked), message.payload.resolution)
        if isinstance(message, RetryRequested):
            return self
        compensating = {state, parked} & {*self.effects.compensations}
        if compensating and message.type in self.effects.compensated_by:
            effect = self.effects.compensated_by[message.type]
            return replace(self, compensated=(*self.compensated, effect))
        if message.type in self.effects.committed_by and not compensating:
            return self._close(self.open, f"committed by {message.type}")
        if message.type in self.effects.needless:
            return self._close({self.effects.needless[message.type]}, f"needless: {message.type}")
        return self

    def _resolved(self, parked: str, resolution: str) -> Self:
        answered = {**self.effects.compensations, **self.effects.answered_for}.get(parked, "")
        ledger = self._close({answered}, "by the operator's word")
        if resolution in self.effects.success:
            return ledger._close(ledger.open, f"committed as {resolution}")
        return ledger

    def _close(self, effects: set[str], why: str) -> Self:
        closed = tuple((effect, why) for effect in sorted(effects & self.open))
        return replace(self, closed=(*self.closed, *closed))
