"""Users with test cards."""

import uuid
from collections.abc import Iterable

from saga_cli.api import Api
from saga_demo.cases import CASES, Case
from saga_demo.users import prepare_user
from support.stripe_account import stripe_client_of
from support.system import System


def cases(*titles: str) -> list[Case]:
    """Return the demo cases with these titles, in the demo's order."""
    return [case for case in CASES if case.title in titles]


def register_users(system: System, chosen: Iterable[Case]) -> dict[str, Case]:
    """Register a new user for each case; return the cases by user id."""
    client = stripe_client_of(system)
    users = {f"e2e_{uuid.uuid4().hex}": case for case in chosen}
    with Api(system.users_url) as api:
        for user, case in users.items():
            prepare_user(api, user, case, client)
    return users


def register_user(system: System, title: str) -> str:
    """Register a new user for the case with this title; return the user's id."""
    [user] = register_users(system, cases(title))
    return user
