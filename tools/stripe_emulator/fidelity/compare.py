# ruff: noqa: INP001, T201, S603  # a script that prints a table and starts pytest
"""Fidelity table: the behaviour suite against this emulator, localstripe and stripe-mock.

`python tools/stripe_emulator/fidelity/compare.py` installs the other two, starts each server in
turn, runs `tests/behaviour` against it and prints the table as Markdown; `--write` puts it into
the README of this folder. The column of a server that is not available has "not run".
"""

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

from servers import ROOT, Server, emulator, localstripe, running, stripe_mock

_PACKAGE = Path(__file__).parents[1]
_SUITE = _PACKAGE / "tests" / "behaviour"
_README = Path(__file__).parent / "README.md"
_START, _END = "<!-- fidelity table -->\n", "<!-- end of the fidelity table -->"

Outcomes: TypeAlias = dict[str, list[bool]]
"""The result of each test by feature; True is passed."""


def run_suite(url: str, test_seconds: int, server_seconds: int) -> Outcomes:
    """Run the behaviour suite against a server.

    Raises:
        subprocess.TimeoutExpired: If it takes longer than `server_seconds`.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", str(_SUITE), "-q", "-p", "no:cacheprovider"]
        command += ["--runxfail", "--tb=no", "--timeout-method=signal"]
        command += [f"--timeout={test_seconds}", f"--junitxml={report}"]
        unused = {"TEST_KAFKA_BOOTSTRAP_SERVERS": "unused", "TEST_POSTGRES_DSN": "unused"}
        environment = {**os.environ, **unused, "BEHAVIOUR_API_BASE": url}
        environment.pop("STRIPE_SECRET_KEY", None)
        subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
            timeout=server_seconds,
        )
        return read_report(report)


def read_report(path: Path) -> Outcomes:
    """Read the outcomes of a JUnit report; a test passes without failure, error and skip."""
    tests: dict[tuple[str, str], bool] = {}
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314  # pytest wrote it
        feature = case.find("properties/property[@name='feature']")
        if feature is not None:
            key = (feature.attrib["value"], f"{case.get('classname')}.{case.get('name')}")
            passed = all(case.find(tag) is None for tag in ("failure", "error", "skipped"))
            tests[key] = tests.get(key, True) and passed
    outcomes: Outcomes = defaultdict(list)
    for (feature_name, _), passed in tests.items():
        outcomes[feature_name].append(passed)
    return outcomes


def cell(passed: list[bool]) -> str:
    """Return the cell of a feature: `yes`, `no`, or how many tests pass."""
    if all(passed):
        return "yes"
    return f"part: {sum(passed)} of {len(passed)}" if any(passed) else "no"


def table(columns: dict[str, Outcomes | None]) -> str:
    """Return the outcomes as a Markdown table: a row per feature and a total."""
    features = sorted({name for outcomes in columns.values() for name in outcomes or {}})
    rows = [["feature", *columns], ["---"] * (len(columns) + 1)]
    for name in features:
        cells = [cell(outcomes[name]) if outcomes else "not run" for outcomes in columns.values()]
        rows.append([name, *cells])
    totals = [list(chain(*(outcomes or {}).values())) for outcomes in columns.values()]
    sums = [f"{sum(total)} of {len(total)}" if total else "not run" for total in totals]
    rows.append(["**tests that pass**", *sums])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def compare(test_seconds: int, server_seconds: int) -> str:
    """Run the suite against every server and return the table as Markdown."""
    columns: dict[str, Outcomes | None] = {}
    versions: list[str] = []
    found: dict[str, Server | None] = {
        "emulator": emulator(),
        "localstripe": localstripe(),
        "stripe-mock": stripe_mock(),
    }
    for name, server in found.items():
        if server is None:
            columns[name] = None
            continue
        print(f"running the behaviour suite against {name} {server.version}", file=sys.stderr)
        versions.append(f"{name} {server.version}")
        with running(server) as url:
            columns[name] = run_suite(url, test_seconds, server_seconds)
    today = datetime.datetime.now(datetime.UTC).date()
    return f"{table(columns)}\nMeasured on {today}: {', '.join(versions)}.\n"


def write(text: str) -> None:
    """Write the table into the README, between its two markers."""
    before, _, rest = _README.read_text().partition(_START)
    _, _, after = rest.partition(_END)
    _README.write_text(f"{before}{_START}\n{text}\n{_END}{after}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    parser.add_argument("--test-seconds", type=int, default=30, help="timeout of one test")
    parser.add_argument("--server-seconds", type=int, default=600, help="timeout per server")
    options = parser.parse_args()
    text = compare(options.test_seconds, options.server_seconds)
    if options.write:
        write(text)
    print(text, end="")


if __name__ == "__main__":
    main()
