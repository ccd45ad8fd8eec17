"""Random histories: replies that are lost, late or doubled, and operators who do anything."""

from random import Random

from saga_engine.declaration import Definition, Parked, Step
from saga_engine.state import SagaState

from engine_testing.ledger import Effects
from engine_testing.paths import Path, possible

LONGEST = 60
AT_REST_WITHIN = 60


def random_history(
    definition: Definition, effects: Effects, random: Random, saga: SagaState | None = None
) -> Path:
    """Return a path that ended: anything that can be received for a while, then what ends it."""
    path = Path.begin(definition, effects, saga)
    for _ in range(random.randint(0, LONGEST)):
        if path.has_ended:
            return path
        path = _one_more(path, random)
    return _brought_to_rest(path)


def _one_more(path: Path, random: Random) -> Path:
    """Return the path after a random message that is not refused."""
    moves = possible(path)
    random.shuffle(moves)
    return next(longer for move in moves if (longer := move(path)) is not path)


def _brought_to_rest(path: Path) -> Path:
    """Let every command succeed, operators retry, and the customer cancel what rests."""
    for _ in range(AT_REST_WITHIN):
        if path.has_ended:
            return path
        path = _succeeded(path)
    raise AssertionError(f"still {path.saga.state}: {path.steps}")


def _succeeded(path: Path) -> Path:
    node = path.definition.nodes[path.saga.state]
    if isinstance(node, Parked):
        return path.retry()
    if isinstance(node, Step):
        return path.reply(node.rules[0].message)
    return path.event(node.rules[-1].message)
