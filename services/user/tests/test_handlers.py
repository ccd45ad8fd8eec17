import pytest
from user_service.domain import Refusal, SavedCard, User
from user_service.errors import StripeUnavailable
from user_service.handlers import reply_to_payment_info_requests

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
async def user(handlers):
    return (await handlers.register_user("user_1")).user


async def test_stripe_is_never_called_inside_a_transaction(handlers, fake_stripe, fake_transaction):
    during = []
    fake_stripe.before_call = lambda: during.append(fake_transaction.running)

    await handlers.register_user("user_1", "a@example.com")
    await handlers.save_card("user_1", "pm_card_visa", attach=True)
    await handlers.remove_card("user_1")

    fake_stripe.deleted |= set(fake_stripe.customers.values())
    await handlers.register_user("user_1")

    assert during == [False] * 6


async def test_an_attached_card_is_saved_as_stripe_returned_it(handlers, user):
    card = await handlers.save_card("user_1", "pm_card_visa", attach=True)

    assert card == SavedCard(card.payment_method_id, "visa", "4242")
    assert card.payment_method_id != "pm_card_visa"
    assert await handlers.get_card("user_1") == card


async def test_a_card_saved_without_attaching_keeps_the_given_id(handlers, user):
    card = await handlers.save_card("user_1", DECLINED, attach=False)

    assert card == SavedCard(DECLINED, "visa", "0002")
    assert await handlers.get_card("user_1") == card


@pytest.mark.parametrize(
    ("method", "attach", "code"),
    [
        (DECLINED, True, "card_declined"),
        ("pm_unknown", True, "payment_method_not_found"),
        ("pm_unknown", False, "payment_method_not_found"),
    ],
)
async def test_a_refused_card_is_not_saved(handlers, user, method, attach, code):
    before = await handlers.save_card("user_1", "pm_card_visa", attach=True)

    refusal = await handlers.save_card("user_1", method, attach=attach)

    assert refusal.code == code
    assert await handlers.get_card("user_1") == before


async def test_nothing_is_saved_while_stripe_is_unavailable(handlers, user, fake_stripe):
    fake_stripe.fault = StripeUnavailable("Stripe did not respond")

    with pytest.raises(StripeUnavailable):
        await handlers.save_card("user_1", "pm_card_visa", attach=True)

    assert (await handlers.get_card("user_1")).code == "payment_method_missing"


async def test_a_user_without_a_customer_gets_a_cure(handlers, fake_transaction):
    fake_transaction.users.rows["user_1"] = User("user_1")

    refusal = await handlers.save_card("user_1", "pm_card_visa", attach=True)
    assert refusal.code == "stripe_customer_missing"
    assert "POST /users" in refusal.cure

    await handlers.register_user("user_1")
    assert isinstance(await handlers.save_card("user_1", "pm_card_visa", attach=True), SavedCard)


async def test_a_removed_card_is_detached_and_gone(handlers, user, fake_stripe):
    card = await handlers.save_card("user_1", "pm_card_visa", attach=True)

    for _ in range(2):
        assert await handlers.remove_card("user_1") is None
    assert fake_stripe.methods[card.payment_method_id] == (card, None)
    assert (await handlers.get_card("user_1")).code == "payment_method_missing"


async def test_a_card_that_was_never_attached_is_removed_without_detaching(handlers, user):
    await handlers.save_card("user_1", DECLINED, attach=False)

    assert await handlers.remove_card("user_1") is None
    assert (await handlers.get_card("user_1")).code == "payment_method_missing"


async def test_a_card_is_kept_while_stripe_is_unavailable(handlers, user, fake_stripe):
    card = await handlers.save_card("user_1", "pm_card_visa", attach=True)
    fake_stripe.fault = StripeUnavailable("Stripe did not respond")

    with pytest.raises(StripeUnavailable):
        await handlers.remove_card("user_1")

    assert await handlers.get_card("user_1") == card


async def test_an_unknown_user_is_refused_by_every_use_case(handlers):
    refusals = [
        await handlers.get_user("user_1"),
        await handlers.get_card("user_1"),
        await handlers.save_card("user_1", "pm_card_visa", attach=True),
        await handlers.remove_card("user_1"),
    ]

    assert all(isinstance(each, Refusal) and each.code == "user_not_found" for each in refusals)


def test_each_request_of_a_batch_gets_its_own_reply(fake_transaction, request_for):
    users = fake_transaction.users
    users.rows["user_1"] = User("user_1", "cus_1", SavedCard("pm_1"))
    requests = [request_for("user_1"), request_for("user_2"), request_for("user_1", attempt=2)]

    replies = reply_to_payment_info_requests(users, requests)

    assert users.queries == 1
    assert [replies[each.message_id].type for each in requests] == [
        "user.payment_info_retrieved",
        "user.payment_info_failed",
        "user.payment_info_retrieved",
    ]
    assert [replies[each.message_id].payload.attempt for each in requests] == [1, 1, 2]
