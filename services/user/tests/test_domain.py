import pytest
from saga_schemas import encode
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved
from user_service.domain import SavedCard, User, reply_to

CARD = SavedCard("pm_1", "visa", "4242")


def test_a_user_with_customer_and_card_can_pay(request_for):
    request = request_for("user_1", attempt=3)

    reply = reply_to(request, User("user_1", "cus_1", CARD))

    assert isinstance(reply, PaymentInfoRetrieved)
    assert reply.correlation_id == request.correlation_id
    assert reply.payload.model_dump(mode="json") == {
        "customer": {
            "clerkUserId": "user_1",
            "stripeCustomerId": "cus_1",
            "userStripeCard": {
                "payment_method_id": "pm_1",
                "card_type": "visa",
                "last_four": "4242",
            },
        },
        "order": {"amount": 1299, "currency": "usd", "description": "Food delivery order"},
        "attempt": 3,
    }


@pytest.mark.parametrize(
    ("user", "code", "message"),
    [
        (None, "user_not_found", "User user_1 does not exist."),
        (User("user_1"), "stripe_customer_missing", "Invalid Stripe Customer ID"),
        (User("user_1", None, CARD), "stripe_customer_missing", "Invalid Stripe Customer ID"),
        (User("user_1", "cus_1"), "payment_method_missing", "Payment method not found"),
    ],
)
def test_a_user_who_cannot_pay_gets_a_reason_and_a_cure(request_for, user, code, message):
    request = request_for("user_1", attempt=2)

    reply = reply_to(request, user)

    assert isinstance(reply, PaymentInfoFailed)
    assert reply.correlation_id == request.correlation_id
    assert reply.payload.code == code
    assert message in reply.payload.message
    assert "/users" in reply.payload.cure
    assert (reply.payload.clerk_user_id, reply.payload.attempt) == ("user_1", 2)


def test_the_longest_ids_make_a_valid_reply(request_for):
    name = "u" * 255
    request = request_for(name)

    for user in (None, User(name), User(name, "c" * 255), User(name, "c" * 255, CARD)):
        assert encode(reply_to(request, user))
