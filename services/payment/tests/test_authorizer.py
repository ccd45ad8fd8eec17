import pytest
from payment_service.authorizer import KEY_LIFETIME_SECONDS, Authorizer
from payment_service.domain import Authorized
from payment_service.errors import LeaseLost
from payment_service.ports import Decided, Lease, Open, Postponed, Unknown

LOST = Unknown("connection lost", repeat=True)
KEPT_500 = Unknown("APIError: 500 again", repeat=False)
DONE, NOT_DONE = True, False


@pytest.fixture
def authorizer(fake_gateway):
    return Authorizer(
        fake_gateway, retry_seconds=1.5, settle_seconds=90, pause_seconds=5, pause_max_seconds=60
    )


@pytest.fixture
def authorize(authorizer):
    async def authorize(lease, may_ask=lambda: True):
        return await authorizer.authorize(lease, may_ask)

    return authorize


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


async def test_an_absence_is_not_believed_at_once(authorize, fake_gateway, make_payment):
    fake_gateway.faults = [(KEPT_500, NOT_DONE)]

    result = await authorize(Lease(make_payment()))

    assert (result.settle, result.pause_seconds) == (True, 90)
    assert "500 again; Stripe has no PaymentIntent" in result.reason


async def test_while_an_absence_settles_no_request_is_made(authorize, fake_gateway, make_payment):
    result = await authorize(Lease(make_payment(), settling=True))

    assert result.settle
    assert fake_gateway.keys == []


async def test_an_absence_that_has_settled_is_stripe_unavailable(
    authorize, fake_gateway, make_payment
):
    lease = Lease(make_payment(), settling=True, settled=True, last_error="APIError: 500")

    result = await authorize(lease)

    assert result.verdict.code == "stripe_unavailable"
    assert "APIError: 500" in result.verdict.message
    assert fake_gateway.keys == []


async def test_a_hold_that_appears_while_an_absence_settles_is_adopted(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Authorized("pi_late")

    result = await authorize(Lease(make_payment(), settling=True, settled=True))

    assert result.verdict == Authorized("pi_late")


@pytest.mark.parametrize("settled", [False, True])
async def test_a_payment_waits_for_as_long_as_stripe_cannot_be_asked(
    authorize, fake_gateway, make_payment, settled
):
    fake_gateway.faults = [(KEPT_500, NOT_DONE)]
    fake_gateway.finding = Unknown("no route to host")

    result = await authorize(Lease(make_payment(), settling=settled, settled=settled))

    assert isinstance(result, Postponed)
    assert not result.settle
    assert "no route to host" in result.reason


async def test_a_payment_that_waits_is_asked_about_ever_more_seldom(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Unknown("no route to host")
    pauses = []

    for attempts in (1, 2, 3, 4, 5, 1_000):
        fake_gateway.faults = [(KEPT_500, NOT_DONE)]
        pauses.append((await authorize(Lease(make_payment(), attempts))).pause_seconds)

    assert pauses == [5, 10, 20, 40, 60, 60]


async def test_once_a_key_may_be_forgotten_no_request_is_made(
    authorize, fake_gateway, make_payment
):
    result = await authorize(Lease(make_payment(), age_seconds=KEY_LIFETIME_SECONDS))

    assert result.settle
    assert (fake_gateway.keys, fake_gateway.ages) == ([], [KEY_LIFETIME_SECONDS])


async def test_shortly_before_that_a_request_is_made(authorize, fake_gateway, make_payment):
    result = await authorize(Lease(make_payment(), age_seconds=KEY_LIFETIME_SECONDS - 1))

    assert isinstance(result.verdict, Authorized)


@pytest.mark.parametrize("settled", [False, True])
async def test_a_payment_intent_in_processing_is_never_given_up(
    authorize, fake_gateway, make_payment, settled
):
    fake_gateway.finding = Open("pi_1", "processing")

    result = await authorize(Lease(make_payment(), settling=True, settled=settled))

    assert isinstance(result, Postponed)
    assert not result.settle


async def test_a_payment_intent_that_is_never_confirmed_fails_once_that_has_settled(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Open("pi_1", "requires_confirmation")

    waiting = await authorize(Lease(make_payment(), settling=True))
    ended = await authorize(Lease(make_payment(), settling=True, settled=True))

    assert waiting.settle
    assert ended.verdict.code == "invalid_request"
    assert ended.verdict.payment_intent_id == "pi_1"


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
