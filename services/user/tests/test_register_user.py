from dataclasses import replace

import pytest
from user_service.domain import Registration, SavedCard, User
from user_service.errors import StripeUnavailable, UsersUnavailable


@pytest.fixture
async def user(handlers):
    return (await handlers.register_user("user_1")).user


async def test_a_new_user_gets_a_customer(handlers, fake_stripe):
    registered = await handlers.register_user("user_1", "a@example.com")

    customer = fake_stripe.customers["user_1"]
    assert registered == Registration(User("user_1", customer), created=True)
    assert fake_stripe.emails == {customer: "a@example.com"}


async def test_registering_again_changes_nothing(handlers, user):
    await handlers.save_card("user_1", "pm_card_visa", attach=True)

    again = await handlers.register_user("user_1")

    assert again.created is False
    assert again.user.stripe_customer_id == user.stripe_customer_id
    assert again.user.card is not None


async def test_the_latest_email_is_set_at_the_customer(handlers, fake_stripe, user):
    await handlers.register_user("user_1", "b@example.com")

    assert fake_stripe.emails == {user.stripe_customer_id: "b@example.com"}
    assert len(fake_stripe.customers) == 1


async def test_a_customer_that_was_deleted_at_stripe_is_replaced_by_registering_again(
    handlers, fake_stripe, user
):
    await handlers.save_card("user_1", "pm_card_visa", attach=True)
    fake_stripe.deleted.add(user.stripe_customer_id)

    again = await handlers.register_user("user_1", "a@example.com")

    assert again == Registration(User("user_1", again.user.stripe_customer_id), created=False)
    assert again.user.stripe_customer_id != user.stripe_customer_id
    assert fake_stripe.emails == {again.user.stripe_customer_id: "a@example.com"}
    assert isinstance(await handlers.save_card("user_1", "pm_card_visa", attach=True), SavedCard)


async def test_a_customer_that_stripe_never_had_is_replaced_by_registering_again(
    handlers, fake_stripe, fake_transaction
):
    fake_transaction.users.rows["user_1"] = User("user_1", "cus_elsewhere", SavedCard("pm_1"))

    again = await handlers.register_user("user_1")

    assert again.user.card is None
    assert await fake_stripe.has_customer(again.user.stripe_customer_id)


async def test_a_customer_is_replaced_each_time_it_is_lost(handlers, fake_stripe, user):
    customers = {user.stripe_customer_id}
    for count in (2, 3):
        fake_stripe.deleted |= customers
        customers.add((await handlers.register_user("user_1")).user.stripe_customer_id)
        assert len(customers) == count


async def test_a_customer_replaced_concurrently_is_kept_with_its_card(
    handlers, fake_stripe, fake_transaction, user
):
    fake_stripe.deleted.add(user.stripe_customer_id)
    replaced = User("user_1", "cus_new", SavedCard("pm_new"))

    def replace_concurrently():
        fake_transaction.users.rows["user_1"] = replaced

    fake_stripe.before_call = replace_concurrently

    assert (await handlers.register_user("user_1")).user == replaced


async def test_a_customer_is_kept_while_stripe_is_unavailable(handlers, fake_stripe, user):
    card = await handlers.save_card("user_1", "pm_card_visa", attach=True)
    fake_stripe.fault = StripeUnavailable("Stripe did not respond")

    with pytest.raises(StripeUnavailable):
        await handlers.register_user("user_1")

    assert await handlers.get_user("user_1") == replace(user, card=card)


@pytest.mark.parametrize("email", ["a@example.com", "b@example.com", None])
async def test_registering_again_completes_a_registration_that_crashed_after_stripe(
    handlers, fake_stripe, fake_transaction, email
):
    def crash_at_the_row():
        fake_transaction.crashes = 1

    fake_stripe.before_call = crash_at_the_row
    with pytest.raises(UsersUnavailable):
        await handlers.register_user("user_1", "a@example.com")
    fake_stripe.before_call = lambda: None
    fake_transaction.crashes = 0

    registered = await handlers.register_user("user_1", email)

    assert registered.created is True
    assert fake_stripe.customers == {"user_1": registered.user.stripe_customer_id}
