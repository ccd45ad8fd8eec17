"""Whatever way a saga takes to its end: each effect is compensated once, or needless by name."""

from itertools import pairwise
from random import Random

import pytest
from engine_testing.delivery import delivery
from engine_testing.effects import DELIVERY, TOUR
from engine_testing.messages import SAGA_ID
from engine_testing.paths import Path, covering, walk
from engine_testing.random_histories import random_history
from engine_testing.table import FILE, table
from engine_testing.tour import Tour, tour
from saga_engine.declaration import End
from saga_engine.transitions import Edge, edges

pytestmark = pytest.mark.slow

HISTORIES = 3_000


def a_tour(*, guided: bool) -> Tour:
    return Tour(id=SAGA_ID, definition_version=1, state="finding_seats", guided=guided)


SAGAS = {
    "delivery": lambda: Path.begin(delivery(), DELIVERY),
    "tour with a guide": lambda: Path.begin(tour(), TOUR, a_tour(guided=True)),
    "tour without a guide": lambda: Path.begin(tour(), TOUR, a_tour(guided=False)),
}


@pytest.mark.parametrize("begin", SAGAS.values(), ids=SAGAS)
def test_on_every_path_each_effect_is_compensated_once_or_needless_by_name(begin):
    paths = list(walk(begin()))

    assert paths
    for path in paths:
        assert path.ledger.problems() == [], path.steps


@pytest.mark.parametrize("begin", SAGAS.values(), ids=SAGAS)
def test_on_a_path_for_each_transition_nothing_is_left_or_compensated_twice(begin):
    paths = covering(begin())

    assert [path.steps for path in paths if path.ledger.problems()] == []


@pytest.mark.parametrize("begin", [SAGAS["delivery"], SAGAS["tour with a guide"]])
def test_the_paths_take_every_transition_that_is_declared(begin):
    beginning = begin()
    definition = beginning.definition
    taken = {
        Edge(str(before), by, str(after))
        for path in covering(beginning)
        for (_, before), (by, after) in pairwise(path.steps)
    }

    unconditional = {edge for edge in edges(definition) if edge.start != "holding_flight"}
    assert {Edge(*map(str, edge)) for edge in unconditional} - taken == set()
    assert {path.saga.state for path in covering(beginning)} == {
        state for state, node in definition.nodes.items() if isinstance(node, End)
    }


def test_all_three_effects_are_compensated_in_reverse_order_on_some_path():
    orders = {path.ledger.compensated for path in walk(Path.begin(delivery(), DELIVERY))}

    assert ("hold", "courier", "items") in orders
    assert ("courier", "items") in orders
    assert ("items",) in orders


def test_the_committed_table_of_paths_is_what_the_engine_does():
    assert FILE.read_text() == table(), "run: make record"


@pytest.mark.parametrize("seed", range(4))
def test_in_random_histories_each_effect_is_compensated_once_or_needless_by_name(seed):
    definition, ends = delivery(), set()
    for number in range(HISTORIES // 4):
        path = random_history(definition, DELIVERY, Random(f"{seed}:{number}"))
        assert path.ledger.problems() == [], f"{seed}:{number} {path.steps}"
        ends.add(path.saga.state)
    assert ends == {"completed", "rejected", "canceled", "expired"}


def test_random_tours_leave_nothing_booked_that_is_not_paid():
    definition = tour()
    for number in range(500):
        saga = a_tour(guided=bool(number % 2))
        path = random_history(definition, TOUR, Random(number), saga)
        assert path.ledger.problems() == [], f"{number} {path.steps}"


def test_the_ledger_notices_what_is_left_and_what_is_compensated_twice_or_out_of_order():
    """The ledger itself must be able to fail."""
    ledger = Path.begin(delivery(), DELIVERY).ledger
    cases = {
        "items is left": {"done": ("items",)},
        "items was compensated 2 times": {"done": ("items",), "compensated": ("items", "items")},
        "courier was never done": {"compensated": ("courier",)},
        "compensated in the order items, courier": {
            "done": ("items", "courier"),
            "compensated": ("items", "courier"),
        },
        "cancel_payment was sent needlessly": {"needlessly": ("cancel_payment",)},
    }
    for problem, fields in cases.items():
        wrong = type(ledger)(DELIVERY, **{"done": (), **fields})
        assert problem in wrong.problems()
