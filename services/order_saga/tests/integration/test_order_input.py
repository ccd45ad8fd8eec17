"""Validation of POST /orders: each problem names the invalid field."""

from collections.abc import AsyncIterator

import pytest

TOO_MUCH = 100_000_000
ITEM = {"name": "Soup", "quantity": 2, "unit_amount": 500}
WITHOUT_AMOUNT = {"amount": None}


def items(*changes):
    return {"line_items": [{**ITEM, **each} for each in changes or ({},)]}


def assert_invalid(response):
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"clerk_user_id": None}, "clerk_user_id"),
        ({"clerk_user_id": ""}, "clerk_user_id"),
        ({"clerk_user_id": "u" * 256}, "clerk_user_id"),
        ({"clerk_user_id": "a\0b"}, "clerk_user_id"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 12.99}, "amount"),
        ({"amount": 1299.0}, "amount"),
        ({"amount": "1299"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": TOO_MUCH}, "amount"),
        ({"amount": 10**400}, "amount"),
        ({"currency": "dollar"}, "currency"),
        ({"currency": "xxx"}, "currency"),
        ({"currency": None}, "currency"),
        ({"description": "d" * 501}, "description"),
        ({"description": "a\0b"}, "description"),
        (items({"name": ""}), "line_items.0.name"),
        (items({"name": "a\0b"}), "line_items.0.name"),
        (items({}, {"quantity": 0}), "line_items.1.quantity"),
        (items({"quantity": 10_001}), "line_items.0.quantity"),
        (items({"quantity": 1.5}), "line_items.0.quantity"),
        (items({"unit_amount": -TOO_MUCH}), "line_items.0.unit_amount"),
        (items({"unit_amount": TOO_MUCH}), "line_items.0.unit_amount"),
        (items({"colour": "red"}), "line_items.0.colour"),
        (items(*[{}] * 101), "line_items"),
        ({"line_items": [7]}, "line_items.0"),
        ({"price": 1}, "price"),
    ],
)
async def test_an_invalid_field_is_named(edge, changes, field):
    problem = assert_invalid(await edge.place(**changes))

    assert [each["field"] for each in problem["errors"]] == [field]
    assert field in problem["detail"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (WITHOUT_AMOUNT, "amount: required without line_items"),
        (WITHOUT_AMOUNT | {"line_items": []}, "amount: required without line_items"),
        (items(), "amount: 1299 differs from the sum of line_items, 1000"),
        (
            WITHOUT_AMOUNT | items({"quantity": 1}, {"quantity": 1, "unit_amount": -500}),
            "line_items: the sum 0 must be greater than 0",
        ),
        ({"currency": "kwd"}, "amount: 1299 is not a multiple of 10, as kwd requires"),
        (
            {"currency": "ugx", "amount": 1_000_000},
            "amount: 1000000 exceeds the maximum of 999999 in ugx",
        ),
        (
            WITHOUT_AMOUNT | items({"quantity": 2, "unit_amount": 50_000_000}),
            "line_items: the sum 100000000 exceeds the maximum of 99999999",
        ),
    ],
)
async def test_an_amount_that_differs_from_its_line_items_is_named(edge, changes, message):
    problem = assert_invalid(await edge.place(**changes))

    assert message in problem["detail"]


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({}, 1299),
        ({"amount": 1}, 1),
        ({"amount": TOO_MUCH - 1}, TOO_MUCH - 1),
        (WITHOUT_AMOUNT | items({}, {"quantity": 1}), 1500),
        ({"amount": 1000} | items(), 1000),
        (WITHOUT_AMOUNT | items({"quantity": 1, "unit_amount": TOO_MUCH - 1}), TOO_MUCH - 1),
        ({"line_items": []}, 1299),
    ],
)
async def test_the_order_is_the_amount_or_what_its_line_items_sum_to(orders, changes, amount):
    response = await orders.place(**changes)

    assert response.status_code == 202, response.text
    order = await orders.show(response.json()["id"])
    assert order["amount"] == amount
    assert order["line_items"] == changes.get("line_items", [])


@pytest.mark.parametrize(("given", "kept"), [({}, "usd"), ({"currency": "EUR"}, "eur")])
async def test_the_currency_is_lower_case_and_dollars_where_none_is_given(orders, given, kept):
    order_id = (await orders.place(**given)).json()["id"]

    assert (await orders.show(order_id))["currency"] == kept


async def test_the_longest_order_fits(orders):
    body = {"clerk_user_id": "u" * 255, "description": "é" * 500, "amount": None}
    response = await orders.place(**body, **items(*[{"name": "n" * 255}] * 100), key="k" * 255)

    assert response.status_code == 202, response.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"order"',
        b"\xff",
        b'{"clerk_user_id": "u", "amount": NaN}',
        b'{"clerk_user_id": "\\ud800", "amount": 1}',
        b'{"clerk_user_id": "u", "amount": 1, "currency": "\\ud800"}',
        b'{"clerk_user_id": "u", "amount": 1, "\\ud800": 1}',
        b"[" * 60_000,
        b'{"amount": ' + b"9" * 60_000 + b"}",
    ],
)
async def test_an_invalid_body_is_a_client_error(edge, body):
    response = await edge.http.post(
        "/orders", content=body, headers={"content-type": "application/json"}
    )

    assert response.status_code in {400, 422}, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) < 2_000


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_invalid_idempotency_key_is_named(edge, key):
    response = await edge.http.post("/orders", json={}, headers={"Idempotency-Key": key})

    assert "idempotency-key" in assert_invalid(response)["detail"]


async def test_a_body_that_is_too_large_is_refused_before_all_of_it_was_read(edge):
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(chunk := b" " * 16_384)
            yield chunk

    response = await edge.http.post("/orders", content=endless())

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert len(read) <= 5


async def test_free_and_discount_lines_are_accepted_if_the_sum_is_positive(orders):
    lines = items({}, {"name": "Bread", "unit_amount": 0}, {"quantity": 1, "unit_amount": -1})
    placed = await orders.place(**WITHOUT_AMOUNT | lines)

    assert (await orders.show(placed.json()["id"]))["amount"] == 999
