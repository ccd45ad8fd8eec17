"""The Markdown files link to files that exist, and name commands and settings that exist."""

import os
import re
from pathlib import Path

import pytest
from order_saga.settings import OrderSagaSettings
from payment_service.model.failures import AUTHORIZATION_FAILURES
from payment_service.settings import PaymentSettings
from saga_cli.main import app
from typer import Context
from typer.main import get_command
from user_service.settings import UserServiceSettings

ROOT = Path(__file__).parents[2]
MAKE_TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SETTINGS = UserServiceSettings, OrderSagaSettings, PaymentSettings
STACK_VARIABLES = {"USER_DATABASE_URL", "ORDER_SAGA_DATABASE_URL", "PAYMENT_DATABASE_URL"}
README_LINES = 120
RELIABILITY_COLUMNS = ["case", "before", "now", "test"]


def markdown_files():
    """Every Markdown file of the repository; hidden folders are tools and caches, but for one."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".github" or not_hidden(name)]
        found += [Path(folder, name) for name in files if name.endswith(".md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def not_hidden(folder):
    return not folder.startswith(".") and folder != "node_modules"


def prose_and_code(path):
    return (ROOT / path).read_text()


def prose(path):
    """The text without its fenced code blocks."""
    return re.sub(r"^```.*?^```", "", prose_and_code(path), flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """The anchors that GitHub gives to a file's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(path):
    """The code blocks and the inline code."""
    blocks = re.findall(r"^```.*?^```", prose_and_code(path), re.MULTILINE | re.DOTALL)
    return "\n".join(blocks + re.findall(r"`([^`\n]+)`", prose(path)))


def make_targets(path):
    return set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", code(path)))


def test_there_are_markdown_files():
    assert {"README.md", "docs/README.md", "services/payment/README.md"} <= set(markdown_files())


@pytest.mark.parametrize("path", markdown_files())
def test_every_relative_link_leads_to_a_file_and_heading(path):
    links = re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(path))
    broken = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = (ROOT / path).parent / name if name else ROOT / path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", markdown_files())
def test_every_make_target_exists(path):
    assert make_targets(path) - MAKE_TARGETS == set()


@pytest.mark.parametrize("path", markdown_files())
def test_every_saga_command_exists(path):
    group = get_command(app)
    named = set(re.findall(r"(?:`|^)saga ([a-z]+)", prose_and_code(path), re.MULTILINE))
    assert named <= set(group.list_commands(Context(group)))


@pytest.mark.parametrize("path", markdown_files())
def test_every_path_in_code_exists(path):
    named = re.findall(r"\b((?:e2e|services|shared|tools)/[\w./-]*\w)", code(path))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_shows_commands():
    assert make_targets("README.md") >= {"demo", "test", "run"}
    assert "saga show ID" in prose_and_code("README.md")


def test_every_setting_on_the_settings_page_exists():
    fields = {name.upper() for settings in SETTINGS for name in settings.model_fields}
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", prose("docs/settings.md")))
    assert named
    assert named - fields - STACK_VARIABLES == set()


def test_every_decision_record_has_a_date_and_a_status_and_is_in_the_index():
    index = prose("docs/adr/README.md")
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        title, date = re.match(
            r"# \d+\. (.+)\n\nDate: (\d{4}-\d\d-\d\d)\. Status: (?:accepted|superseded)",
            record.read_text(),
        ).groups()
        number = int(record.name[:4])
        assert f"| [{number}]({record.name}) | {title} | {date} | " in index


def test_every_row_of_the_reliability_page_names_tests_that_exist():
    tables = re.findall(r"(?:^\|.*\n)+", prose("docs/reliability.md") + "\n", re.MULTILINE)
    rows = [[cells(line) for line in table.splitlines()] for table in tables]
    cases = [row for table in rows if table[0] == RELIABILITY_COLUMNS for row in table[2:]]
    assert cases
    assert [row[0] for row in cases if not names_existing_tests(row[-1])] == []


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def names_existing_tests(cell):
    """True if a cell names at least one test, and each file and function of it exists."""
    file, found = None, False
    for name, function in re.findall(r"`([\w./…]+?(?:\.py|…))(?:::(\w+))?`", cell):
        file = file if name == "…" else ROOT / name
        if file is None or not file.is_file() or not file.name.startswith("test_"):
            return False
        if function and not re.search(rf"\bdef {function}\(", file.read_text()):
            return False
        found = True
    return found


def test_every_page_of_docs_is_in_the_index():
    index = prose("docs/README.md")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


def test_the_readme_is_short_and_has_one_picture_of_at_most_ten_arrows():
    text = prose_and_code("README.md")
    (diagram,) = re.findall(r"^```mermaid\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(text.splitlines()) <= README_LINES
    assert 0 < diagram.count("->>") <= 10


@pytest.mark.parametrize(
    "code", ["invalid_customer", "payment_method_not_found", "missing_return_url"]
)
def test_the_troubleshooting_page_has_the_failures_that_the_specification_names(code):
    guide = AUTHORIZATION_FAILURES[code]
    row = f"| `{code}` | {guide.title} | {guide.cause} | {guide.cure} |"
    assert row in prose_and_code("docs/troubleshooting.md")
