"""Contract of `ports.Users`, run against the fake and PostgreSQL."""

import pytest
from user_service.domain import Registration, SavedCard, User

VISA = SavedCard("pm_visa", "visa", "4242")
OTHER = SavedCard("pm_other", None, None)


@pytest.fixture(params=["fake", "sql"])
def transaction(request):
    return request.getfixturevalue(f"{request.param}_transaction")


async def test_an_unknown_user_is_none(transaction):
    assert await transaction(lambda users: users.get("user_1")) is None


async def test_an_added_user_is_found(transaction):
    added = await transaction(lambda users: users.add("user_1", "cus_1"))

    assert added == Registration(User("user_1", "cus_1"), created=True)
    assert await transaction(lambda users: users.get("user_1")) == User("user_1", "cus_1")


async def test_adding_a_user_again_changes_nothing(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.save_card("user_1", VISA))

    again = await transaction(lambda users: users.add("user_1", "cus_2"))

    assert again == Registration(User("user_1", "cus_1", VISA), created=False)


async def test_replacing_a_lost_customer_deletes_the_card(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.save_card("user_1", VISA))

    await transaction(lambda users: users.replace_customer("user_1", "cus_1", "cus_2"))

    assert await transaction(lambda users: users.get("user_1")) == User("user_1", "cus_2")


async def test_a_customer_other_than_the_lost_one_is_kept_with_its_card(transaction):
    await transaction(lambda users: users.add("user_1", "cus_2"))
    await transaction(lambda users: users.save_card("user_1", VISA))

    await transaction(lambda users: users.replace_customer("user_1", "cus_1", "cus_3"))
    await transaction(lambda users: users.replace_customer("user_2", "cus_1", "cus_3"))

    assert await transaction(lambda users: users.get("user_1")) == User("user_1", "cus_2", VISA)
    assert await transaction(lambda users: users.get("user_2")) is None


async def test_a_saved_card_replaces_the_previous_card(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.save_card("user_1", VISA))
    await transaction(lambda users: users.save_card("user_1", OTHER))

    user = await transaction(lambda users: users.get("user_1"))
    assert user.card == OTHER


async def test_a_card_of_an_unknown_user_is_not_saved(transaction):
    await transaction(lambda users: users.save_card("user_1", VISA))

    assert await transaction(lambda users: users.get("user_1")) is None


async def test_removing_a_stored_card_is_repeatable(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.save_card("user_1", VISA))

    for _ in range(2):
        await transaction(lambda users: users.remove_card("user_1", VISA.payment_method_id))
        assert await transaction(lambda users: users.get("user_1")) == User("user_1", "cus_1")


async def test_a_card_replaced_concurrently_is_not_removed(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.save_card("user_1", OTHER))

    await transaction(lambda users: users.remove_card("user_1", VISA.payment_method_id))

    user = await transaction(lambda users: users.get("user_1"))
    assert user.card == OTHER


async def test_many_users_are_found_and_unknown_ones_omitted(transaction):
    await transaction(lambda users: users.add("user_1", "cus_1"))
    await transaction(lambda users: users.add("user_2", "cus_2"))
    await transaction(lambda users: users.save_card("user_2", VISA))

    found = await transaction(lambda users: users.get_many({"user_1", "user_2", "user_3"}))

    assert found == {"user_1": User("user_1", "cus_1"), "user_2": User("user_2", "cus_2", VISA)}


async def test_no_ids_find_no_users(transaction):
    assert await transaction(lambda users: users.get_many(set())) == {}
