"""The generated documents: diagram, tables and crash points of the declaration."""

import subprocess
import sys
from pathlib import Path

import pytest
from order_saga.docs.describe import documents, page
from saga_engine.crash_points import crash_points
from saga_engine.declaration import Step
from saga_engine.describe import diagram, message_table
from saga_engine.transitions import edges
from saga_testing.versions import ALL, VERSIONS

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("path", ["docs/saga.md", "docs/saga-crash-points.txt"])
def test_the_committed_documents_are_up_to_date(path):
    expected = documents(ROOT)[ROOT / path]

    assert (ROOT / path).read_text() == expected, "run: python -m order_saga.docs.describe --write"


def test_the_diagram_has_every_transition_except_those_of_late_replies(definition):
    drawn = diagram(definition)

    for edge in edges(definition):
        assert edge.start == "needs_attention" or f"{edge.start} --> {edge.end}: " in drawn
        assert edge.start == "needs_attention" or edge.by in drawn
    assert "needs_attention --> canceling: retry_requested" in drawn


def test_the_table_names_the_states_that_a_message_leads_to(definition):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in message_table(definition).splitlines()
    ]
    column = rows[0].index("capturing")
    cells = {row[0]: row[column] for row in rows}

    assert cells["no answer"] == "capturing, again or needs_attention"
    assert cells["payment.capture_failed"] == "authorized"
    assert cells["payment.captured"] == "refunded or completed"
    assert cells["payment.disputed"] == "recorded"
    assert cells["cancel_requested"] == ""


def test_every_transition_has_crash_points_around_its_commit_and_its_message(definition):
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
    pages = {version: page(definition) for version, definition in VERSIONS.items()}

    assert len(set(pages.values())) == len(VERSIONS)


def test_a_version_is_described_by_its_own_steps():
    described = page(ALL.of(1))

    assert "| authorizing | retriable | authorize_payment | 60 s, 1 |  |" in described


def test_the_command_prints_the_page(definition):
    printed = subprocess.run(
        [sys.executable, "-m", "order_saga.docs.describe"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert printed.stdout == page(definition) + "\n"
