"""`saga doctor`: find problems of this machine or of the running stack, with their cures."""

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
    """Check this machine and the running stack, with a cure for each problem; exit 1 if any."""
    findings = list(examine((data_dir or default_data_dir()).absolute()))
    output.print(findings_table(findings))
    failures = checks.failures(findings)
    for finding in failures:
        output.print(Text(f"Cure for {finding.subject}: {finding.cure}", style="yellow"))
    output.print(f"{len(failures)} checks failed." if failures else "All checks passed.")
    raise typer.Exit(int(bool(failures)))


def examine(folder: Path) -> Iterable[Finding]:
    """Check the machine, then the running stack; or, if none is running, the default ports."""
    stack = read_running_stack(folder) or read_running_stack(demo_dir())
    if stack:
        return chain(checks.machine(folder), checks.components_of(stack))
    not_running = Finding("Stack", "not running; start it with saga up")
    return chain(checks.machine(folder), [not_running], checks.default_ports())


def findings_table(findings: Iterable[Finding]) -> Table:
    """Format the findings, one per row."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        verdict = Text("ok", style="green") if finding.ok else Text("failed", style="bold red")
        table.add_row(verdict, finding.subject, Text(finding.detail))
    return table
