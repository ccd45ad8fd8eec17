"""The command line stays small: it can be installed without the stack and the services."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
DEPENDENCIES = {"typer", "rich", "httpx", "saga-currencies"}
"""The last one is a table, and depends on nothing."""


def imported_with(*modules: str) -> set[str]:
    """The top-level modules that a new process has after these imports, but the standard ones."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    names = {name.partition(".")[0] for name in result.stdout.split()}
    return names - set(sys.stdlib_module_names)


def test_it_depends_on_few_packages():
    project = tomllib.loads(PROJECT.read_text())["project"]
    assert {re.match(r"[\w-]+", text)[0] for text in project["dependencies"]} == DEPENDENCIES


def test_it_imports_nothing_beyond_its_dependencies():
    modules = [name.replace("-", "_") for name in DEPENDENCIES]
    own = imported_with("saga_cli.main") - imported_with(*modules, "typer.testing")
    assert own == {"saga_cli"}
