"""Amounts of money as text."""

# https://docs.stripe.com/currencies#minor-units
ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()
THREE_DECIMAL = "bhd jod kwd omr tnd".split()


def money(amount: int, currency: str) -> str:
    """Format an amount in minor units: `1299, "usd"` becomes `12.99 USD`."""
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, rest = divmod(amount, 10**digits)
    number = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
    return f"{number} {currency.upper()}"
