"""The problems and the OpenAPI schemas of dead letters."""

import pytest
from order_saga.errors import (
    DeadLetterAlreadyHandled,
    DeadLetterNotFound,
    DeadLetterNotReplayable,
    KafkaUnavailable,
)
from order_saga.main import build
from order_saga.operators.dead_letters.problems import PROBLEMS
from order_saga.settings import OrderSagaSettings

ONE = "/dead-letters/{topic}/{partition}/{offset}"


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (DeadLetterNotFound, 404, "unknown-letter"),
        (DeadLetterAlreadyHandled, 409, "letter-conflict"),
        (DeadLetterNotReplayable, 409, "letter-conflict"),
        (KafkaUnavailable, 503, "kafka-away"),
    ],
)
def test_every_error_has_its_status_and_type_and_keeps_its_message(error, status, type_):
    problem = PROBLEMS[error](None, None, error("The message {with} braces."))

    assert (problem.status, problem.marshal()["type"]) == (status, type_)
    assert problem.marshal()["detail"] == "The message {with} braces."


@pytest.fixture(scope="module")
def document():
    return build(OrderSagaSettings(database_url="postgresql+psycopg2://nobody@/none")).openapi()


@pytest.mark.parametrize(
    ("path", "method", "schema"),
    [
        ("/dead-letters", "get", "DeadLetterPage"),
        (ONE, "get", "DeadLetterDetail"),
        (f"{ONE}/replay", "post", "DeadLetterDetail"),
        (f"{ONE}/drop", "post", "DeadLetterDetail"),
    ],
)
def test_every_operation_documents_its_response_and_its_problems(document, path, method, schema):
    operation = document["paths"][path][method]

    (content,) = operation["responses"]["200"]["content"].values()
    assert content["schema"] == {"$ref": f"#/components/schemas/{schema}"}
    assert operation["description"]
    assert {"404", "409", "503"} <= set(operation["responses"])
