"""The largest value of each setting that is a number, by the unit at the end of its name."""

from typing import Final

DAY_SECONDS: Final = 86_400
LARGEST_PORT: Final = 65_535
LARGEST: Final = {
    "_days": 36_500,
    "_seconds": 3_650 * DAY_SECONDS,
    "_ms": 1_000 * DAY_SECONDS,  # PostgreSQL and Kafka take 32 bits
    "_bytes": 2**40,
    "_port": LARGEST_PORT,
}
LARGEST_NUMBER: Final = 2**31 - 1
"""Of a setting without a unit: PostgreSQL takes 32 bits."""


def bounded(name: str, value: object) -> None:
    """Check a setting's value.

    Raises:
        ValueError: It is a number and greater than numbers of its unit may be.
    """
    if not isinstance(value, int | float):
        return
    units = (most for unit, most in LARGEST.items() if name.endswith(unit))
    most = next(units, LARGEST_NUMBER)
    if value > most:
        raise ValueError(f"must be at most {most}")
