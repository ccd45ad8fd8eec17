"""Write measurements to a file and show them as a table."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

RESULTS: Final = Path(__file__).parent / "results"


def save(name: str, measured: Mapping[str, Any]) -> None:
    """Write measurements as JSON to a file of `bench/results`."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(measured, indent=2) + "\n")


def show(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print a table with a row for each measurement and a column for each run."""
    table = Table("measurement", *columns)
    for name in next(iter(columns.values())):
        table.add_row(name, *(f"{measured[name]:,.2f}" for measured in columns.values()))
    Console().print(table)
