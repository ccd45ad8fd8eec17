from dataclasses import dataclass

import pytest
from stripe_emulator.account.collection import Collection, Window


@dataclass
class Thing:
    id: str
    created: int


@pytest.fixture
def things() -> Collection[Thing]:
    collection = Collection[Thing]()
    for number in range(10):
        thing = Thing(f"t{number}", 100 + number)
        collection.add(thing)
        if number % 2:
            collection.add_to_group("odd", thing)
    return collection


def ids(page: tuple[list[Thing], bool]) -> tuple[str, bool]:
    items, has_more = page
    return " ".join(item.id for item in items), has_more


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(3), ("t9 t8 t7", True)),
        (Window(3, starting_after="t7"), ("t6 t5 t4", True)),
        (Window(3, starting_after="t2"), ("t1 t0", False)),
        (Window(3, ending_before="t2"), ("t5 t4 t3", True)),
        (Window(3, ending_before="t8"), ("t9", False)),
        (Window(10, created={"gte": 107}), ("t9 t8 t7", False)),
        (Window(10, created={"gt": 107}), ("t9 t8", False)),
        (Window(10, created={"lt": 102}), ("t1 t0", False)),
        (Window(1, created={"lte": 102}), ("t2", True)),
        (Window(10, created={"gte": 200}), ("", False)),
    ],
)
def test_page_is_newest_first_and_has_more(
    things: Collection[Thing], window: Window, expected: tuple[str, bool]
):
    assert ids(things.page(window)) == expected


def test_group_has_its_own_pages(things: Collection[Thing]):
    assert ids(things.page(Window(2), "odd")) == ("t9 t7", True)
    assert ids(things.page(Window(2, starting_after="t7"), "odd")) == ("t5 t3", True)
    assert ids(things.page(Window(2), "unknown")) == ("", False)


def test_late_group_member_is_ordered_by_age(things: Collection[Thing]):
    late = things.get("t4")
    assert late is not None
    things.add_to_group("odd", late)
    things.add_to_group("odd", late)
    assert [thing.id for thing in things.group("odd")] == ["t1", "t3", "t4", "t5", "t7", "t9"]
    things.remove_from_group("odd", late)
    things.remove_from_group("odd", late)
    assert [thing.id for thing in things.group("odd")] == ["t1", "t3", "t5", "t7", "t9"]
