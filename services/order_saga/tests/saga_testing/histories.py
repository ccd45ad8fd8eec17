"""Many random histories, each with its own weights, and how often each transition was taken.

PYTHONPATH=services/order_saga/tests python -m saga_testing.histories 100000 --seed 1
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from functools import cache
from random import Random

from order_saga.create_order.timeouts import Timeouts
from saga_engine.declaration import Definition
from saga_engine.rules import Timeout
from saga_engine.transitions import Edge

from saga_testing.happy_path import happy_path
from saga_testing.invariants import Invariants
from saga_testing.simulation import World
from saga_testing.versions import oldest_first

TWO_TRIES = Timeouts(payment_info=Timeout(60.0, 2), operation=Timeout(60.0, 2, 2.0))
VERSIONS = oldest_first(TWO_TRIES)
SHARE_OF_NEWEST = 0.6
"""The share of histories of the newest version; the earlier versions have equal shares."""
WEIGHTS = {
    "deliver_command": 30,
    "deliver_reply": 30,
    "stripe_decides": 10,
    "step_times_out": 8,
    "customer_requests": 8,
    "operator_requests": 3,
    "lose": 4,
    "something_changes_at_stripe": 3,
    "stale_deadline_fires": 1,
    "clock_jumps": 2,
}
FACTORS = (0.2, 1.0, 3.0, 8.0)
"""By which the weights differ between histories: what is rare in most is common in some."""


def run(versions: Sequence[Definition], histories: int, seed: int) -> Invariants:
    """Simulate histories of these versions, the oldest first; the newest is drawn most often.

    Raises:
        AssertionError: An invariant broke. The message names the seed and the number of the
            history, which repeat it.
    """
    invariants = Invariants()
    *earlier, newest = versions
    for number in range(histories):
        random = Random(f"{seed}:{number}")
        is_newest = not earlier or random.random() < SHARE_OF_NEWEST
        definition = newest if is_newest else random.choice(earlier)
        world = World(definition, invariants, random)
        try:
            _simulate(world, random)
        except Exception as error:
            raise AssertionError(f"seed {seed}, history {number}: {world.saga}") from error
    return invariants


def _simulate(world: World, random: Random) -> None:
    for name in random.choice(_beginnings(world.definition)):
        world.happen(name)
    weights = [weight * random.choice(FACTORS) for weight in WEIGHTS.values()]
    for name in random.choices(list(WEIGHTS), weights, k=random.randint(1, 40)):
        world.happen(name)
        if world.has_ended and random.random() < 0.3:
            break
    world.come_to_rest()


@cache
def _beginnings(definition: Definition) -> tuple[tuple[str, ...], ...]:
    """Return how histories begin: at once, or after a part of the happy path."""
    step = ("deliver_command", "deliver_reply")
    last = ("deliver_command", "stripe_decides")
    decided = (*step * (len(happy_path(definition=definition)) - 1), *last)
    authorized = (*decided, "deliver_reply")
    return (
        (),
        decided,
        authorized,
        (*decided, "hold_is_captured_and_refunded_at_stripe"),
        (*authorized, "capture"),
        (*authorized, "capture", *step),
    )


def coverage(taken: Counter[tuple[int, Edge]]) -> str:
    """Return how often each transition was taken, the rarest first, one a line."""
    return "\n".join(
        f"{number:>9}  v{version} {edge.start} --{edge.by}--> {edge.end}"
        for (version, edge), number in reversed(taken.most_common())
    )


def main() -> None:
    """Simulate histories, and print how often each transition was taken."""
    parser = ArgumentParser()
    parser.add_argument("histories", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    totals = run(VERSIONS, arguments.histories, arguments.seed)
    print(coverage(totals.taken))  # noqa: T201
    print(totals)  # noqa: T201


if __name__ == "__main__":
    main()
