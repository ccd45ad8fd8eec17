"""The ratios of our system to its peers, as medians of rounds."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.measuring.percentiles import median_ratio

Round = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The runs of each contestant: `steady`, `paced` and `slow_stripe`."""


def summarize(rounds: Sequence[Round]) -> dict[str, float]:
    """Return the medians of the rounds.

    `ratio_…` is our rate over a peer's; `p50_…` and `p99_…` are our latency at an even pace over a
    peer's; `ratio_delay_50` is our rate with a slow Stripe over our rate with a fast one.
    """

    def ratio(ours: tuple[str, str], other: tuple[str, str, str]) -> float:
        name, run, metric = other
        return median_ratio((r["ours"][ours[0]][ours[1]], r[name][run][metric]) for r in rounds)

    def median(run: str, metric: str) -> float:
        return statistics.median(r["ours"][run][metric] for r in rounds)

    steady, slow, paced = "steady", "slow_stripe", "paced"
    rate = "sagas_per_s"
    summary: dict[str, Callable[[], float]] = {
        "sagas_per_s": lambda: median(steady, rate),
        "cpu_ms_per_saga": lambda: median(steady, "cpu_ms_per_saga"),
        "cpu_ms_per_saga_paced": lambda: median(paced, "cpu_ms_per_saga"),
        "p50_ms": lambda: median(paced, "p50_ms"),
        "p99_ms": lambda: median(paced, "p99_ms"),
        "ratio_delay_50": lambda: ratio((slow, rate), ("ours", steady, rate)),
    }
    for peer in (name for name in rounds[0] if name != "ours"):
        summary |= {
            f"ratio_{peer}": lambda peer=peer: ratio((steady, rate), (peer, steady, rate)),
            f"ratio_{peer}_delay_50": lambda peer=peer: ratio((slow, rate), (peer, slow, rate)),
            f"p50_ratio_{peer}": lambda peer=peer: ratio(
                (paced, "p50_ms"), (peer, paced, "p50_ms")
            ),
            f"p99_ratio_{peer}": lambda peer=peer: ratio(
                (paced, "p99_ms"), (peer, paced, "p99_ms")
            ),
        }
    return {name: compute() for name, compute in summary.items()}
