"""The OpenAPI document of the orders API."""

import pytest
from order_saga.main import build
from order_saga.settings import OrderSagaSettings


@pytest.fixture(scope="module")
def document():
    return build(OrderSagaSettings(database_url="postgresql+psycopg2://nobody@/none")).openapi()


def resolve(document, schema):
    node = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_every_operation_has_a_description(document):
    operations = [each for path in document["paths"].values() for each in path.values()]
    orders = [each for each in operations if each["tags"] == ["orders"]]

    assert len(orders) == 9
    assert all(each["description"] for each in orders)


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/orders", "post", {"413", "422", "503"}),
        ("/orders", "get", {"400", "422"}),
        ("/orders/{order_id}", "get", {"404", "422"}),
        ("/orders/{order_id}/history", "get", {"400", "404", "422"}),
        ("/orders/{order_id}/capture", "post", {"404", "409", "422", "503"}),
        ("/orders/{order_id}/resolve", "post", {"404", "409", "422", "503"}),
    ],
)
def test_each_problem_of_an_operation_is_documented(document, path, method, statuses):
    responses = document["paths"][path][method]["responses"]

    assert statuses <= set(responses)
    for status in statuses:
        (media_type, content), *others = responses[status]["content"].items()
        assert (media_type, others) == ("application/problem+json", [])
        assert {"title", "status"} <= set(resolve(document, content["schema"])["properties"])


def test_an_accepted_order_is_documented_with_its_headers(document):
    accepted = document["paths"]["/orders"]["post"]["responses"]["202"]

    assert set(accepted["headers"]) == {"Location", "Retry-After"}
    schema = accepted["content"]["application/json"]["schema"]
    assert set(resolve(document, schema)["properties"]) == {"id", "state", "deadline_at"}


def test_an_order_is_documented_down_to_its_line_items(document):
    schemas = document["components"]["schemas"]

    items = schemas["OrderView"]["properties"]["line_items"]["items"]
    assert set(resolve(document, items)["properties"]) == {"name", "quantity", "unit_amount"}


def test_the_name_of_a_schema_names_no_module(document):
    assert [name for name in document["components"]["schemas"] if "__" in name] == []
