"""One order, decided by the real `decide`, among simulated services that fail in every way.

Channels lose, duplicate, delay and reorder messages; the clock jumps; customers and operators
request anything; payments change at Stripe by hand. The invariants must hold after every message,
and once nothing is in flight. An unsolicited event is never lost, as its sender keeps it until the
broker has it, and never received twice, as the inbox knows its id.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from order_saga.create_order.state import OrderSaga, State
from saga_engine.decide import decide
from saga_engine.declaration import Definition, End
from saga_engine.transitions import NO_REPLY
from saga_schemas import Envelope
from saga_schemas.payment_lifecycle import PaymentRefunded
from saga_schemas.topics import USER_COMMANDS

from saga_testing.invariants import Invariants
from saga_testing.messages import Messages, begin
from saga_testing.participants import GONE, Payments, Users, make
from saga_testing.versions import handles

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
STEPS_TO_REST = 300


class World:
    """An order and everything around it; `random` decides what happens next."""

    def __init__(self, definition: Definition, invariants: Invariants, random: Random) -> None:
        self.definition, self.random = definition, random
        self.now, self.numbers = NOON, 1
        self.loss = random.choice((0.0, 0.1, 0.4))
        self.users = Users(random, CUSTOMER)
        self.payments = Payments(
            random, declines=random.random() < 0.1, refuses=random.choice((0.0, 0.0, 0.3))
        )
        self.commands: list[Envelope] = []
        self.replies: list[tuple[Envelope, bool]] = []
        self.received: set[int] = set()
        self.counts_refunds = handles(definition, PaymentRefunded)
        self.reported_refunds: dict[str, int] = {}
        self.refunded_by_operator = False
        self.invariants = invariants.of_one_order(self)
        placed = begin(definition, PLACED, self.now)
        self.saga: OrderSaga = placed.saga
        self._send(placed.send)
        self.invariants.hold_at_start(placed)

    # What can happen

    def happen(self, name: str) -> None:
        """Let one of the following methods happen; it does nothing where it is impossible now."""
        getattr(self, name)()

    @property
    def has_ended(self) -> bool:
        return isinstance(self.definition.nodes[self.saga.state], End)

    def capture(self) -> None:
        self._request("capture")

    def hold_is_captured_and_refunded_at_stripe(self) -> None:
        self._reply(self.payments.by_hand("payment.captured", AMOUNT))
        self._reply(self.payments.by_hand("payment.refunded", AMOUNT))

    def deliver_command(self) -> None:
        if self.commands:
            self._execute(self._next(self.commands))

    def deliver_reply(self) -> None:
        if self.replies:
            self._receive(self._next(self.replies))

    def lose(self) -> None:
        """Lose a command or a reply; never an unsolicited event."""
        lossy = [reply for reply in self.replies if not reply[1]]
        if self.commands and (not lossy or self.random.random() < 0.5):
            self.commands.remove(self.random.choice(self.commands))
        elif lossy:
            self.replies.remove(self.random.choice(lossy))

    def stripe_decides(self) -> None:
        self._reply(self.payments.work())

    def step_times_out(self) -> None:
        if self.saga.deadline_at and not self.saga.overdue:
            self.now = max(self.now, self.saga.deadline_at)
            self._deadline(self.saga.state, self.saga.attempt)

    def stale_deadline_fires(self) -> None:
        self._deadline(self.random.choice(list(State)), self.random.randint(1, 3))

    def clock_jumps(self) -> None:
        self.now += timedelta(seconds=self.random.uniform(-30, 86_400))

    def customer_requests(self) -> None:
        verb = self.random.choice(("capture", "capture", "refund", "refund", "cancel"))
        self._request(verb, amount=self.random.choice((None, None, 300, 600, AMOUNT, AMOUNT + 1)))

    def operator_requests(self) -> None:
        if self.saga.parked == State.CAPTURING and self._resolve_too_early():
            return
        if self.saga.parked and self.random.random() < 0.5:
            self._resolve_as_at_stripe()
        else:
            self._request("retry")

    def something_changes_at_stripe(self) -> None:
        for event in self.random.sample(BY_HAND, len(BY_HAND)):
            if self._change_at_stripe(event):
                return

    def come_to_rest(self) -> None:
        """Lose nothing more, deliver everything, and let an operator end what is parked."""
        for _ in range(STEPS_TO_REST):
            if self.commands:
                self._execute(self.commands.pop(0))
            elif self.payments.status == "pending":
                self.stripe_decides()
            elif self.replies:
                self._receive(self.replies.pop(0))
            elif self.saga.parked:
                self.operator_requests()
            elif self.saga.deadline_at and not self.saga.overdue:
                self.step_times_out()
            else:
                self.invariants.hold_at_rest()
                return
        raise AssertionError(f"still {self.saga.state} after {STEPS_TO_REST} steps")

    # How it happens

    def _next(self, channel: list[Any]) -> Any:
        index = self.random.randrange(len(channel)) if self.random.random() < 0.3 else 0
        return channel[index] if self.random.random() < 0.1 else channel.pop(index)

    def _execute(self, command: Envelope) -> None:
        if isinstance(command, USER_COMMANDS.messages):
            self.replies.append((self.users.handle(command, self._number()), False))
        else:
            self._reply(self.payments.handle(command))

    def _reply(self, events: Any) -> bool:
        before = len(self.replies)
        for type_, fields in events:
            payload = {"attempt": None, "currency": "usd", **fields}
            event = make(type_, self._number(), **payload)
            self.replies.append((event, payload["attempt"] is None))
        return len(self.replies) > before

    def _receive(self, reply: tuple[Envelope, bool]) -> None:
        message, unsolicited = reply
        if unsolicited and message.message_id.int in self.received:
            return
        self.received.add(message.message_id.int)
        if self.counts_refunds:
            self._count_refund(message)
        self._decide(message, message.type)

    def _count_refund(self, message: Envelope) -> None:
        if message.type == "payment.refunded":
            self.reported_refunds.setdefault(
                message.payload.stripe_refund_id, message.payload.amount
            )
        elif message.type == "payment.refund_failed" and message.payload.attempt is None:
            self.reported_refunds[message.payload.stripe_refund_id] = 0

    def _deadline(self, state: State, attempt: int) -> None:
        message = make("deadline_passed", self._number(), state=state, attempt=attempt)
        self._decide(message, NO_REPLY)

    def _request(self, verb: str, **fields: Any) -> None:
        payload = {"by": "somebody", "note": "", "amount": None, **fields}
        self._decide(make(f"{verb}_requested", self._number(), **payload), f"{verb}_requested")

    def _change_at_stripe(self, event: str) -> bool:
        return self._reply(self.payments.by_hand(event, self.random.choice((300, 999, AMOUNT))))

    def _resolve_as_at_stripe(self) -> None:
        """Resolve the order as it stands at Stripe, once nothing is in flight; retry before."""
        if self.commands or any(unsolicited for _, unsolicited in self.replies):
            self._request("retry")
            return
        if self.payments.status == "authorized" and self.saga.parked == State.CAPTURING:
            self._change_at_stripe("payment.canceled")
        ends = (State.REJECTED, State.CANCELED, State.EXPIRED)
        if self.payments.status in GONE:
            self._request("resolve", resolution=self.random.choice(ends))
        elif self.payments.status == "captured" and self._amounts_agree():
            left = self.saga.captured - self.saga.refunded
            if left and self.random.random() < 0.2:
                self._change_at_stripe("payment.refunded")
            all_refunded = self.payments.refunded == self.payments.captured
            self.refunded_by_operator |= all_refunded and self.saga.refunded < self.saga.captured
            self._request("resolve", resolution=State.REFUNDED if all_refunded else State.COMPLETED)
        else:
            self._request("retry")

    def _resolve_too_early(self) -> bool:
        """Resolve the order as not captured while the reply to its capture is in flight."""
        in_flight = [
            number
            for number, (reply, _) in enumerate(self.replies)
            if reply.type == "payment.captured" and reply.message_id.int not in self.received
        ]
        if not in_flight or self.saga.captured or self.random.random() < 0.5:
            return False
        self.replies[in_flight[0]] = self.replies[in_flight[0]][0], True  # Kafka keeps it
        ends = (State.REJECTED, State.CANCELED, State.EXPIRED)
        self._request("resolve", resolution=self.random.choice(ends))
        return True

    def _amounts_agree(self) -> bool:
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
