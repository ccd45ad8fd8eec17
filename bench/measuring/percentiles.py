"""Percentiles of latencies, and medians of ratios."""

import math
import statistics
from collections.abc import Iterable, Sequence

HUNDREDTH = 0.01


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least this percentage of the values does not exceed.

    Raises:
        ValueError: There are no values, or the percentage is not above 0 and at most 100.
    """
    if not values:
        raise ValueError("values: none were measured")
    if not 0 < percent <= 1 / HUNDREDTH:
        raise ValueError(f"percent: {percent} is not above 0 and at most 100")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent * HUNDREDTH - 1e-9) - 1)]


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p99, p99.9 and the maximum, in milliseconds."""
    took = [each * 1000 for each in seconds]
    return {
        "p50_ms": percentile(took, 50),
        "p99_ms": percentile(took, 99),
        "p999_ms": percentile(took, 99.9),
        "max_ms": max(took),
    }


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the median of the first over the second of each pair.

    Both of a pair were measured in one round, so what the machine did meanwhile cancels out.

    Raises:
        ValueError: There are no pairs, or a second is not above 0.
    """
    ratios: list[float] = []
    for first, second in pairs:
        if second <= 0:
            raise ValueError(f"a ratio to {second} has no meaning")
        ratios.append(first / second)
    if not ratios:
        raise ValueError("pairs: none were measured")
    return statistics.median(ratios)
