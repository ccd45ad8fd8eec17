"""Value types that messages share: amounts, ids, the customer, the order, a failure."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from saga_currencies import CURRENCIES

# Stripe accepts at most eight digits: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MAX_AMOUNT: Final = 99_999_999
MAX_ID_LENGTH: Final = 255
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200


def _known_currency(code: str) -> str:
    code = code.lower()
    if code not in CURRENCIES:
        raise ValueError(f"{code!r} is not an ISO 4217 currency code")
    return code


def _empty_object_as_none(card: Any) -> Any:
    return None if card == {} else card


def _storable(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"must be between the years {FIRST_YEAR} and {LAST_YEAR}")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_storable)]
"""A time with a time zone, converted to UTC, in a range that every database can store."""

Amount = Annotated[int, Field(strict=True, gt=0, le=MAX_AMOUNT)]
"""A positive whole number in the currency's minor unit: 1299 is $12.99, 1299 is also ¥1299.

Currencies without a minor unit have whole units, also those that Stripe takes in hundredths:
`currencies.to_stripe` converts."""

Currency = Annotated[str, AfterValidator(_known_currency)]
"""An ISO 4217 currency code, converted to lower case."""

_NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL cannot store NUL in text or JSON

Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH, pattern=_NO_NUL)
]
ClerkUserId = Annotated[
    Identifier, Field(validation_alias="clerkUserId", serialization_alias="clerkUserId")
]
"""The user's Clerk id, as `clerkUserId` on the wire."""

ShortText = Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=5_000, pattern=_NO_NUL)]
Attempt = Annotated[int, Field(strict=True, ge=1, le=1_000)]


class Value(BaseModel):
    """A part of a message: immutable, encoded and decoded with the names of the wire."""

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Card(Value):
    """A saved payment method, as Stripe described it when it was saved."""

    payment_method_id: Identifier
    card_type: ShortText | None = None
    last_four: ShortText | None = None


class Customer(Value):
    """The paying user. `user_stripe_card` is None without a saved card (`{}` on the wire)."""

    clerk_user_id: ClerkUserId
    stripe_customer_id: Identifier = Field(
        validation_alias="stripeCustomerId", serialization_alias="stripeCustomerId"
    )
    user_stripe_card: Annotated[Card | None, BeforeValidator(_empty_object_as_none)] = Field(
        validation_alias="userStripeCard", serialization_alias="userStripeCard"
    )


class OrderDetails(Value):
    """The amount to pay and its description."""

    amount: Amount
    currency: Currency = "usd"
    description: ShortText = ""


class Failure(Value):
    """The reason of a failure, and its cure.

    Attributes:
        code: The reason, from a closed set that each message narrows.
        message: The reason in one sentence.
        cure: The action that resolves the failure.
        stripe_code: Stripe's `error.code`, if Stripe refused.
        decline_code: Stripe's `error.decline_code`: https://docs.stripe.com/declines/codes
        advice_code: Stripe's `error.advice_code`: `try_again_later`, `do_not_try_again`,
            `confirm_card_data`.
    """

    code: ShortText
    message: LongText
    cure: LongText = ""
    stripe_code: ShortText | None = None
    decline_code: ShortText | None = None
    advice_code: ShortText | None = None
