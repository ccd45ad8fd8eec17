"""Idempotency keys. https://docs.stripe.com/api/idempotent_requests."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]


def replayed(headers: Any) -> bool:
    return headers.get("idempotent-replayed") == "true"


@pytest.mark.feature("Idempotency: replay and its headers")
def test_same_key_returns_the_same_response(pay: Pay, unique: str):
    first, again = (pay({"idempotency_key": unique}) for _ in range(2))
    assert again.to_dict() == first.to_dict()
    assert not replayed(first.last_response.headers)
    assert replayed(again.last_response.headers)
    assert again.last_response.headers["original-request"] == first.last_response.request_id
    assert again.last_response.request_id != first.last_response.request_id


@pytest.mark.feature("Idempotency: replay and its headers")
def test_replay_returns_the_first_response_after_later_changes(
    client: stripe.StripeClient, pay: Pay, unique: str
):
    first = pay({"idempotency_key": unique})
    client.v1.payment_intents.cancel(first.id)
    again = pay({"idempotency_key": unique})
    assert (again.id, again.status) == (first.id, "requires_capture")


@pytest.mark.feature("Idempotency: replay and its headers")
def test_capture_is_replayed_too(client: stripe.StripeClient, pay: Pay, unique: str):
    intent = pay()
    first, again = (
        client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": unique})
        for _ in range(2)
    )
    assert again.to_dict() == first.to_dict()
    assert again.amount_received == 1299


@pytest.mark.feature("Idempotency: other parameters are refused")
def test_same_key_with_other_parameters_is_refused(pay: Pay, unique: str):
    pay({"idempotency_key": unique})
    with pytest.raises(stripe.IdempotencyError) as refused:
        pay({"idempotency_key": unique}, amount=1300)
    assert refused.value.http_status == 400
    assert refused.value.error.type == "idempotency_error"


@pytest.mark.feature("Idempotency: other parameters are refused")
def test_same_key_at_another_endpoint_is_refused(
    client: stripe.StripeClient, pay: Pay, unique: str
):
    pay({"idempotency_key": unique})
    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.customers.create({}, {"idempotency_key": unique})
    assert refused.value.http_status == 400


@pytest.mark.feature("Idempotency: other parameters are refused")
def test_refusal_of_another_endpoint_names_it(client: stripe.StripeClient, pay: Pay, unique: str):
    pay({"idempotency_key": unique})
    with pytest.raises(stripe.IdempotencyError, match="the same endpoint they were first used for"):
        client.v1.customers.create({}, {"idempotency_key": unique})


@pytest.mark.feature("Idempotency: what is kept under a key")
def test_decline_is_kept(pay: Pay, unique: str):
    ids: list[str] = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            pay({"idempotency_key": unique}, payment_method="pm_card_chargeDeclined")
        ids.append(refused.value.error.payment_intent.id)
    assert ids[0] == ids[1]
    assert replayed(refused.value.headers)


@pytest.mark.feature("Idempotency: what is kept under a key")
@pytest.mark.unverified("which 400s an idempotency key keeps")
def test_state_error_is_kept(client: stripe.StripeClient, pay: Pay, unique: str):
    intent = pay(confirm=None, off_session=None)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": unique})
    assert replayed(refused.value.headers)


@pytest.mark.feature("Idempotency: what is not kept under a key")
@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"currency": None},
        pytest.param(
            {"amount": 1}, marks=pytest.mark.unverified("which 400s an idempotency key keeps")
        ),
        pytest.param(
            {"payment_method_types": None},
            marks=pytest.mark.unverified("which 400s an idempotency key keeps"),
        ),
    ],
    ids=str,
)
def test_parameter_error_is_not_kept(pay: Pay, unique: str, changes: dict[str, Any]):
    with pytest.raises(stripe.InvalidRequestError):
        pay({"idempotency_key": unique}, **changes)
    assert not replayed(pay({"idempotency_key": unique}).last_response.headers)


@pytest.mark.feature("Idempotency: what is not kept under a key")
def test_wrong_api_key_is_not_kept(pay: Pay, unique: str):
    with pytest.raises(stripe.AuthenticationError):
        pay({"idempotency_key": unique, "api_key": "nonsense"})
    assert not replayed(pay({"idempotency_key": unique}).last_response.headers)


@pytest.mark.feature("Idempotency: what is not kept under a key")
def test_key_has_at_most_255_characters(client: stripe.StripeClient, unique: str):
    longest = unique.ljust(255, "k")
    client.v1.customers.create({}, {"idempotency_key": longest})
    with pytest.raises(stripe.StripeError) as refused:
        client.v1.customers.create({}, {"idempotency_key": f"{longest}k"})
    assert refused.value.http_status == 400
