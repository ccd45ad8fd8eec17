import pytest
from user_service.domain import User
from user_service.errors import StripeKeyRefused, StripeUnavailable

DECLINED = "pm_card_visa_chargeDeclined"
CARD = "/users/user_1/card"


@pytest.fixture
async def user(http):
    return (await http.post("/users", json={"clerk_user_id": "user_1"})).json()


def assert_problem(response, status, code):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    assert problem["cure"]
    return problem


async def test_a_new_user_is_created_and_found_at_its_location(http, fake_stripe):
    response = await http.post("/users", json={"clerk_user_id": "user_1", "email": "a@b.example"})

    assert response.status_code == 201
    assert response.json() == {
        "clerk_user_id": "user_1",
        "stripe_customer_id": fake_stripe.customers["user_1"],
        "user_stripe_card": None,
    }
    assert (await http.get(response.headers["location"])).json() == response.json()


async def test_registering_again_returns_200_with_the_same_user(http, user):
    await http.put(CARD, json={"payment_method_id": "pm_card_visa"})

    response = await http.post("/users", json={"clerk_user_id": "user_1", "email": None})

    assert response.status_code == 200
    assert response.json() == (await http.get("/users/user_1")).json()
    assert response.json()["stripe_customer_id"] == user["stripe_customer_id"]
    assert response.json()["user_stripe_card"]["last_four"] == "4242"


async def test_a_user_id_that_needs_quoting_is_found_at_its_location(http):
    response = await http.post("/users", json={"clerk_user_id": "é ?#%&+"})

    assert (await http.get(response.headers["location"])).json() == response.json()


async def test_a_saved_card_is_shown_with_brand_and_last_digits(http, user):
    response = await http.put(CARD, json={"payment_method_id": "pm_card_mastercard"})

    assert response.status_code == 200
    card = response.json()
    assert (card["card_type"], card["last_four"]) == ("mastercard", "4444")
    assert (await http.get(CARD)).json() == card
    assert (await http.get("/users/user_1")).json()["user_stripe_card"] == card


async def test_a_declined_card_is_a_problem_with_stripes_codes_and_a_cure(http, user):
    response = await http.put(CARD, json={"payment_method_id": DECLINED})

    problem = assert_problem(response, 402, "card_declined")
    assert problem["decline_code"] == "generic_decline"
    assert problem["advice_code"] == "try_again_later"
    assert problem["type"] == "card-declined"


async def test_a_declined_card_is_saved_without_attaching(http, user):
    response = await http.put(CARD, json={"payment_method_id": DECLINED, "attach": False})

    assert response.status_code == 200
    assert response.json()["payment_method_id"] == DECLINED


async def test_an_unknown_payment_method_is_422(http, user):
    response = await http.put(CARD, json={"payment_method_id": "pm_unknown"})

    assert_problem(response, 422, "payment_method_not_found")


async def test_a_customer_unknown_to_stripe_is_409(http, user, fake_stripe):
    fake_stripe.customers.clear()

    response = await http.put(CARD, json={"payment_method_id": "pm_card_visa"})

    problem = assert_problem(response, 409, "stripe_customer_invalid")
    assert problem["detail"].startswith("Invalid Stripe Customer ID")


async def test_registering_again_replaces_a_customer_deleted_at_stripe(http, user, fake_stripe):
    await http.put(CARD, json={"payment_method_id": "pm_card_visa"})
    fake_stripe.deleted.add(user["stripe_customer_id"])

    response = await http.post("/users", json={"clerk_user_id": "user_1"})

    assert response.status_code == 200
    assert response.json()["stripe_customer_id"] != user["stripe_customer_id"]
    assert response.json()["user_stripe_card"] is None
    assert (await http.get("/users/user_1")).json() == response.json()
    saved = await http.put(CARD, json={"payment_method_id": "pm_card_visa"})
    assert saved.status_code == 200


async def test_a_user_without_a_customer_is_409(http, fake_transaction):
    fake_transaction.users.rows["user_1"] = User("user_1")

    response = await http.put(CARD, json={"payment_method_id": "pm_card_visa"})

    assert_problem(response, 409, "stripe_customer_missing")


async def test_removing_a_card_is_repeatable(http, user):
    await http.put(CARD, json={"payment_method_id": "pm_card_visa"})

    for _ in range(2):
        response = await http.delete(CARD)
        assert (response.status_code, response.content) == (204, b"")
    assert_problem(await http.get(CARD), 404, "payment_method_missing")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/user_1", None),
        ("GET", CARD, None),
        ("PUT", CARD, {"payment_method_id": "pm_card_visa"}),
        ("DELETE", CARD, None),
    ],
)
async def test_an_unknown_user_is_not_found(http, method, path, body):
    assert_problem(await http.request(method, path, json=body), 404, "user_not_found")


async def test_an_unavailable_stripe_is_503_with_retry_after(http, user, fake_stripe):
    fake_stripe.fault = StripeUnavailable("Stripe did not respond")

    response = await http.put(CARD, json={"payment_method_id": "pm_card_visa"})

    assert_problem(response, 503, "stripe_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert_problem(await http.get(CARD), 404, "payment_method_missing")


async def test_an_unavailable_database_is_503_with_retry_after(http, user, fake_transaction):
    fake_transaction.crashes = 1

    response = await http.get("/users/user_1")

    assert_problem(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) > 0


async def test_a_rejected_key_is_503_for_the_operator(http, fake_stripe):
    fake_stripe.fault = StripeKeyRefused("Stripe rejected this service's key.")

    response = await http.post("/users", json={"clerk_user_id": "user_1"})

    problem = assert_problem(response, 503, "stripe_key_refused")
    assert "operator" in problem["cure"]


async def test_an_unknown_path_or_method_is_a_problem(http):
    for method, path, status in (("GET", "/nothing", 404), ("PATCH", "/users", 405)):
        response = await http.request(method, path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"


async def test_openapi_lists_every_path(http):
    paths = (await http.get("/openapi.json")).json()["paths"]

    assert {"/users", "/users/{clerk_user_id}", "/users/{clerk_user_id}/card"} == set(paths)
