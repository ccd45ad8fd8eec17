"""The check that no order was lost or doubled."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Verdict:
    """How orders ended.

    Attributes:
        orders: The number of accepted orders.
        declined: How many were rejected.
        lost: How many have no event.
        doubled: How many have an event twice, or more than one PaymentIntent; and how many orders
            have events although they were never accepted.
    """

    orders: int
    declined: int
    lost: int
    doubled: int

    def require_correct(self) -> dict[str, int]:
        """Return the numbers by name.

        Raises:
            SystemExit: An order was lost or doubled.
        """
        if self.lost or self.doubled:
            raise SystemExit(
                f"Of {self.orders} orders, {self.lost} lost and {self.doubled} doubled"
            )
        return asdict(self)


def judge(
    orders: Sequence[str],
    events: Mapping[str, Sequence[str]],
    payment_intents: Iterable[str],
    rejected: str,
) -> Verdict:
    """Compare orders with their events and PaymentIntents.

    Args:
        orders: The ids of the accepted orders.
        events: The types of each order's events, without redeliveries of the same message.
        payment_intents: The order's id of every PaymentIntent.
        rejected: The type of the event that rejects an order.
    """
    intents = Counter(payment_intents)
    accepted = Counter(orders)
    twice = sum(
        times > 1 or intents[order] > 1 or _repeats(events.get(order, ()))
        for order, times in accepted.items()
    )
    return Verdict(
        orders=len(orders),
        declined=sum(rejected in events.get(order, ()) for order in accepted),
        lost=sum(not events.get(order) for order in accepted),
        doubled=twice + len({order for order, types in events.items() if types} - accepted.keys()),
    )


def _repeats(types: Sequence[str]) -> bool:
    return len(set(types)) < len(types)
