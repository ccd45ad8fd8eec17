"""The fidelity table is generated from pytest's report."""

import importlib
from pathlib import Path
from typing import Any

import pytest

FIDELITY = Path(__file__).parents[1] / "fidelity"
CASE = """<testcase classname="test_x" name="{name}">
<properties><property name="feature" value="{feature}"/></properties>{result}</testcase>"""


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(FIDELITY)
    return importlib.import_module("compare")


def test_test_passes_without_failure_error_or_skip(compare: Any, tmp_path: Path):
    cases = [
        ("passes", "Capture", ""),
        ("fails", "Capture", "<failure/>"),
        ("is skipped", "Search", "<skipped/>"),
        ("passes", "Cancel", ""),
        ("passes", "Cancel", "<error/>"),  # when it was torn down
    ]
    report = tmp_path / "report.xml"
    text = "".join(
        CASE.format(name=name, feature=feature, result=result) for name, feature, result in cases
    )
    report.write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
    outcomes = compare.read_report(report)
    assert outcomes == {"Capture": [True, False], "Search": [False], "Cancel": [False]}


def test_row_has_the_share_of_passed_tests(compare: Any):
    columns = {"this": {"Capture": [True, True], "Search": [True, False]}, "that": None}
    assert compare.table(columns).splitlines() == [
        "| feature | this | that |",
        "| --- | --- | --- |",
        "| Capture | yes | not run |",
        "| Search | part: 1 of 2 | not run |",
        "| **tests that pass** | 3 of 4 | not run |",
    ]
    assert compare.cell([False, False]) == "no"


def test_readme_has_one_place_for_the_table(compare: Any):
    readme = (FIDELITY / "README.md").read_text()
    assert readme.count(compare._START) == readme.count(compare._END) == 1
