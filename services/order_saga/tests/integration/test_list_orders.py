"""GET /orders: each order is listed once, over any number of pages."""

import pytest
from order_saga.create_order.state import State

REJECTED_AND_NEW = (State.REJECTED, State.RETRIEVING_PAYMENT_INFO)


@pytest.fixture
def pages(orders):
    """Read a list to its end; returns the ids of each page."""

    async def pages(**query):
        read, cursor = [], {}
        while cursor is not None:
            response = await orders.http.get("/orders", params={**query, **cursor})
            assert response.status_code == 200, response.text
            page = response.json()
            read.append([order["id"] for order in page["orders"]])
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        return read

    return pages


@pytest.fixture
async def seven(orders):
    """Seven orders of two users; the first four were stored in one moment. Returns their ids."""
    ids = [(await orders.place(clerk_user_id=f"user_{n % 2}")).json()["id"] for n in range(7)]
    same = ", ".join(f"'{order_id}'" for order_id in ids[:4])
    await orders.execute(
        f"UPDATE sagas SET created_at = '2026-01-01T12:00:00.123456Z' WHERE id IN ({same})"
    )
    return ids


async def test_no_orders_are_one_empty_page(pages):
    assert await pages() == [[]]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
async def test_no_order_is_lost_or_shown_twice_over_pages(pages, seven, limit):
    read = await pages(limit=limit)

    assert [len(page) for page in read[:-1]] == [limit] * (len(read) - 1)
    shown = [order_id for page in read for order_id in page]
    assert shown[:3] == seven[:3:-1]
    assert sorted(shown) == sorted(seven)


async def test_an_order_that_is_placed_between_two_pages_moves_nothing(orders, pages, seven):
    first = (await orders.http.get("/orders", params={"limit": 3})).json()
    await orders.place()

    rest = await pages(limit=3, cursor=first["next_cursor"])

    shown = [order["id"] for order in first["orders"]]
    shown += [order_id for page in rest for order_id in page]
    assert sorted(shown) == sorted(seven)


async def test_orders_of_one_user_are_listed(pages, seven):
    (page,) = await pages(clerk_user_id="user_1")

    assert sorted(page) == sorted(seven[1::2])
    assert await pages(clerk_user_id="user_1", limit=2) == [page[:2], page[2:]]
    assert await pages(clerk_user_id="nobody") == [[]]


async def test_orders_in_one_state_are_listed(orders, pages, seven, new_messages):
    await orders.receive(new_messages(seven[2], "user_0").info_failed())

    (rejected,), (waiting,) = [await pages(state=state) for state in REJECTED_AND_NEW]

    assert rejected == [seven[2]]
    assert sorted(waiting) == sorted({*seven} - {seven[2]})
    assert await pages(state="rejected", clerk_user_id="user_1") == [[]]


async def test_overdue_orders_are_listed(orders, pages, seven):
    await orders.execute(f"UPDATE sagas SET overdue = true WHERE id = '{seven[2]}'")

    assert await pages(overdue=True) == [[seven[2]]]
    (others,) = await pages(overdue=False)
    assert seven[2] not in others


async def test_a_listed_order_is_the_shown_one_without_its_history(orders, seven):
    listed = (await orders.http.get("/orders", params={"limit": 1})).json()["orders"]

    shown = await orders.show(seven[-1])
    for name in ("history", "history_omitted", "history_omitted_after"):
        del shown[name]
    assert listed == [shown]


@pytest.mark.parametrize("cursor", ["0", "not-a-cursor", "MjAyNi0wMS0wMSAA", "é'", "%", "c" * 255])
async def test_an_unknown_cursor_is_400(orders, seven, cursor):
    response = await orders.http.get("/orders", params={"cursor": cursor})

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "next_cursor" in response.json()["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"state": "shipped"}, "state"),
        ({"state": ""}, "state"),
        ({"clerk_user_id": ""}, "clerk_user_id"),
        ({"clerk_user_id": "a\0b"}, "clerk_user_id"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "a\0b"}, "cursor"),
    ],
)
async def test_an_invalid_filter_is_named(edge, query, field):
    response = await edge.http.get("/orders", params=query)

    assert response.status_code == 422
    assert [each["field"] for each in response.json()["errors"]] == [field]


async def test_stuck_orders_are_parked_overdue_or_past_their_deadline(
    orders, pages, seven, new_messages
):
    parked, overdue, late = seven[1], seven[2], seven[3]
    await orders.sent()
    messages = new_messages(parked)
    await orders.receive(*messages.replies_until("authorized"))
    await orders.request(parked, "cancel")
    await orders.receive(messages.of("payment.cancel_failed", attempt=1))
    await orders.execute(f"UPDATE sagas SET overdue = true WHERE id = '{overdue}'")
    await orders.execute(
        f"UPDATE sagas SET deadline_at = now() - interval '1 s' WHERE id = '{late}'"
    )
    ended = (await orders.place()).json()["id"]
    await orders.receive(new_messages(ended).info_failed())

    (stuck,), (others,) = [await pages(stuck=stuck) for stuck in (True, False)]

    assert sorted(stuck) == sorted([parked, overdue, late])
    assert sorted(others) == sorted({*seven, ended} - {parked, overdue, late})
