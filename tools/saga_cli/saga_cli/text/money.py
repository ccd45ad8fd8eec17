"""Amounts of money as text."""

from saga_currencies import format_amount

__all__ = ["money"]


def money(amount: int, currency: str) -> str:
    """Format an amount in minor units: `1299, "usd"` becomes `12.99 USD`."""
    return format_amount(amount, currency)
