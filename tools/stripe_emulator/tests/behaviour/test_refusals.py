"""Errors before execution: unknown ids and parameters, amounts, currencies, metadata."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
unverified = pytest.mark.unverified


@pytest.mark.feature("Unknown ids: 400 in the body, 404 in the path")
@pytest.mark.parametrize(
    ("param", "unknown", "kind"),
    [
        ("customer", "cus_unknown", "customer"),
        ("payment_method", "pm_unknown", "PaymentMethod"),
        ("payment_method", "pm_card_unheard_of", "PaymentMethod"),
    ],
)
def test_unknown_id_in_the_body_is_400(refused: Any, param: str, unknown: str, kind: str):
    error = refused(**{param: unknown})
    assert (error.code, error.param) == ("resource_missing", param)
    assert (error.user_message or "").startswith(f"No such {kind}: '{unknown}'")


@pytest.mark.feature("Unknown ids: 400 in the body, 404 in the path")
@pytest.mark.parametrize("resource", ["payment_intents", "charges", "customers", "payment_methods"])
def test_unknown_id_in_the_path_is_404(client: stripe.StripeClient, resource: str):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v1, resource).retrieve("xx_unknown")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.feature("Unknown ids: 400 in the body, 404 in the path")
@pytest.mark.parametrize("verb", ["confirm", "capture", "cancel", "update"])
def test_actions_on_unknown_objects_are_404(client: stripe.StripeClient, verb: str):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v1.payment_intents, verb)("pi_unknown")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.feature("Unknown, missing and malformed parameters")
@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        (
            {"payment_method_options": {"colour": "red"}},
            "parameter_unknown",
            "payment_method_options[colour]",
        ),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        ({"receipt_email": "nobody"}, "email_invalid", "receipt_email"),
        ({"capture_method": "later"}, None, "capture_method"),
        pytest.param(
            {"automatic_payment_methods": {"enabled": True}},
            None,
            None,
            marks=unverified("the code and the parameter of some refusals"),
        ),
    ],
    ids=str,
)
def test_malformed_parameter_is_refused(
    refused: Any, changes: dict[str, Any], code: str | None, param: str | None
):
    error = refused(**changes)
    assert (error.code, error.param) == (code, param)


@pytest.mark.feature("Unknown, missing and malformed parameters")
def test_error_has_a_doc_url(refused: Any):
    error = refused(colour="red")
    body = error.json_body["error"]
    assert body["type"] == "invalid_request_error"
    assert body["message"].startswith("Received unknown parameter: colour")
    assert body["doc_url"] == "https://stripe.com/docs/error-codes/parameter-unknown"
    assert body["request_log_url"].endswith(error.request_id)
    assert error.request_id.startswith("req_")


@pytest.mark.feature("Amounts: the least and the most")
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (49, "amount_too_small"),
        (0, "parameter_invalid_integer"),
        (-5, "parameter_invalid_integer"),
        (100_000_000, "amount_too_large"),
    ],
)
def test_amounts_outside_the_limits_are_refused(refused: Any, amount: int, code: str):
    error = refused(amount=amount)
    assert (error.code, error.param) == (code, "amount")
    assert "amount" in (error.user_message or "").lower()


@pytest.mark.feature("Amounts: the least and the most")
@pytest.mark.parametrize("amount", [50, 99_999_999])
def test_amounts_at_the_limits_are_accepted(pay: Pay, amount: int):
    assert pay(amount=amount).amount_capturable == amount


@pytest.mark.feature("Currencies, with and without decimals")
@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("jpy", 1299),
        ("EUR", 1299),
        pytest.param("kwd", 1290, marks=unverified("amounts in currencies of three decimals")),
    ],
)
def test_amount_is_in_the_minor_unit(pay: Pay, currency: str, amount: int):
    intent = pay(amount=amount, currency=currency)
    assert (intent.amount_capturable, intent.currency) == (amount, currency.lower())


@pytest.mark.feature("Currencies, with and without decimals")
def test_unknown_currency_is_refused(refused: Any):
    error = refused(currency="xyz")
    assert error.param == "currency"
    assert "Invalid currency: xyz" in (error.user_message or "")


@pytest.mark.feature("Currencies, with and without decimals")
@pytest.mark.parametrize("currency", ["isk", "ugx"])
@unverified("the refusal of a fraction in currencies without one")
def test_amount_without_a_minor_unit_is_in_hundredths(pay: Pay, refused: Any, currency: str):
    assert pay(amount=500_000, currency=currency).amount_capturable == 500_000
    error = refused(currency=currency, amount=500_050)
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


@pytest.mark.feature("Amounts: the least and the most")
@unverified("amounts of more than eight digits")
def test_amount_in_rupiah_has_up_to_twelve_digits(pay: Pay, refused: Any):
    assert pay(amount=999_999_999_999, currency="idr").amount_capturable == 999_999_999_999
    assert refused(currency="idr", amount=1_000_000_000_000).code == "amount_too_large"


@pytest.mark.feature("Currencies, with and without decimals")
@unverified("amounts in currencies of three decimals")
def test_amount_of_three_decimal_currency_ends_in_zero(refused: Any):
    error = refused(currency="kwd", amount=1299)
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


@pytest.mark.feature("Metadata: limits and merging")
@pytest.mark.parametrize(
    "metadata",
    [
        {"k": "v" * 501},
        {"k" * 41: "v"},
        {f"key {number}": "v" for number in range(51)},
    ],
    ids=["value", "key", "keys"],
)
def test_metadata_above_the_limits_is_refused(refused: Any, metadata: dict[str, str]):
    assert "etadata" in (refused(metadata=metadata).user_message or "")


@pytest.mark.feature("Metadata: limits and merging")
def test_metadata_at_the_limits_is_kept(pay: Pay):
    metadata = {f"{number:040}": "v" * 500 for number in range(50)}
    assert pay(metadata=metadata).metadata.to_dict() == metadata


@pytest.mark.feature("Metadata: limits and merging")
def test_metadata_is_merged_and_an_empty_value_removes_its_key(
    client: stripe.StripeClient, pay: Pay
):
    intent = pay(metadata={"kept": "1", "changed": "1", "removed": "1"})
    change = {"changed": "2", "removed": "", "added": "2"}
    intent = client.v1.payment_intents.update(intent.id, {"metadata": change})
    assert intent.metadata.to_dict() == {"kept": "1", "changed": "2", "added": "2"}
    intent = client.v1.payment_intents.update(intent.id, {"metadata": ""})
    assert intent.metadata.to_dict() == {}
