"""Many random histories, each in a mood of its own, and how often each way was taken.

PYTHONPATH=services/order_saga/tests python -m saga_testing.histories 100000 --seed 1
"""

from argparse import ArgumentParser
from collections import Counter
from random import Random

from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import definitions
from saga_engine.declaration import Definition
from saga_engine.rules import Timeout
from saga_engine.transitions import Edge

from saga_testing.invariants import Invariants
from saga_testing.simulation import World

QUICK = Timeouts(payment_info=Timeout(60.0, 2), operation=Timeout(60.0, 2, 2.0))
WEIGHTS = {
    "deliver_command": 30,
    "deliver_answer": 30,
    "stripe_decides": 10,
    "time_runs_out": 8,
    "customer_asks": 8,
    "operator_asks": 3,
    "lose": 4,
    "somebody_acts_at_stripe": 3,
    "an_old_deadline_fires": 1,
    "the_clock_jumps": 2,
}
GOES_WELL = ("deliver_command", "deliver_answer", "deliver_command", "stripe_decides")
STAGES = (
    (),
    GOES_WELL,
    (*GOES_WELL, "deliver_answer"),
    (*GOES_WELL, "all_is_taken_and_given_back_at_stripe"),
    (*GOES_WELL, "deliver_answer", "capture"),
    (*GOES_WELL, "deliver_answer", "capture", "deliver_command", "deliver_answer"),
)
MOODS = (0.2, 1.0, 3.0, 8.0)


def run(definitions: tuple[Definition, ...], histories: int, seed: int) -> Invariants:
    """Simulate so many histories; returns what was seen, raises at the first broken invariant.

    Raises:
        AssertionError: It names the seed and the history, which fails again wherever it is run.
    """
    invariants = Invariants()
    for number in range(histories):
        random = Random(f"{seed}:{number}")
        definition = definitions[-1 if random.random() < 0.95 else 0]
        world = World(definition, invariants, random)
        try:
            _live(world, random)
        except Exception as error:
            raise AssertionError(f"seed {seed}, history {number}: {world.saga}") from error
    return invariants


def _live(world: World, random: Random) -> None:
    for step in random.choice(STAGES):
        world.happen(step)
    # Each history in a mood of its own, so that what is rare elsewhere is common somewhere.
    weights = [weight * random.choice(MOODS) for weight in WEIGHTS.values()]
    for step in random.choices(list(WEIGHTS), weights, k=random.randint(1, 40)):
        world.happen(step)
        if world.is_over and random.random() < 0.3:
            break
    world.become_quiet()


def counted(taken: Counter[tuple[int, Edge]]) -> str:
    """The coverage, rarest first, a line for each way that was taken."""
    return "\n".join(
        f"{number:>9}  v{version} {edge.start} --{edge.by}--> {edge.end}"
        for (version, edge), number in reversed(taken.most_common())
    )


def main() -> None:
    """Run it by hand."""
    parser = ArgumentParser()
    parser.add_argument("histories", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    versions = definitions(QUICK).by_version
    seen = run((versions[1], versions[2]), arguments.histories, arguments.seed)
    print(counted(seen.taken))  # noqa: T201
    print(seen)  # noqa: T201


if __name__ == "__main__":
    main()
