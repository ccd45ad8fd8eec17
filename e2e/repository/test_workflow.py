"""The GitHub Actions workflow is bounded, read-only, and calls only make targets that exist."""

import re

from support.repository import REPOSITORY, make_targets

WORKFLOW = (REPOSITORY / ".github/workflows/ci.yml").read_text()
PREPARE = (REPOSITORY / ".github/actions/prepare/action.yml").read_text()
TEXT = WORKFLOW + PREPARE


def jobs():
    """Return the text of each job, by job name."""
    _, *parts = re.split(r"^  ([a-z-]+):$", WORKFLOW.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_make_target_exists():
    called = set(re.findall(r"\bmake ([a-z0-9-]+)", TEXT))
    assert {"check", "test-full", "e2e-kafka", "e2e-compose", "e2e-stripe"} <= called
    assert called <= make_targets()


def test_every_job_has_a_timeout():
    assert jobs().keys() == {"check", "test", "kafka", "compose", "stripe"}
    for name, text in jobs().items():
        assert re.search(r"^    timeout-minutes: \d+$", text, re.MULTILINE), name


def test_only_official_actions_are_used_each_with_a_version():
    used = re.findall(r"uses: (\S+)", TEXT)
    assert used
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", action)] == [
        "./.github/actions/prepare"
    ] * len(jobs())


def test_permissions_are_read_only_and_one_step_receives_the_stripe_key():
    assert re.findall(r"^ *permissions:\n(.*)\n", WORKFLOW, re.MULTILINE) == ["  contents: read"]
    assert WORKFLOW.count("${{ secrets.STRIPE_SECRET_KEY }}") == 1
    assert "pull_request_target" not in WORKFLOW
