"""Users in PostgreSQL."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.database import Database
from saga_schemas.values import Card
from sqlalchemy import Connection, Row, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

from user_service.domain import Registration, SavedCard, User
from user_service.errors import UsersUnavailable
from user_service.orm import users
from user_service.ports import Users

T = TypeVar("T")

logger = structlog.get_logger(__name__)

_columns = (users.c.clerk_user_id, users.c.stripe_customer_id, users.c.user_stripe_card)
_one = select(*_columns).where(users.c.clerk_user_id == bindparam("id"))
_many = select(*_columns).where(
    users.c.clerk_user_id == func.any(bindparam("ids", type_=ARRAY(TEXT)))
)


class SqlUsers:
    """Implements `Users` in the connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, clerk_user_id: str) -> User | None:
        """See `Users`."""
        row = self._connection.execute(_one, {"id": clerk_user_id}).first()
        return None if row is None else _user(row)

    def get_many(self, clerk_user_ids: Collection[str]) -> Mapping[str, User]:
        """See `Users`."""
        rows = self._connection.execute(_many, {"ids": list(clerk_user_ids)})
        return {row.clerk_user_id: _user(row) for row in rows}

    def add(self, clerk_user_id: str, stripe_customer_id: str) -> Registration:
        """See `Users`."""
        row = {"clerk_user_id": clerk_user_id, "stripe_customer_id": stripe_customer_id}
        created = self._connection.execute(
            insert(users).values(row).on_conflict_do_nothing().returning(users.c.clerk_user_id)
        ).first()
        if created is None:
            customer_id = users.c.stripe_customer_id
            self._connection.execute(
                update(users)
                .where(users.c.clerk_user_id == clerk_user_id)
                .where(or_(customer_id.is_(None), customer_id == ""))
                .values(stripe_customer_id=stripe_customer_id)
            )
        stored = self._connection.execute(_one, {"id": clerk_user_id}).one()
        return Registration(_user(stored), created=created is not None)

    def replace_customer(self, clerk_user_id: str, lost: str, stripe_customer_id: str) -> None:
        """See `Users`."""
        self._connection.execute(
            update(users)
            .where(users.c.clerk_user_id == clerk_user_id)
            .where(users.c.stripe_customer_id == lost)
            .values(stripe_customer_id=stripe_customer_id, user_stripe_card=None)
        )

    def save_card(self, clerk_user_id: str, card: SavedCard) -> None:
        """See `Users`."""
        self._connection.execute(
            update(users)
            .where(users.c.clerk_user_id == clerk_user_id)
            .values(user_stripe_card=asdict(card))
        )

    def remove_card(self, clerk_user_id: str, payment_method_id: str) -> None:
        """See `Users`."""
        self._connection.execute(
            update(users)
            .where(users.c.clerk_user_id == clerk_user_id)
            .where(users.c.user_stripe_card["payment_method_id"].astext == payment_method_id)
            .values(user_stripe_card=None)
        )


class SqlTransaction:
    """Implements `Transaction` with a time limit."""

    def __init__(self, database: Database, give_up_after_seconds: float) -> None:
        self._database = database
        self._give_up_after_seconds = give_up_after_seconds

    async def __call__(self, work: Callable[[Users], T]) -> T:
        """See `Transaction`."""
        try:
            return await self._database.transaction(
                lambda connection: work(SqlUsers(connection)),
                give_up_after_seconds=self._give_up_after_seconds,
            )
        except DatabaseUnavailable as error:
            raise UsersUnavailable("The database did not respond.") from error


def _user(row: Row[Any, Any, Any]) -> User:
    return User(row.clerk_user_id, row.stripe_customer_id or None, _card(row, row.user_stripe_card))


def _card(row: Row[Any, Any, Any], column: Any) -> SavedCard | None:
    """Return the column's card; log an invalid value, and treat it as no card."""
    if not column:
        return None
    try:
        card = Card.model_validate(column)
    except ValidationError:
        logger.warning("card_invalid", clerk_user_id=row.clerk_user_id)
        return None
    return SavedCard(card.payment_method_id, card.card_type, card.last_four)
