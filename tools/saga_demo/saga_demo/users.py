"""The demo's users, each with the card of its case."""

import stripe
from saga_cli.api import Api
from saga_stack.errors import StackError
from saga_stack.settings import EMULATOR_KEY, StackSettings

from saga_demo.cases import Case, Setup


def prepare_user(users: Api, clerk_user_id: str, case: Case, stripe_: stripe.StripeClient) -> None:
    """Register the user as the case requires, through the user service.

    Raises:
        httpx.HTTPStatusError: The user service refused the request.
        StackError: Stripe did not delete the customer.
    """
    if case.setup is Setup.UNKNOWN:
        return
    user = users.post("/users", {"clerk_user_id": clerk_user_id})
    if case.setup is not Setup.NO_CARD:
        card = {"payment_method_id": case.payment_method, "attach": case.setup is not Setup.STORED}
        users.put(f"/users/{clerk_user_id}/card", card)
    if case.setup is Setup.DELETED:
        _delete_customer(stripe_, user["stripe_customer_id"])


def _delete_customer(stripe_: stripe.StripeClient, customer_id: str) -> None:
    try:
        stripe_.v1.customers.delete(customer_id)
    except stripe.StripeError as error:
        raise StackError(f"Stripe did not delete the customer {customer_id}: {error}.") from error


def stripe_client(settings: StackSettings, api_base: str | None) -> stripe.StripeClient:
    """Return a client of the same Stripe that the services use.

    Args:
        settings: The stack's settings.
        api_base: The emulator's address, or None for Stripe itself.
    """
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        settings.stripe_secret_key or EMULATOR_KEY,
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=2,
    )
