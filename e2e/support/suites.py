"""Suites of end-to-end tests, run by pytest in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from support.repository import END_TO_END, REPOSITORY

COMMAND = "-m pytest --without-servers -q -p no:cacheprovider -m".split()
NOT_EMBEDDED = "not embedded"
SHOWN_CHARACTERS = 20_000


@dataclass(frozen=True)
class SuiteReport:
    """The output of a run that passed.

    Attributes:
        summary: Pytest's last line.
        skipped: The line of each test that was skipped, with its reason.
    """

    summary: str
    skipped: list[str]


def run_suites(names: Iterable[str], environment: Mapping[str, str], seconds: float) -> SuiteReport:
    """Run suites that need no stack of their own, in a process with more environment.

    Args:
        names: Files of e2e, each with the id of one test after `::` if only that one is to run.
        environment: Variables that name the system under test, its Kafka or its Stripe.
        seconds: The time limit of the process.

    Raises:
        AssertionError: A test failed; the message ends with pytest's output.
        subprocess.TimeoutExpired: The process did not end in time.
    """
    result = subprocess.run(
        [sys.executable, *COMMAND, NOT_EMBEDDED, *(str(END_TO_END / name) for name in names)],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout[-SHOWN_CHARACTERS:]}{result.stderr}"
    lines = result.stdout.splitlines()
    return SuiteReport(lines[-1], [line for line in lines if line.startswith("SKIPPED")])
