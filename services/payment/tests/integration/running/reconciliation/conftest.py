"""Holds that no payment has, and the records of an installation."""

from collections.abc import Callable
from typing import Any

import pytest
from payment_service.storage.orm import payments, stripe_systems
from saga_messaging.postgres.database import Database
from sqlalchemy import func, insert, select, text, update


@pytest.fixture
def old_records(database: Database) -> None:
    """Make the records begin an hour ago, with a payment that has failed."""
    hour_ago = func.now() - text("interval '1 hour'")
    failed = {"saga_id": "saga-old", "status": "failed", "attempts": 1}
    with database.engine.begin() as connection:
        connection.execute(update(stripe_systems).values(since=hour_ago))
        connection.execute(insert(payments).values(created_at=hour_ago, **failed))


@pytest.fixture
def mark(database: Database) -> str:
    """Return the mark that the migration made for the installation."""
    made = select(stripe_systems.c.mark).where(stripe_systems.c.origin == "installation")
    with database.engine.connect() as connection:
        return connection.scalars(made).one()


@pytest.fixture
def orphan(stripe_post: Callable[..., Any], customer: str, mark: str) -> Callable[..., str]:
    """Create a hold for a saga at Stripe, without a payment; return its id."""
    defaults = {
        "amount": 700,
        "currency": "usd",
        "customer": customer,
        "payment_method": "pm_card_visa",
        "capture_method": "manual",
        "confirm": "true",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "metadata[system]": mark,
    }

    def orphan(saga_id: str, **parameters: Any) -> str:
        named = {"metadata[saga_id]": saga_id, **parameters}
        return stripe_post("payment_intents", **{**defaults, **named})["id"]

    return orphan
