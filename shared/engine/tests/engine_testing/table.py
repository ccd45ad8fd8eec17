"""The table of a declaration's paths: `python -m engine_testing.table` writes it."""

from collections import Counter
from pathlib import Path as File

from engine_testing.delivery import delivery
from engine_testing.effects import DELIVERY
from engine_testing.paths import Path, covering

FILE = File(__file__).parents[1] / "delivery_paths.md"
HEAD = """# The paths of the delivery

Written by `make record`: for each transition of a saga with three compensatable steps, the shortest
path that takes it and goes on to an end, walked with the real `decide`. "Compensated" is in the
order in which it happened, with how often; "closed" is what needed no compensation, and why.

| path | end | compensated | closed |
| --- | --- | --- | --- |
"""


def table() -> str:
    """Return the table, a row for each path."""
    rows = (_row(path) for path in covering(Path.begin(delivery(), DELIVERY)))
    return HEAD + "".join(rows)


def _row(path: Path) -> str:
    way = " → ".join(f"{by} → {state}" for by, state in path.steps[1:])
    counts = Counter(path.ledger.compensated)
    compensated = ", ".join(f"{effect} {count}x" for effect, count in counts.items())
    closed = "; ".join(f"{effect}: {why}" for effect, why in path.ledger.closed)
    return f"| {way} | {path.saga.state} | {compensated} | {closed} |\n"


if __name__ == "__main__":
    FILE.write_text(table())
