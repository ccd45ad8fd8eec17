"""`saga outbox` and `saga why` against services that record their requests."""

import pytest

MESSAGE_ID = "7b6b9d0e-6f5c-5a4e-8f4b-0d5f0a4e6c11"
RECORD = {
    "message_id": MESSAGE_ID,
    "correlation_id": "o1",
    "type": "authorize_payment",
    "topic": "payment_commands",
    "size_bytes": 1500000,
    "created_at": "2026-01-01T00:00:00Z",
    "parked_at": "2026-01-01T00:00:01Z",
    "reason": "Kafka refused the record: it is [too] large",
    "held": 2,
}
TOPIC = {"topic": "user_commands", "unsent": 7, "oldest_at": None, "problem": "[it] is missing"}
PAGE = {"topics": [TOPIC], "parked": [RECORD], "whole": False}


def test_the_list_shows_topics_that_wait_and_the_ids_that_the_other_commands_take(service):
    service.response = 200, PAGE

    result = service.run("outbox", "list", "--limit", "1")

    assert result.exit_code == 0
    assert service.requests == [("GET", "/outbox?limit=1", None)] * 2
    for name in ("order_saga", "payment"):
        assert f"{name}/{MESSAGE_ID}" in result.output
    for part in ("[it] is missing", "it is [too] large", "payment_commands (authorize_payment)"):
        assert part in result.output
    assert "There are older ones" in result.output


def test_an_empty_outbox_is_named_as_such(service):
    service.response = 200, {"topics": [], "parked": [], "whole": True}

    assert service.run("outbox", "list").output == "No unsent messages.\nNo parked messages.\n"


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_an_action_sends_the_requester_and_reason(service, verb):
    service.response = 200, RECORD

    result = service.run("outbox", verb, f"payment/{MESSAGE_ID}", "--note", "topic corrected")

    assert result.exit_code == 0
    body = {"by": "ann", "note": "topic corrected"}
    assert service.requests == [("POST", f"/outbox/{MESSAGE_ID}/{verb}", body)]


@pytest.mark.parametrize("name", ["payment", f"bank/{MESSAGE_ID}", f"user/{MESSAGE_ID}"])
def test_an_id_without_a_known_service_sends_no_request(service, name):
    result = service.run("outbox", "drop", name, "--data-dir", "/nonexistent")

    assert (result.exit_code, service.requests) == (1, [])


def test_why_names_what_another_service_could_not_publish(service):
    service.responses = {
        "/orders/o1/why": (200, {"why": "Order o1 waits [1]."}),
        "/outbox": (200, PAGE),
    }

    result = service.run("why", "o1")

    assert "Order o1 waits [1].\npayment could not publish authorize_payment" in result.output
    assert f"saga outbox retry payment/{MESSAGE_ID}" in result.output


def test_why_names_a_service_that_does_not_respond(service):
    service.responses = {"/orders/o1/why": (200, {"why": "Order o1."}), "/outbox": (503, {})}

    result = service.run("why", "o1")

    assert result.exit_code == 0
    assert "What payment could not publish is unknown" in result.output
