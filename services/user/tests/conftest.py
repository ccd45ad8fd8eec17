"""Fakes of the user service's ports, and the use cases on them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from saga_messaging.http.problems import install_problems
from saga_schemas.topics import USER_COMMANDS
from saga_schemas.user import RetrievePaymentInfo
from user_service.domain import Refusal, Registration, SavedCard, User
from user_service.errors import UserServiceError, UsersUnavailable
from user_service.handlers import UserHandlers
from user_service.http import users_router
from user_service.ports import Users
from user_service.problems import PROBLEMS

T = TypeVar("T")


class FakeUsers:
    def __init__(self) -> None:
        self.rows: dict[str, User] = {}
        self.queries = 0

    def get(self, clerk_user_id: str) -> User | None:
        return self.rows.get(clerk_user_id)

    def get_many(self, clerk_user_ids: Collection[str]) -> Mapping[str, User]:
        self.queries += 1
        return {key: user for key, user in self.rows.items() if key in clerk_user_ids}

    def add(self, clerk_user_id: str, stripe_customer_id: str) -> Registration:
        created = clerk_user_id not in self.rows
        user = self.rows.get(clerk_user_id, User(clerk_user_id))
        user = replace(user, stripe_customer_id=user.stripe_customer_id or stripe_customer_id)
        self.rows[clerk_user_id] = user
        return Registration(user, created)

    def replace_customer(self, clerk_user_id: str, lost: str, stripe_customer_id: str) -> None:
        user = self.rows.get(clerk_user_id)
        if user and user.stripe_customer_id == lost:
            self.rows[clerk_user_id] = User(clerk_user_id, stripe_customer_id)

    def save_card(self, clerk_user_id: str, card: SavedCard) -> None:
        if user := self.rows.get(clerk_user_id):
            self.rows[clerk_user_id] = replace(user, card=card)

    def remove_card(self, clerk_user_id: str, payment_method_id: str) -> None:
        user = self.rows.get(clerk_user_id)
        if user and user.card and user.card.payment_method_id == payment_method_id:
            self.rows[clerk_user_id] = replace(user, card=None)


class FakeTransaction:
    """Fails the next `crashes` transactions before their commit."""

    def __init__(self, users: FakeUsers) -> None:
        self.users = users
        self.running = False
        self.crashes = 0

    async def __call__(self, work: Callable[[Users], T]) -> T:
        if self.crashes:
            self.crashes -= 1
            raise UsersUnavailable("PostgreSQL did not respond")
        self.running = True
        try:
            return work(self.users)
        finally:
            self.running = False


BRANDS = {"pm_card_visa": ("visa", "4242"), "pm_card_mastercard": ("mastercard", "4444")}
DECLINED = "pm_card_visa_chargeDeclined"
NO_METHOD = Refusal("payment_method_not_found", "Payment method not found: none", "Verify it.")
NO_CUSTOMER = Refusal("stripe_customer_invalid", "Invalid Stripe Customer ID: none", "Ensure it.")


class FakeStripe:
    """Raises `fault` in the next call. Customers are stored by their idempotency key."""

    def __init__(self) -> None:
        self.customers: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.emails: dict[str, str] = {}
        self.methods: dict[str, tuple[SavedCard, str | None]] = {}
        self.fault: UserServiceError | None = None
        self.before_call: Callable[[], None] = lambda: None

    async def create_customer(self, clerk_user_id: str, lost: str | None = None) -> str | Refusal:
        self._call()
        key = f"{clerk_user_id} without {lost}" if lost else clerk_user_id
        return self.customers.setdefault(key, f"cus_{uuid4().hex}")

    async def has_customer(self, customer_id: str) -> bool:
        self._call()
        return self._has(customer_id)

    async def set_email(self, customer_id: str, email: str) -> Refusal | None:
        self._call()
        if not self._has(customer_id):
            return NO_CUSTOMER
        self.emails[customer_id] = email
        return None

    async def look_up_card(self, payment_method_id: str) -> SavedCard | Refusal:
        self._call()
        found = self._find(payment_method_id)
        return replace(found, payment_method_id=payment_method_id) if found else NO_METHOD

    async def attach_card(self, payment_method_id: str, customer_id: str) -> SavedCard | Refusal:
        self._call()
        card = self._find(payment_method_id)
        if card is None:
            return NO_METHOD
        if not self._has(customer_id):
            return NO_CUSTOMER
        if payment_method_id == DECLINED:
            return Refusal(
                "card_declined", "Your card was declined.", "Try later.", "card_declined",
                "generic_decline", "try_again_later",
            )  # fmt: skip
        self.methods[card.payment_method_id] = (card, customer_id)
        return card

    async def detach_card(self, payment_method_id: str, customer_id: str) -> Refusal | None:
        self._call()
        card, owner = self.methods.get(payment_method_id, (None, None))
        if card and owner == customer_id:
            self.methods[payment_method_id] = (card, None)
        return None

    def _has(self, customer_id: str) -> bool:
        return customer_id in self.customers.values() and customer_id not in self.deleted

    def _find(self, payment_method_id: str) -> SavedCard | None:
        if payment_method_id in BRANDS:
            return SavedCard(f"pm_{uuid4().hex}", *BRANDS[payment_method_id])
        if payment_method_id == DECLINED:
            return SavedCard(f"pm_{uuid4().hex}", "visa", "0002")
        return self.methods.get(payment_method_id, (None, None))[0]

    def _call(self) -> None:
        self.before_call()
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault


@pytest.fixture
def fake_transaction() -> FakeTransaction:
    return FakeTransaction(FakeUsers())


@pytest.fixture
def fake_stripe() -> FakeStripe:
    return FakeStripe()


@pytest.fixture
def handlers(fake_transaction: FakeTransaction, fake_stripe: FakeStripe) -> UserHandlers:
    return UserHandlers(fake_transaction, fake_stripe)


@pytest.fixture
async def http(handlers: UserHandlers) -> AsyncIterator[httpx.AsyncClient]:
    api = FastAPI()
    install_problems(api, 16_384, PROBLEMS)
    api.include_router(users_router(handlers))
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def request_for() -> Callable[..., RetrievePaymentInfo]:
    """Make the request for a user's payment info."""

    def make(clerk_user_id: str, *, attempt: int = 1) -> RetrievePaymentInfo:
        saga_id = str(uuid4())
        message = {
            "type": "retrieve_payment_info",
            "correlation_id": saga_id,
            "message_id": str(uuid4()),
            "payload": {
                "clerkUserId": clerk_user_id,
                "order": {"amount": 1299, "description": "Food delivery order"},
                "attempt": attempt,
            },
        }
        return USER_COMMANDS.adapter.validate_python(message)

    return make
