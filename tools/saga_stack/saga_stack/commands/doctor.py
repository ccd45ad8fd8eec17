"""`saga doctor`: what is missing on this machine, what is down, and the cure."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from saga_cli.console import output
from saga_cli.paths import data_dir as default_data_dir
from saga_cli.paths import demo_dir
from saga_cli.running_stack import read_running_stack

from saga_stack.commands import checks
from saga_stack.commands.checks import Finding


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="The stack's data folder.")] = None,
) -> None:
    """Look for what is missing or down, and say how to cure it; exit 1 if something is wrong."""
    findings = list(examine((data_dir or default_data_dir()).absolute()))
    output.print(findings_table(findings))
    wrong = checks.faults(findings)
    for finding in wrong:
        output.print(Text(f"Cure for {finding.what}: {finding.cure}", style="yellow"))
    output.print("Something is wrong." if wrong else "All is well.")
    raise typer.Exit(int(bool(wrong)))


def examine(folder: Path) -> Iterable[Finding]:
    """Every finding: about the machine, then about what runs, or about free ports."""
    stack = read_running_stack(folder) or read_running_stack(demo_dir())
    if stack:
        return chain(checks.machine(folder), checks.parts_of(stack))
    nothing = Finding("Stack", "not running; start it with saga up")
    return chain(checks.machine(folder), [nothing], checks.default_ports())


def findings_table(findings: Iterable[Finding]) -> Table:
    """One finding in each row."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        verdict = Text("ok", style="green") if finding.ok else Text("wrong", style="bold red")
        table.add_row(verdict, finding.what, Text(finding.detail))
    return table
