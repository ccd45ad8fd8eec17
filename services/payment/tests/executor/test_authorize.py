import pytest
from payment_service.errors import LeaseLost
from payment_service.model.authorization import Authorized
from payment_service.model.ports import Decided, Lease, Postponed, Unknown

LOST = Unknown("connection lost", repeat=True)
KEPT_500 = Unknown("APIError: 500 again", repeat=False)
DONE, NOT_DONE = True, False


async def test_a_good_card_is_held(authorize, make_payment):
    result = await authorize(Lease(make_payment()))

    assert isinstance(result, Decided)
    assert isinstance(result.verdict, Authorized)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_method_id": "pm_card_chargeDeclined"}, "card_declined"),
        ({"payment_method_id": "pm_none"}, "payment_method_not_found"),
        ({"stripe_customer_id": "cus_none"}, "invalid_customer"),
    ],
)
async def test_a_refusal_ends_the_payment_without_another_request(
    authorize, fake_gateway, make_payment, changes, code
):
    result = await authorize(Lease(make_payment(**changes)))

    assert result.verdict.code == code
    assert (len(fake_gateway.keys), fake_gateway.ages) == (1, [])


@pytest.mark.parametrize("done", [DONE, NOT_DONE])
async def test_a_request_without_an_answer_is_repeated_with_the_same_key(
    authorize, fake_gateway, make_payment, done
):
    payment = make_payment()
    fake_gateway.faults = [(LOST, done), (LOST, NOT_DONE)]

    result = await authorize(Lease(payment))

    assert result.verdict == fake_gateway.outcomes[payment.idempotency_key]
    assert fake_gateway.keys == [payment.idempotency_key] * 3


async def test_stripe_is_not_asked_again_sooner_than_it_wants(
    authorize, fake_gateway, make_payment
):
    fake_gateway.faults = [(Unknown("429", repeat=True, retry_after_seconds=30), NOT_DONE)]

    result = await authorize(Lease(make_payment()))

    assert isinstance(result, Postponed)
    assert len(fake_gateway.keys) == 1


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
async def test_work_that_was_done_behind_a_kept_500_is_adopted(
    authorize, fake_gateway, make_payment, card
):
    payment = make_payment(payment_method_id=card)
    fake_gateway.faults = [(LOST, DONE), (KEPT_500, DONE)]

    result = await authorize(Lease(payment, age_seconds=40))

    found = fake_gateway.outcomes[payment.idempotency_key]
    assert result.verdict.payment_intent_id == found.payment_intent_id
    assert (len(fake_gateway.keys), fake_gateway.ages) == (2, [40])


async def test_nothing_is_sent_once_the_lease_is_lost(authorize, fake_gateway, make_payment):
    with pytest.raises(LeaseLost):
        await authorize(Lease(make_payment()), may_ask=lambda: False)

    assert (fake_gateway.keys, fake_gateway.ages) == ([], [])


async def test_a_lease_lost_between_two_requests_ends_the_repeating(
    authorize, fake_gateway, make_payment
):
    fake_gateway.faults = [(LOST, NOT_DONE)] * 5

    with pytest.raises(LeaseLost):
        await authorize(Lease(make_payment()), may_ask=lambda: len(fake_gateway.keys) < 2)

    assert len(fake_gateway.keys) == 2
    assert fake_gateway.ages == []
