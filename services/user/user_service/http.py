"""The HTTP edge: users and their cards."""

from typing import Annotated, Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from saga_messaging.http.openapi import problem
from saga_messaging.http.path_segment import PathSegment
from saga_schemas.values import MAX_ID_LENGTH

from user_service.domain import Refusal, SavedCard, User
from user_service.errors import RequestRefused
from user_service.handlers import UserHandlers

T = TypeVar("T")
Responses: TypeAlias = dict[int | str, dict[str, Any]]

ClerkUserId = Annotated[PathSegment, Field(examples=["user_2abc"])]
PaymentMethodId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_ID_LENGTH, pattern=r"^[A-Za-z0-9_]+$"),
    Field(examples=["pm_card_visa"]),
]
Email = Annotated[
    str, StringConstraints(max_length=512, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
]


class NewUser(BaseModel):
    """A user to register. `email` is set at the Stripe customer, and not stored here."""

    model_config = ConfigDict(extra="forbid")

    clerk_user_id: ClerkUserId
    email: Email | None = None


class NewCard(BaseModel):
    """A payment method to save as the user's card."""

    model_config = ConfigDict(extra="forbid")

    payment_method_id: PaymentMethodId
    attach: bool = Field(
        default=True,
        description="Attach the payment method to the user's Stripe customer. False saves it with "
        "the given id only: for a payment method that cannot be attached, such as Stripe's decline "
        "test cards, or that is attached already.",
    )


class CardView(BaseModel):
    """A saved card."""

    model_config = ConfigDict(from_attributes=True)

    payment_method_id: str
    card_type: str | None
    last_four: str | None


class UserView(BaseModel):
    """A user with their Stripe customer and saved card."""

    model_config = ConfigDict(from_attributes=True)

    clerk_user_id: str
    stripe_customer_id: str | None
    user_stripe_card: CardView | None = Field(validation_alias="card")


UserInPath = Annotated[ClerkUserId, Path()]

_NOT_FOUND: Final[Responses] = {404: problem("The user does not exist, or has no saved card.")}
_AT_STRIPE: Final[Responses] = {
    402: problem("The card is declined."),
    409: problem("The user has no valid Stripe customer."),
    422: problem("A field is invalid, or Stripe refuses it."),
    503: problem("The database or Stripe is unavailable, or too many requests are in progress."),
}
_REGISTER: Final[Responses] = {
    200: {"model": UserView, "description": "The user exists."},
    **_AT_STRIPE,
}
_CARD: Final[Responses] = {**_NOT_FOUND, **_AT_STRIPE}


def users_router(handlers: UserHandlers) -> APIRouter:
    """Return the routes `/users`, `/users/{id}` and `/users/{id}/card`."""
    router = APIRouter(tags=["users"])

    @router.post("/users", status_code=201, response_model=UserView, responses=_REGISTER)
    async def register(body: NewUser, response: Response) -> User:  # pyright: ignore[reportUnusedFunction]
        """Create the user and their Stripe customer; 200 if the user exists already."""
        registered = _unless_refused(await handlers.register_user(body.clerk_user_id, body.email))
        response.headers["Location"] = f"/users/{quote(body.clerk_user_id, safe='')}"
        response.status_code = 201 if registered.created else 200
        return registered.user

    @router.get("/users/{clerk_user_id}", response_model=UserView, responses=_NOT_FOUND)
    async def show(clerk_user_id: UserInPath) -> User:  # pyright: ignore[reportUnusedFunction]
        """Return the user."""
        return _unless_refused(await handlers.get_user(clerk_user_id))

    @router.put("/users/{clerk_user_id}/card", response_model=CardView, responses=_CARD)
    async def save_card(clerk_user_id: UserInPath, body: NewCard) -> SavedCard:  # pyright: ignore[reportUnusedFunction]
        """Save a payment method as the user's card, in place of the previous one."""
        return _unless_refused(
            await handlers.save_card(clerk_user_id, body.payment_method_id, attach=body.attach)
        )

    @router.get("/users/{clerk_user_id}/card", response_model=CardView, responses=_NOT_FOUND)
    async def show_card(clerk_user_id: UserInPath) -> SavedCard:  # pyright: ignore[reportUnusedFunction]
        """Return the user's saved card."""
        return _unless_refused(await handlers.get_card(clerk_user_id))

    @router.delete("/users/{clerk_user_id}/card", status_code=204, responses=_CARD)
    async def remove_card(clerk_user_id: UserInPath) -> None:  # pyright: ignore[reportUnusedFunction]
        """Detach the user's card at Stripe and delete it; do nothing if there is none."""
        _unless_refused(await handlers.remove_card(clerk_user_id))

    return router


def _unless_refused(result: T | Refusal) -> T:
    if isinstance(result, Refusal):
        raise RequestRefused(result)
    return result
