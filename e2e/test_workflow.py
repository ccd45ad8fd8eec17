"""What the workflow of GitHub Actions calls exists, is bounded, and may do no more than read."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKFLOW = (ROOT / ".github/workflows/ci.yml").read_text()
PREPARE = (ROOT / ".github/actions/prepare/action.yml").read_text()
TEXT = WORKFLOW + PREPARE


def jobs():
    """The text of each job, by its name."""
    _, *parts = re.split(r"^  ([a-z-]+):$", WORKFLOW.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_make_target_that_it_calls_exists():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = set(re.findall(r"\bmake ([a-z0-9-]+)", TEXT))
    assert {"check", "test", "e2e-kafka", "e2e-compose", "e2e-stripe"} <= called
    assert called <= targets


def test_every_job_ends_in_time():
    assert jobs().keys() == {"check", "test", "kafka", "compose", "stripe"}
    for name, text in jobs().items():
        assert re.search(r"^    timeout-minutes: \d+$", text, re.MULTILINE), name


def test_only_official_actions_are_used_and_each_names_its_version():
    used = re.findall(r"uses: (\S+)", TEXT)
    assert used
    assert [each for each in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", each)] == [
        "./.github/actions/prepare"
    ] * len(jobs())


def test_it_may_read_and_gives_the_key_to_one_step_alone():
    assert re.findall(r"^ *permissions:\n(.*)\n", WORKFLOW, re.MULTILINE) == ["  contents: read"]
    assert WORKFLOW.count("${{ secrets.STRIPE_SECRET_KEY }}") == 1
    assert "pull_request_target" not in WORKFLOW
