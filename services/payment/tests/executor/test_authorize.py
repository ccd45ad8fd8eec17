import pytest
from payment_service.errors import LeaseLost
from payment_service.model.authorization import Authorized
from payment_service.model.lease import Lease
from payment_service.model.ports import Completed, Postponed, Unknown

LOST = Unknown("connection lost", retryable=True)
STORED_500 = Unknown("APIError: 500 again", retryable=False)
DONE, NOT_DONE = True, False


async def test_a_valid_card_is_authorized(perform_lease, make_request):
    progress = await perform_lease(Lease(make_request()))

    assert isinstance(progress, Completed)
    assert isinstance(progress.result, Authorized)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_method_id": "pm_card_chargeDeclined"}, "card_declined"),
        ({"payment_method_id": "pm_none"}, "payment_method_not_found"),
        ({"stripe_customer_id": "cus_none"}, "invalid_customer"),
    ],
)
async def test_a_refusal_ends_the_authorization_without_another_request(
    perform_lease, fake_gateway, make_request, changes, code
):
    progress = await perform_lease(Lease(make_request(**changes)))

    assert progress.result.code == code
    assert (len(fake_gateway.keys), fake_gateway.lookup_ages) == (1, [])


@pytest.mark.parametrize("done", [DONE, NOT_DONE])
async def test_a_request_without_a_response_is_retried_with_the_same_key(
    perform_lease, fake_gateway, make_request, done
):
    payment = make_request()
    fake_gateway.faults = [(LOST, done), (LOST, NOT_DONE)]

    progress = await perform_lease(Lease(payment))

    assert progress.result == fake_gateway.outcomes[payment.idempotency_key]
    assert fake_gateway.keys == [payment.idempotency_key] * 3


async def test_retry_after_is_respected(perform_lease, fake_gateway, make_request):
    fake_gateway.faults = [(Unknown("429", retryable=True, retry_after_seconds=30), NOT_DONE)]

    progress = await perform_lease(Lease(make_request()))

    assert isinstance(progress, Postponed)
    assert len(fake_gateway.keys) == 1


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
async def test_an_effect_behind_a_stored_500_is_adopted(
    perform_lease, fake_gateway, make_request, card
):
    payment = make_request(payment_method_id=card)
    fake_gateway.faults = [(LOST, DONE), (STORED_500, DONE)]

    progress = await perform_lease(Lease(payment, age_seconds=40))

    found = fake_gateway.outcomes[payment.idempotency_key]
    assert progress.result.payment_intent_id == found.payment_intent_id
    assert (len(fake_gateway.keys), fake_gateway.lookup_ages) == (2, [40])


async def test_no_request_is_sent_after_the_lease_is_lost(
    perform_lease, fake_gateway, make_request
):
    with pytest.raises(LeaseLost):
        await perform_lease(Lease(make_request()), is_valid=lambda: False)

    assert (fake_gateway.keys, fake_gateway.lookup_ages) == ([], [])


async def test_a_lease_lost_between_two_requests_stops_the_retries(
    perform_lease, fake_gateway, make_request
):
    fake_gateway.faults = [(LOST, NOT_DONE)] * 5

    with pytest.raises(LeaseLost):
        await perform_lease(Lease(make_request()), is_valid=lambda: len(fake_gateway.keys) < 2)

    assert len(fake_gateway.keys) == 2
    assert fake_gateway.lookup_ages == []
