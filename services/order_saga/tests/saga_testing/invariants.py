"""Invariants of one order: after every message, and at rest once nothing is in flight."""

from collections import Counter
from typing import TYPE_CHECKING

from order_saga.create_order.state import OrderSaga, State
from saga_engine.decide import Decision
from saga_engine.declaration import End, Parked, Rest, Step
from saga_engine.transitions import NO_REPLY, Edge, edges

from saga_testing.participants import GONE

if TYPE_CHECKING:
    from saga_testing.simulation import World

NOT_CAPTURED = {State.REJECTED, State.CANCELED, State.EXPIRED}


class Invariants:
    """Counts the transitions and messages of all histories."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[int, Edge]] = Counter()
        self.messages = self.histories = self.ignored = 0
        self.legal: dict[int, set[Edge]] = {}

    def __str__(self) -> str:
        return (
            f"{self.histories} histories, {self.messages} messages, {self.ignored} of them "
            f"ignored; {len(self.taken)} transitions taken"
        )

    def of_one_order(self, world: "World") -> "OrderInvariants":
        definition = world.definition
        if definition.version not in self.legal:
            self.legal[definition.version] = set(edges(definition))
        self.histories += 1
        return OrderInvariants(self, world, self.legal[definition.version])


class OrderInvariants:
    """Checks one order against the money at Stripe."""

    def __init__(self, totals: Invariants, world: "World", legal: set[Edge]) -> None:
        self._totals, self._world, self._legal = totals, world, legal
        self._ids: set[int] = set()
        self._compensates = bool(world.definition.compensations)

    def hold_at_start(self, decision: Decision) -> None:
        self._sent(decision)
        self._deadline_and_parked_step(decision.saga)

    def hold_after(self, before: OrderSaga, by: str, decision: Decision) -> None:
        after = decision.saga
        self._totals.messages += 1
        assert after.refunds == self._world.reported_refunds, "each refund counts once"
        if decision.refused:
            self._totals.ignored += 1
            assert after is before, "an ignored message changed the saga"
            assert len(decision.effect) > len("ignored: "), "an ignored message has no reason"
            assert not decision.send, "an ignored message sent something"
            return
        self._transition(before, by, decision)
        self._sent(decision)
        self._deadline_and_parked_step(after)
        self._money_adds_up()

    def hold_at_rest(self) -> None:
        world = self._world
        saga, money = world.saga, world.payments
        self._money_adds_up()
        node = world.definition.nodes[saga.state]
        overdue = saga.overdue and isinstance(node, Step) and not node.timeout_rule
        assert isinstance(node, Rest | End) or overdue, f"stuck: {saga.state}"
        if not self._compensates:
            return
        if saga.state == State.AUTHORIZED:
            assert (money.status, money.held) == ("authorized", saga.order.amount)
        if saga.state in NOT_CAPTURED:
            assert not money.held
        assert saga.captured == money.captured
        assert (saga.state in {State.COMPLETED, State.REFUNDED}) is bool(money.captured)
        if world.refunded_by_operator:
            return
        assert saga.refunded == money.refunded
        all_refunded = 0 < money.captured == money.refunded
        assert (saga.state == State.REFUNDED) is all_refunded

    def _transition(self, before: OrderSaga, by: str, decision: Decision) -> None:
        after = decision.saga
        edge = Edge(before.state, by, after.state)
        node = self._world.definition.nodes[before.state]
        by_event = by.startswith("payment.")
        assert by_event or not isinstance(node, End), f"left an end without an event: {edge}"
        if edge in self._legal:
            self._totals.taken[after.definition_version, edge] += 1
            return
        repeatable = isinstance(node, Step) and (
            node.timeout.tries > 1 or node.timeout_rule is None
        )
        retried = by == NO_REPLY and before.state == after.state and repeatable
        stays = decision.effect.startswith("recorded") and before.state == after.state
        assert retried or stays, f"not declared: {edge}"

    def _sent(self, decision: Decision) -> None:
        for message in decision.send:
            number = message.message_id.int
            assert number not in self._ids, f"two messages with one id: {message.type}"
            self._ids.add(number)

    def _deadline_and_parked_step(self, saga: OrderSaga) -> None:
        node = self._world.definition.nodes[saga.state]
        assert bool(saga.deadline_at) is isinstance(node, Step), "only a step has a deadline"
        assert bool(saga.parked) is isinstance(node, Parked), (
            "only a parked saga names a parked step"
        )

    def _money_adds_up(self) -> None:
        saga, money = self._world.saga, self._world.payments
        assert money.holds_made <= 1, "two holds"
        assert money.authorized == money.captured + money.released + money.held
        assert 0 <= money.refunded <= money.captured <= saga.order.amount
        assert saga.captured in (0, money.captured), "captured, but not at Stripe"
        unknown = saga.refunds.keys() - money.refunds.keys()
        assert not unknown, "refunded, but not at Stripe"
        if saga.state in NOT_CAPTURED and self._compensates:
            gone = money.status in GONE or money.status == "none"
            in_flight = any(reply.type == "payment.captured" for reply, _ in self._world.replies)
            assert gone or in_flight, f"{saga.state}, and the payment is {money.status}"
