"""A language for stories of one order: what was given, what happens, what is expected.

    order = Story(definition).placed()
    order.when_reply("user.payment_info_retrieved").expect_command("authorize_payment")
    order.when_time_runs_out().expect_command("cancel_payment").expect_state("canceling")

A reply answers the newest command and says what the command asked for, where the test says nothing
else. Nothing here needs a broker, a database or the passing of time.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from order_saga.create_order.state import State
from saga_engine.decide import Decision, decide
from saga_engine.declaration import Definition
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id

from saga_testing.messages import ANSWERS, Messages, begin

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
SAGA_ID = "0b7e2c1a-5d3f-4e86-9a41-7c2f6d8e9b10"

REPLIES = {
    "user.payment_info_retrieved": "retrieve_payment_info",
    "user.payment_info_failed": "retrieve_payment_info",
    "payment.authorized": "authorize_payment",
    "payment.failed": "authorize_payment",
    "payment.captured": "capture_payment",
    "payment.capture_failed": "capture_payment",
    "payment.canceled": "cancel_payment",
    "payment.cancel_failed": "cancel_payment",
    "payment.refunded": "refund_payment",
    "payment.refund_failed": "refund_payment",
}


class Story:
    """One order from its beginning; every `when` is followed by what is expected of it."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.messages = Messages(SAGA_ID)
        self.now = NOON
        self.told: list[tuple[datetime, Envelope, Decision]] = []

    @property
    def decision(self) -> Decision:
        """What happened last."""
        return self.told[-1][2]

    @property
    def saga(self):
        return self.decision.saga

    @property
    def sent(self) -> list[Envelope]:
        """Everything that was sent, from the beginning."""
        return [message for _, _, decision in self.told for message in decision.send]

    # Given

    def placed(self) -> Self:
        """An order was placed."""
        message = self._numbered(self.messages.of("place_order"))
        self.told.append((self.now, message, begin(self.definition, message, self.now)))
        return self

    def authorizing(self) -> Self:
        """It was placed, and who pays is known."""
        return self.placed().when_reply("user.payment_info_retrieved").expect_state("authorizing")

    def authorized(self) -> Self:
        """Its amount is held."""
        return self.authorizing().when_reply("payment.authorized").expect_state("authorized")

    def capturing(self, amount: int | None = None) -> Self:
        """All of the hold, or `amount` of it, was asked for."""
        return self.authorized().when_asked("capture", amount=amount).expect_state("capturing")

    def completed(self, amount: int | None = None) -> Self:
        """All of it, or `amount`, was taken."""
        return self.capturing(amount).when_reply("payment.captured").expect_state("completed")

    def refunding(self, amount: int | None = None) -> Self:
        """All of what was taken, or `amount` of it, is to be given back."""
        return self.completed().when_asked("refund", amount=amount).expect_state("refunding")

    def canceling(self) -> Self:
        """A held order was called off."""
        return self.authorized().when_asked("cancel").expect_state("canceling")

    # When

    def when(self, message: Envelope, *, after_seconds: float = 1) -> Self:
        """A message comes."""
        self.now += timedelta(seconds=after_seconds)
        message = self._numbered(message)
        decision = decide(self.definition, self.saga, message, self.now)
        if decision.refused:
            assert decision.saga is self.saga
            assert decision.effect.startswith("ignored: ")
            assert decision.send == ()
        self.told.append((self.now, message, decision))
        return self

    def when_reply(self, type_: str, **says: Any) -> Self:
        """The newest command is answered; with `attempt=…`, an older one."""
        command = self._newest(REPLIES.get(type_))
        answer = {"attempt": command.payload.attempt}
        if type_ in ("payment.captured", "payment.refunded"):
            answer["amount"] = command.payload.amount
        if type_.startswith("payment.refund"):
            answer["refund_id"] = command.payload.refund_id
        if type_ == "payment.refunded":
            answer["stripe_refund_id"] = f"re_{command.payload.refund_id}"
        return self.when(self.messages.of(type_, **{**answer, **says}))

    def when_told(self, type_: str, **says: Any) -> Self:
        """Something happened at Stripe that no command had asked for."""
        assert type_ in ANSWERS
        return self.when(self.messages.of(type_, **says))

    def when_asked(self, verb: str, **says: Any) -> Self:
        """A customer or an operator asks: capture, cancel, refund, retry, resolve."""
        return self.when(self.messages.of(f"{verb}_requested", **says))

    def when_time_runs_out(self) -> Self:
        """The step under way has had no reply in time."""
        assert self.saga.deadline_at, f"{self.saga.state} waits for nothing"
        remaining = (self.saga.deadline_at - self.now).total_seconds()
        deadline = self.messages.deadline(self.saga.state, self.saga.attempt)
        return self.when(deadline, after_seconds=remaining)

    def when_every_try_times_out(self) -> Self:
        """Likewise, as often as it is tried."""
        state = self.saga.state
        while self.saga.state == state:
            self.when_time_runs_out()
        return self

    # Expect

    def expect_state(self, state: str) -> Self:
        assert self.saga.state == state, self._so_far()
        return self

    def expect_command(self, type_: str, **says: Any) -> Self:
        """This command, and nothing else, was sent; its payload says so."""
        return self._expect_sent(type_, says)

    def expect_announced(self, type_: str, **says: Any) -> Self:
        """The world outside heard this, and nothing else was sent."""
        assert type_.startswith("order.")
        return self._expect_sent(type_, says)

    def expect_nothing_sent(self) -> Self:
        assert self.decision.send == (), self._so_far()
        return self

    def expect_ignored(self, because: str) -> Self:
        """Nothing changed, and the history says why."""
        assert self.decision.refused, self._so_far()
        assert because in self.decision.effect, self.decision.effect
        return self

    def expect_reason(self, code: str, message: str = "") -> Self:
        reason = self.saga.reason
        assert reason, self._so_far()
        assert reason.code == code
        assert message in reason.message
        return self

    def expect_memory(self, **values: Any) -> Self:
        """What the saga knows."""
        for name, value in values.items():
            assert getattr(self.saga, name) == value, f"{name}: {getattr(self.saga, name)}"
        return self

    def expect_wait_of(self, seconds: float) -> Self:
        """The step under way has this much time."""
        assert self.saga.deadline_at == self.now + timedelta(seconds=seconds)
        return self

    def _expect_sent(self, type_: str, says: dict[str, Any]) -> Self:
        assert [message.type for message in self.decision.send] == [type_], self._so_far()
        (message,) = self.decision.send
        for name, value in says.items():
            assert getattr(message.payload, name) == value, message.payload
        return self

    def _newest(self, type_: str | None) -> Any:
        commands = [message for message in self.sent if not message.type.startswith("order.")]
        of_type = [command for command in commands if command.type == type_]
        return (of_type or commands)[-1]

    def _numbered(self, message: Envelope) -> Envelope:
        number = derived_message_id("story", SAGA_ID, len(self.told))
        return message.model_copy(update={"message_id": number, "timestamp": self.now})

    def _so_far(self) -> str:
        lines = [
            f"{message.type}: {decision.effect}; sends {[sent.type for sent in decision.send]}"
            for _, message, decision in self.told
        ]
        return f"{State(self.saga.state)}, after:\n" + "\n".join(lines)
