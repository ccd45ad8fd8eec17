"""One order among services that fail in every way, the real `decide` in the middle.

Channels lose, double, delay and reorder; the clock jumps; customers and operators ask whatever they
like; things happen at Stripe by hand. After every message, and once everything is quiet, the
invariants must hold. What is not lost is an event that no command asked for: its sender keeps it
until the broker has it. And the inbox drops such an event's double, which it knows by its id.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from order_saga.create_order.state import OrderSaga, State
from saga_engine.decide import decide
from saga_engine.declaration import Definition, End
from saga_engine.transitions import NO_REPLY
from saga_schemas import Envelope

from saga_testing.invariants import Invariants
from saga_testing.messages import Messages, begin
from saga_testing.participants import GONE, Payments, Users, make

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
PLACED = Messages("simulated").of("place_order")
CUSTOMER = Messages("simulated").of("user.payment_info_retrieved").payload.customer
AMOUNT = PLACED.payload.order.amount
BY_HAND = (
    "payment.refunded",
    "payment.refund_failed",
    "payment.disputed",
    "payment.captured",
    "payment.canceled",
    "payment.authorization_expired",
)
AT_REST_WITHIN = 300


class World:
    """An order and everything around it; `random` decides what happens next."""

    def __init__(self, definition: Definition, invariants: Invariants, random: Random) -> None:
        self.definition, self.random = definition, random
        self.now, self.numbers = NOON, 1
        self.loss = random.choice((0.0, 0.1, 0.4))
        self.users = Users(None if random.random() < 0.03 else CUSTOMER)
        self.payments = Payments(
            random, declines=random.random() < 0.1, refuses=random.choice((0.0, 0.0, 0.3))
        )
        self.commands: list[Envelope] = []
        self.answers: list[tuple[Envelope, bool]] = []
        self.heard: set[int] = set()
        self.told_refunds: dict[str, int] = {}
        self.refunded_by_word = False
        self.invariants = invariants.of_one_order(self)
        placed = begin(definition, PLACED, self.now)
        self.saga: OrderSaga = placed.saga
        self._send(placed.send)
        self.invariants.began(placed)

    # What can happen

    def happen(self, what: str) -> None:
        """One thing, if it can happen now."""
        getattr(self, what)()

    @property
    def is_over(self) -> bool:
        return isinstance(self.definition.nodes[self.saga.state], End)

    def capture(self) -> None:
        self._ask("capture")

    def all_is_taken_and_given_back_at_stripe(self) -> None:
        self._say(self.payments.by_hand("payment.captured", AMOUNT))
        self._say(self.payments.by_hand("payment.refunded", AMOUNT))

    def deliver_command(self) -> None:
        if self.commands:
            self._execute(self._taken(self.commands))

    def deliver_answer(self) -> None:
        if self.answers:
            self._hear(self._taken(self.answers))

    def lose(self) -> None:
        """Once the newest command, once an answer to one; an event nobody asked for never."""
        lossy = [answer for answer in self.answers if not answer[1]]
        if self.commands and (not lossy or self.random.random() < 0.5):
            self.commands.remove(self.random.choice(self.commands))
        elif lossy:
            self.answers.remove(self.random.choice(lossy))

    def stripe_decides(self) -> None:
        self._say(self.payments.work())

    def time_runs_out(self) -> None:
        if self.saga.deadline_at and not self.saga.overdue:
            self.now = max(self.now, self.saga.deadline_at)
            self._deadline(self.saga.state, self.saga.attempt)

    def an_old_deadline_fires(self) -> None:
        self._deadline(self.random.choice(list(State)), self.random.randint(1, 3))

    def the_clock_jumps(self) -> None:
        self.now += timedelta(seconds=self.random.uniform(-30, 86_400))

    def customer_asks(self) -> None:
        verb = self.random.choice(("capture", "capture", "refund", "refund", "cancel"))
        self._ask(verb, amount=self.random.choice((None, None, 300, 600, AMOUNT, AMOUNT + 1)))

    def operator_asks(self) -> None:
        if self.saga.parked == State.CAPTURING and self._resolve_in_haste():
            return
        if self.saga.parked and self.random.random() < 0.5:
            self._resolve_as_found()
        else:
            self._ask("retry")

    def somebody_acts_at_stripe(self) -> None:
        for deed in self.random.sample(BY_HAND, len(BY_HAND)):
            if self._act_at_stripe(deed):
                return

    def become_quiet(self) -> None:
        """Nothing is lost any more, and people see it through."""
        for _ in range(AT_REST_WITHIN):
            if self.commands:
                self._execute(self.commands.pop(0))
            elif self.payments.status == "pending":
                self.stripe_decides()
            elif self.answers:
                self._hear(self.answers.pop(0))
            elif self.saga.parked:
                self.operator_asks()
            elif self.saga.deadline_at and not self.saga.overdue:
                self.time_runs_out()
            else:
                self.invariants.hold_at_rest()
                return
        raise AssertionError(f"still {self.saga.state} after {AT_REST_WITHIN} steps")

    # How it happens

    def _taken(self, channel: list[Any]) -> Any:
        index = self.random.randrange(len(channel)) if self.random.random() < 0.3 else 0
        return channel[index] if self.random.random() < 0.1 else channel.pop(index)

    def _execute(self, command: Envelope) -> None:
        if command.type == "retrieve_payment_info":
            self.answers.append((self.users.handle(command, self._number()), False))
        else:
            self._say(self.payments.handle(command))

    def _say(self, said: Any) -> bool:
        before = len(self.answers)
        for type_, says in said:
            payload = {"attempt": None, "currency": "usd", **says}
            answer = make(type_, self._number(), **payload)
            self.answers.append((answer, payload["attempt"] is None))
        return len(self.answers) > before

    def _hear(self, answer: tuple[Envelope, bool]) -> None:
        message, unasked = answer
        if unasked and message.message_id.int in self.heard:
            return
        self.heard.add(message.message_id.int)
        if self.definition.version > 1:
            self._count(message)
        self._decide(message, message.type)

    def _count(self, message: Envelope) -> None:
        if message.type == "payment.refunded":
            self.told_refunds.setdefault(message.payload.stripe_refund_id, message.payload.amount)
        elif message.type == "payment.refund_failed" and message.payload.attempt is None:
            self.told_refunds[message.payload.stripe_refund_id] = 0

    def _deadline(self, state: State, attempt: int) -> None:
        message = make("deadline_passed", self._number(), state=state, attempt=attempt)
        self._decide(message, NO_REPLY)

    def _ask(self, verb: str, **says: Any) -> None:
        says = {"by": "somebody", "note": "", "amount": None, **says}
        self._decide(make(f"{verb}_requested", self._number(), **says), f"{verb}_requested")

    def _act_at_stripe(self, deed: str) -> bool:
        return self._say(self.payments.by_hand(deed, self.random.choice((300, 999, AMOUNT))))

    def _resolve_as_found(self) -> None:
        """A person looks at Stripe and says what is true, once nothing is on its way any more."""
        if self.commands or any(unasked for _, unasked in self.answers):
            self._ask("retry")
            return
        if self.payments.status == "authorized" and self.saga.parked == State.CAPTURING:
            self._act_at_stripe("payment.canceled")
        ends = (State.REJECTED, State.CANCELED, State.EXPIRED)
        if self.payments.status in GONE:
            self._ask("resolve", resolution=self.random.choice(ends))
        elif self.payments.status == "captured" and self._books_agree():
            left = self.saga.captured - self.saga.refunded
            if left and self.random.random() < 0.2:
                self._act_at_stripe("payment.refunded")
            all_back = self.payments.refunded == self.payments.captured
            self.refunded_by_word |= all_back and self.saga.refunded < self.saga.captured
            self._ask("resolve", resolution=State.REFUNDED if all_back else State.COMPLETED)
        else:
            self._ask("retry")

    def _resolve_in_haste(self) -> bool:
        """A person looked before the capture happened, and says so while its answer is coming."""
        coming = [
            number
            for number, (answer, _) in enumerate(self.answers)
            if answer.type == "payment.captured" and answer.message_id.int not in self.heard
        ]
        if not coming or self.saga.captured or self.random.random() < 0.5:
            return False
        self.answers[coming[0]] = self.answers[coming[0]][0], True  # Kafka keeps it
        ends = (State.REJECTED, State.CANCELED, State.EXPIRED)
        self._ask("resolve", resolution=self.random.choice(ends))
        return True

    def _books_agree(self) -> bool:
        money = self.payments
        same = (self.saga.captured, self.saga.refunded) == (money.captured, money.refunded)
        return same or (0 < self.saga.captured == money.captured == money.refunded)

    def _decide(self, message: Envelope, by: str) -> None:
        before = self.saga
        decision = decide(self.definition, before, message, self.now)
        self.saga = decision.saga
        self._send(decision.send)
        self.invariants.hold_after(before, by, decision)

    def _send(self, messages: tuple[Envelope, ...]) -> None:
        for message in messages:
            if message.type.startswith("order."):
                continue
            if self.random.random() >= self.loss:
                self.commands.append(message)

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers
