"""Requests that the HTTP edge rejects."""

import pytest

JSON = "application/json"
CARD = "/users/user_1/card"


def assert_invalid(response):
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "invalid_request"
    assert problem["cure"]
    return problem


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/users", {}, "clerk_user_id"),
        ("/users", {"clerk_user_id": ""}, "clerk_user_id"),
        ("/users", {"clerk_user_id": "u" * 256}, "clerk_user_id"),
        ("/users", {"clerk_user_id": "a\0b"}, "clerk_user_id"),
        ("/users", {"clerk_user_id": "a/b"}, "clerk_user_id"),
        ("/users", {"clerk_user_id": 7}, "clerk_user_id"),
        ("/users", {"clerk_user_id": "u", "email": "nobody"}, "email"),
        ("/users", {"clerk_user_id": "u", "email": "a@" + "b" * 511}, "email"),
        ("/users", {"clerk_user_id": "u", "name": "x"}, "name"),
        (CARD, {}, "payment_method_id"),
        (CARD, {"payment_method_id": ""}, "payment_method_id"),
        (CARD, {"payment_method_id": "../customers"}, "payment_method_id"),
        (CARD, {"payment_method_id": "pm_1\0"}, "payment_method_id"),
        (CARD, {"payment_method_id": "pm_1", "attach": "perhaps"}, "attach"),
        ("/users/a%00b/card", {"payment_method_id": "pm_1"}, "clerk_user_id"),
    ],
)
async def test_an_invalid_field_is_named(http, path, body, field):
    response = await http.request("POST" if path == "/users" else "PUT", path, json=body)

    problem = assert_invalid(response)
    assert [each["field"] for each in problem["errors"]] == [field]
    assert field in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"clerk_user_id": "u", "\\ud800": 1}',
        b'{"clerk_user_id": NaN}',
        b'{"clerk_user_id": "\\ud800"}',
    ],
)
async def test_an_invalid_body_is_a_problem(http, body):
    response = await http.post("/users", content=body, headers={"content-type": JSON})

    assert_invalid(response)


async def test_a_too_large_body_is_413(http, fake_stripe):
    response = await http.post("/users", json={"clerk_user_id": "u" * 20_000})

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert fake_stripe.customers == {}


async def test_a_body_that_is_not_utf8_is_400(http):
    response = await http.post("/users", content=b'"\xff"', headers={"content-type": JSON})

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
