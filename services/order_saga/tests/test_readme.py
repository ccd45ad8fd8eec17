"""The README matches the code."""

import re
from pathlib import Path

import pytest
from order_saga.kafka_access import ACCESS
from order_saga.main import build
from order_saga.operators.dead_letters.problems import PROBLEMS
from order_saga.settings import OrderSagaSettings

TEXT = (Path(__file__).parents[1] / "README.md").read_text()


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_readme_lists_every_setting_of_the_service_with_its_default():
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([0-9.]+)` \|", section("Settings"), re.MULTILINE)
    fields = OrderSagaSettings.model_fields
    assert [(name.lower(), float(default)) for name, default in rows] == [
        (name, fields[name].default) for name in OrderSagaSettings.__annotations__
    ]


def test_readme_names_only_existing_settings():
    names = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", TEXT))
    assert {name.lower() for name in names} <= set(OrderSagaSettings.model_fields)


def test_readme_lists_every_endpoint():
    api = build(OrderSagaSettings(database_url="postgresql+psycopg2://nobody@/none"))
    paths = api.openapi()["paths"]
    operations = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    assert set(re.findall(r"`((?:GET|POST) /[^`]+)`", section("Endpoints"))) >= operations


def test_readme_lists_every_topic_with_its_direction():
    rows = re.findall(r"^\| `(\w+)`, (\w+)", section("Messages"), re.MULTILINE)
    consumed = {(topic.name, "consumed") for topic in ACCESS.consumes}
    assert set(rows) == consumed | {(topic.name, "published") for topic in ACCESS.produces}


def test_readme_lists_every_problem_of_dead_letters():
    problems = [handler(None, None, error()) for error, handler in PROBLEMS.items()]
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", section("Endpoints"), re.MULTILINE)
    assert {(str(each.status), each.type) for each in problems} <= set(rows)


def test_readme_lists_every_room():
    package = Path(__file__).parents[1] / "order_saga"
    rooms = {init.parent.name for init in package.glob("*/__init__.py")} - {"migrations"}
    assert set(re.findall(r"^\| `(\w+)/` \|", section("Rooms"), re.MULTILINE)) == rooms


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)", TEXT))
def test_every_link_leads_to_a_file(link):
    assert (Path(__file__).parents[1] / link).exists()
