"""Runs of pytest with the configuration of this repository, on tests in a folder of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).parents[3] / "pyproject.toml"
AT_MOST_SECONDS = 900  # a run that hangs
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR) test_(\w+)\.py::test_([^\s]+)", re.MULTILINE)


class Run:
    """What a run printed, its exit code, and the outcomes of each test."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.code, self.output = done.returncode, done.stdout

    def outcomes(self, test: str) -> set[str]:
        """Return the outcomes of a test: `file name`."""
        found = OUTCOME.findall(self.output)
        return {outcome for outcome, file, name in found if f"{file} {name}" == test}

    def passed(self) -> list[str]:
        found = OUTCOME.findall(self.output)
        return [f"{file} {name}" for outcome, file, name in found if outcome == "PASSED"]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    """Write test files, and run them with options."""

    def run(*options: str, files: Mapping[str, str]) -> Run:
        for name, text in files.items():
            (tmp_path / f"test_{name}.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-c", CONFIGURATION, "--rootdir", tmp_path,
             "-p", "no:cacheprovider", "-p", "no:schemathesis", "-rA", *options, "."],
            cwd=tmp_path,
            check=False,
            env={name: text for name, text in os.environ.items() if "PYTEST" not in name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=AT_MOST_SECONDS,
        )  # fmt: skip
        return Run(done)

    return run
