"""Write measurements to a file and show them as a table."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

RESULTS: Final = Path(__file__).parents[1] / "results"
BUSY_CORES: Final = 0.3
"""Above so many cores of other programs, a measurement is not worth comparing with others."""

console = Console(width=max(Console().width, 110))


def save(name: str, measured: Mapping[str, Any]) -> None:
    """Write measurements as JSON to a file of `bench/results`."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(rounded(measured), indent=2) + "\n")


def rounded(value: Any) -> Any:
    """Return measurements with at most four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list | tuple) else value


def flat(measured: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of measurements, each with one name."""
    rows: dict[str, float] = {}
    for name, value in measured.items():
        if isinstance(value, Mapping):
            rows |= {f"{name} {part}": number for part, number in flat(value).items()}
        elif isinstance(value, int | float):
            rows[name] = float(value)
    return rows


def show(columns: Mapping[str, Mapping[str, Any]], title: str | None = None) -> None:
    """Print a table with a row for each measurement and a column for each run."""
    table = Table("measurement", *columns, title=title, title_justify="left")
    numbers = {name: flat(measured) for name, measured in columns.items()}
    names = list(dict.fromkeys(name for column in numbers.values() for name in column))
    for name in names:
        cells = [f"{column[name]:,.2f}" if name in column else "" for column in numbers.values()]
        table.add_row(name, *cells)
    console.print(table)


def warn_if_busy(foreign_cores: float) -> None:
    """Print a warning if other programs used the machine."""
    if foreign_cores > BUSY_CORES:
        console.print(
            f"Other programs used {foreign_cores:.2f} cores meanwhile: repeat this on a quiet "
            "machine before comparing it with other runs."
        )
