"""What is drawn and tabulated is what the declaration says, and nothing else is committed."""

import subprocess
import sys
from pathlib import Path

import pytest
from order_saga.crash_points import crash_points
from order_saga.create_order_v1 import create_order_v1
from order_saga.definition import Step
from order_saga.describe import diagram, documents, message_table, page
from order_saga.paths import edges
from order_saga.step_times import StepTimes

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("path", ["docs/saga.md", "docs/saga-crash-points.txt"])
def test_what_is_committed_is_what_the_declaration_says(path):
    due = documents(ROOT)[ROOT / path]

    assert (ROOT / path).read_text() == due, "run: python -m order_saga.describe --write"


def test_the_diagram_has_every_way_but_those_of_late_replies(definition):
    drawn = diagram(definition)

    for edge in edges(definition):
        assert edge.start == "needs_attention" or f"{edge.start} --> {edge.end}: " in drawn
        assert edge.start == "needs_attention" or edge.by in drawn
    assert "needs_attention --> canceling: retry_requested" in drawn


def test_the_table_says_what_a_message_does_in_a_state(definition):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in message_table(definition).splitlines()
    ]
    column = rows[0].index("capturing")
    cells = {row[0]: row[column] for row in rows}

    assert cells["no answer"] == "capturing, again or needs_attention"
    assert cells["payment.capture_failed"] == "authorized"
    assert cells["payment.captured"] == "refunded or completed"
    assert cells["payment.disputed"] == "remembered"
    assert cells["cancel_requested"] == ""


def test_every_way_has_a_crash_point_before_its_commit_and_around_what_it_sends(definition):
    points = list(crash_points(definition))
    names = [point.name for point in points]

    assert len(set(names)) == len(names)
    assert {point.edge for point in points} >= set(edges(definition))
    for state, node in definition.nodes.items():
        moments = {point.moment for point in points if point.edge.end == state}
        if isinstance(node, Step):
            assert moments == {"before_commit", "before_send", "after_send"}
    assert "capturing--payment.capture_failed--authorized:before_send" not in names
    assert "authorizing--no_answer--canceling:after_send" in names
    assert "capturing--no_answer--capturing:before_send" in names


def test_every_version_can_be_described():
    described = page(create_order_v1(StepTimes()))

    assert "| authorizing | retriable | authorize_payment | 60 s, 1 |  |" in described


def test_the_command_prints_the_page(definition):
    printed = subprocess.run(
        [sys.executable, "-m", "order_saga.describe"], capture_output=True, text=True, check=True
    )

    assert printed.stdout == page(definition) + "\n"
