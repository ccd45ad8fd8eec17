"""Errors before execution, common to all calls."""

from histories.model import CARDS, INVALID, Expected, Method, World, invalid


def amount_refusal(amount: int, currency: str) -> Expected | None:
    if amount < 1:
        return invalid("parameter_invalid_integer")
    if amount > 99_999_999:
        return invalid("amount_too_large")
    odd = currency == "kwd" and amount % 10
    return invalid("parameter_invalid_integer") if odd else None


def method_refusal(world: World, wanted: str | None, customer: str | None) -> Expected | None:
    method = world.method(wanted) if wanted else Method(CARDS["pm_card_visa"])
    if method.customer not in {None, customer}:
        return invalid("parameter_missing" if customer is None else None)
    return INVALID if method.used_up else None
