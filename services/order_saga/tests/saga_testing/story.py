"""A test language for one order: what it received, what happens next, what is expected.

    order = Story(definition).placed()
    order.when_reply("user.payment_info_retrieved").expect_command("authorize_payment")
    order.when_timed_out().expect_command("cancel_payment").expect_state("canceling")

A reply answers the newest command that it can answer, with that command's amount and ids unless the
test passes others. A story needs no broker and no database, and sets its own clock.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from order_saga.create_order.state import State
from saga_engine.decide import Decision, decide
from saga_engine.declaration import Definition
from saga_engine.transitions import type_of
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.replies import REPLIES

from saga_testing.happy_path import happy_path
from saga_testing.messages import PARTICIPANT_EVENTS, Messages, begin

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
SAGA_ID = "0b7e2c1a-5d3f-4e86-9a41-7c2f6d8e9b10"


def _commands_by_reply() -> dict[str, set[str]]:
    commands = defaultdict[str, set[str]](set)
    for command, replies in REPLIES.items():
        for reply in replies:
            commands[type_of(reply)].add(type_of(command))
    return dict(commands)


COMMANDS_BY_REPLY = _commands_by_reply()
"""The types of the commands that each reply can answer."""


class Received(NamedTuple):
    """A message that an order received, and what was decided."""

    at: datetime
    message: Envelope
    decision: Decision


class Story:
    """One order from its beginning. Each `when` is followed by expectations about it."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.messages = Messages(SAGA_ID)
        self.now = NOON
        self.steps: list[Received] = []

    @property
    def decision(self) -> Decision:
        """The latest decision."""
        return self.steps[-1].decision

    @property
    def saga(self):
        return self.decision.saga

    @property
    def sent(self) -> list[Envelope]:
        """Every message that was sent, from the beginning."""
        return [message for step in self.steps for message in step.decision.send]

    # Given

    def placed(self) -> Self:
        """Place the order."""
        message = self._numbered(self.messages.of("place_order"))
        decision = begin(self.definition, message, self.now)
        self.steps.append(Received(self.now, message, decision))
        return self

    def reaches(self, state: str, **payloads: dict[str, Any]) -> Self:
        """Place the order and move it along the happy path to a state.

        Args:
            state: A state of the happy path.
            payloads: Fields of a reply's payload, by its type.
        """
        self.placed()
        for edge in happy_path(state, self.definition):
            self.when_reply(edge.by, **payloads.get(edge.by, {})).expect_state(edge.end)
        return self

    def authorizing(self) -> Self:
        """Reach `authorizing`: the authorization is in flight."""
        return self.reaches("authorizing")

    def authorized(self) -> Self:
        """Reach `authorized`: the amount is held."""
        return self.reaches("authorized")

    def capturing(self, amount: int | None = None) -> Self:
        """Request a capture of the full hold, or of `amount`."""
        return self.authorized().when_requested("capture", amount=amount).expect_state("capturing")

    def completed(self, amount: int | None = None) -> Self:
        """Capture the full hold, or `amount` of it."""
        return self.capturing(amount).when_reply("payment.captured").expect_state("completed")

    def refunding(self, amount: int | None = None) -> Self:
        """Request a refund of the full capture, or of `amount`."""
        return self.completed().when_requested("refund", amount=amount).expect_state("refunding")

    def canceling(self) -> Self:
        """Cancel the authorized order: the release of its hold is in flight."""
        return self.authorized().when_requested("cancel").expect_state("canceling")

    # When

    def when(self, message: Envelope, *, after_seconds: float = 1) -> Self:
        """Receive a message."""
        self.now += timedelta(seconds=after_seconds)
        message = self._numbered(message)
        decision = decide(self.definition, self.saga, message, self.now)
        if decision.refused:
            assert decision.saga is self.saga
            assert decision.effect.startswith("ignored: ")
            assert decision.send == ()
        self.steps.append(Received(self.now, message, decision))
        return self

    def when_reply(self, type_: str, **payload: Any) -> Self:
        """Receive the reply to the newest command; with `attempt=…`, to an older one."""
        command = self._newest(COMMANDS_BY_REPLY[type_])
        defaults = {"attempt": command.payload.attempt}
        if type_ in ("payment.captured", "payment.refunded"):
            defaults["amount"] = command.payload.amount
        if type_.startswith("payment.refund"):
            defaults["refund_id"] = command.payload.refund_id
        if type_ == "payment.refunded":
            defaults["stripe_refund_id"] = f"re_{command.payload.refund_id}"
        return self.when(self.messages.of(type_, **{**defaults, **payload}))

    def when_event(self, type_: str, **payload: Any) -> Self:
        """Receive an event at Stripe that no command caused."""
        assert type_ in PARTICIPANT_EVENTS
        return self.when(self.messages.of(type_, **payload))

    def when_requested(self, verb: str, **payload: Any) -> Self:
        """Receive a request: capture, cancel, refund, retry or resolve."""
        return self.when(self.messages.of(f"{verb}_requested", **payload))

    def when_timed_out(self) -> Self:
        """Let the current try of the step time out."""
        assert self.saga.deadline_at, f"{self.saga.state} has no deadline"
        remaining = (self.saga.deadline_at - self.now).total_seconds()
        deadline = self.messages.deadline(self.saga.state, self.saga.attempt)
        return self.when(deadline, after_seconds=remaining)

    def when_every_try_times_out(self) -> Self:
        """Let every try that is left of the step time out."""
        state = self.saga.state
        while self.saga.state == state:
            self.when_timed_out()
        return self

    # Expect

    def expect_state(self, state: str) -> Self:
        assert self.saga.state == state, self._so_far()
        return self

    def expect_command(self, type_: str, **payload: Any) -> Self:
        """Expect that this command, and nothing else, was sent, with these fields."""
        return self._expect_sent(type_, payload)

    def expect_published(self, type_: str, **payload: Any) -> Self:
        """Expect that this order event, and nothing else, was published, with these fields."""
        assert type_.startswith("order.")
        return self._expect_sent(type_, payload)

    def expect_nothing_sent(self) -> Self:
        assert self.decision.send == (), self._so_far()
        return self

    def expect_ignored(self, because: str) -> Self:
        """Expect that nothing changed, with this reason in the history."""
        assert self.decision.refused, self._so_far()
        assert because in self.decision.effect, self.decision.effect
        return self

    def expect_reason(self, code: str, message: str = "") -> Self:
        reason = self.saga.reason
        assert reason, self._so_far()
        assert reason.code == code
        assert message in reason.message
        return self

    def expect_saga(self, **values: Any) -> Self:
        """Expect these values of the saga's attributes."""
        for name, value in values.items():
            assert getattr(self.saga, name) == value, f"{name}: {getattr(self.saga, name)}"
        return self

    def expect_deadline_in(self, seconds: float) -> Self:
        """Expect that the current try of the step times out in so many seconds."""
        assert self.saga.deadline_at == self.now + timedelta(seconds=seconds)
        return self

    def _expect_sent(self, type_: str, payload: dict[str, Any]) -> Self:
        assert [message.type for message in self.decision.send] == [type_], self._so_far()
        (message,) = self.decision.send
        for name, value in payload.items():
            assert getattr(message.payload, name) == value, message.payload
        return self

    def _newest(self, types: set[str]) -> Any:
        """Return the newest command of these types, or the newest of any type."""
        commands = [message for message in self.sent if not message.type.startswith("order.")]
        of_types = [command for command in commands if command.type in types]
        return (of_types or commands)[-1]

    def _numbered(self, message: Envelope) -> Envelope:
        number = derived_message_id("story", SAGA_ID, len(self.steps))
        return message.model_copy(update={"message_id": number, "timestamp": self.now})

    def _so_far(self) -> str:
        lines = [
            f"{step.message.type}: {step.decision.effect}; "
            f"sends {[sent.type for sent in step.decision.send]}"
            for step in self.steps
        ]
        return f"{State(self.saga.state)}, after:\n" + "\n".join(lines)
