"""What must hold of an order after every message, and what once everything is quiet."""

from collections import Counter
from typing import TYPE_CHECKING

from order_saga.create_order.state import OrderSaga, State
from saga_engine.decide import Decision
from saga_engine.declaration import Definition, End, Parked, Rest, Step
from saga_engine.transitions import NO_REPLY, Edge, edges

from saga_testing.participants import GONE

if TYPE_CHECKING:
    from saga_testing.simulation import World

NOTHING_TAKEN = {State.REJECTED, State.CANCELED, State.EXPIRED}


class Invariants:
    """Counts what was seen in every history."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[int, Edge]] = Counter()
        self.messages = self.histories = self.ignored = 0
        self.legal: dict[int, set[Edge]] = {}

    def __str__(self) -> str:
        return (
            f"{self.histories} histories, {self.messages} messages, {self.ignored} of them "
            f"ignored; {len(self.taken)} ways taken"
        )

    def of_one_order(self, world: "World") -> "OfOneOrder":
        definition = world.definition
        if definition.version not in self.legal:
            self.legal[definition.version] = set(edges(definition))
        self.histories += 1
        return OfOneOrder(self, world, self.legal[definition.version])

    def not_taken(self, definition: Definition) -> set[Edge]:
        """What the declaration allows and no history did."""
        return {edge for edge in edges(definition) if not self.taken[definition.version, edge]}


class OfOneOrder:
    """Checks one order against the money at Stripe."""

    def __init__(self, seen: Invariants, world: "World", legal: set[Edge]) -> None:
        self._seen, self._world, self._legal = seen, world, legal
        self._ids: set[int] = set()

    def began(self, decision: Decision) -> None:
        self._sent(decision)
        self._waits_or_not(decision.saga)

    def hold_after(self, before: OrderSaga, by: str, decision: Decision) -> None:
        after = decision.saga
        self._seen.messages += 1
        assert after.refunds == self._world.told_refunds, "each refund that was told counts once"
        if decision.refused:
            self._seen.ignored += 1
            assert after is before, "what is ignored changes nothing"
            assert len(decision.effect) > len("ignored: "), "what is ignored says why"
            assert not decision.send, "what is ignored sends nothing"
            return
        self._moved(before, by, decision)
        self._sent(decision)
        self._waits_or_not(after)
        self._money_adds_up()

    def hold_at_rest(self) -> None:
        world = self._world
        saga, money = world.saga, world.payments
        self._money_adds_up()
        if saga.definition_version == 1:
            quiet = saga.overdue or saga.state in {State.AUTHORIZED, State.REJECTED}
            assert quiet, f"an order of version 1 stays {saga.state}"
            return
        assert isinstance(world.definition.nodes[saga.state], Rest | End), f"stuck: {saga.state}"
        if saga.state == State.AUTHORIZED:
            assert (money.status, money.held) == ("authorized", saga.order.amount)
        if saga.state in NOTHING_TAKEN:
            assert not money.held
        assert saga.captured == money.captured
        assert (saga.state in {State.COMPLETED, State.REFUNDED}) is bool(money.captured)
        if world.refunded_by_word:
            return
        assert saga.refunded == money.refunded
        all_given_back = 0 < money.captured == money.refunded
        assert (saga.state == State.REFUNDED) is all_given_back

    def _moved(self, before: OrderSaga, by: str, decision: Decision) -> None:
        after = decision.saga
        edge = Edge(before.state, by, after.state)
        node = self._world.definition.nodes[before.state]
        heard = by.startswith("payment.")
        assert heard or not isinstance(node, End), f"out of an end, though nothing happened: {edge}"
        if edge in self._legal:
            self._seen.taken[after.definition_version, edge] += 1
            return
        again = isinstance(node, Step) and (node.timeout.tries > 1 or node.timeout_rule is None)
        retried = by == NO_REPLY and before.state == after.state and again
        stays = decision.effect.startswith("recorded") and before.state == after.state
        assert retried or stays, f"not declared: {edge}"

    def _sent(self, decision: Decision) -> None:
        for message in decision.send:
            number = message.message_id.int
            assert number not in self._ids, f"two messages of one id: {message.type}"
            self._ids.add(number)

    def _waits_or_not(self, saga: OrderSaga) -> None:
        node = self._world.definition.nodes[saga.state]
        assert bool(saga.deadline_at) is isinstance(node, Step), "time runs while a step waits"
        assert bool(saga.parked) is isinstance(node, Parked), "what is parked names its step"

    def _money_adds_up(self) -> None:
        saga, money = self._world.saga, self._world.payments
        assert money.holds_made <= 1, "two holds"
        assert money.authorized == money.captured + money.released + money.held
        assert 0 <= money.refunded <= money.captured <= saga.order.amount
        assert saga.captured in (0, money.captured), "captured by hearsay"
        hearsay = saga.refunds.keys() - money.refunds.keys()
        assert not hearsay, "refunded by hearsay"
        if saga.state in NOTHING_TAKEN and saga.definition_version > 1:
            gone = money.status in GONE or money.status == "none"
            coming = any(answer.type == "payment.captured" for answer, _ in self._world.answers)
            assert gone or coming, f"{saga.state}, and the payment is {money.status}"
