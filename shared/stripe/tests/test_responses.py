import pytest
import stripe
from saga_stripe import checked, is_id, is_transient, is_unreadable, readable_response

INTENT = {"object": "payment_intent", "id": "pi_1"}


@pytest.mark.parametrize("kind", ["payment_intent", "list"])
def test_an_object_of_the_kind_is_returned(kind):
    assert checked({**INTENT, "object": kind}, kind) == {**INTENT, "object": kind}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, "payment_intent: a JSON object is expected, and it is NoneType"),
        ([INTENT], "payment_intent: a JSON object is expected, and it is list"),
        ({}, "object: 'payment_intent' is expected, and it is None"),
        ({**INTENT, "object": "list"}, "object: 'payment_intent' is expected, and it is 'list'"),
        ({**INTENT, "id": 5}, "id: 5 is not the id of an object"),
        ({**INTENT, "id": ""}, "id: '' is not the id of an object"),
    ],
)
def test_anything_else_is_a_transient_error_that_names_the_field(found, reason):
    with pytest.raises(stripe.APIError) as raised:
        checked(found, "payment_intent")

    assert str(raised.value) == f"Unreadable response: {reason}"
    assert is_unreadable(raised.value)
    assert is_transient(raised.value)


@pytest.mark.parametrize(
    ("found", "valid"),
    [("pi_1", True), ("p" * 255, True), ("p" * 256, False), ("pi_\0", False), ("pi_\ud800", False)],
)
def test_an_id_can_be_stored_and_sent(found, valid):
    assert is_id(found) is valid


@pytest.mark.parametrize(
    "error", [KeyError("id"), AttributeError("get"), TypeError("null"), ValueError("year 9999999")]
)
def test_an_error_of_reading_is_a_transient_error(error):
    with pytest.raises(stripe.APIError, match=type(error).__name__) as raised, readable_response():
        raise error

    assert is_transient(raised.value)


def test_other_errors_pass():
    with pytest.raises(stripe.CardError), readable_response():
        raise stripe.CardError("No.", None, "card_declined")
