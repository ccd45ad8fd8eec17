from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from payment_service.http import payments_router
from payment_service.model.authorization import Authorized, InvalidCustomer
from payment_service.model.failures import verdict_of
from payment_service.model.operations import REFRESH, Kind, Operation
from payment_service.model.payment import KnownPayment, Status
from payment_service.model.ports import Decided, Postponed
from payment_service.storage import repository
from saga_messaging.problems import install_problems


@pytest.fixture
async def http(database):
    api = FastAPI()
    install_problems(api, max_body_bytes=16_384)
    api.include_router(payments_router(database, 5))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://payment"
    ) as client:
        yield client


@pytest.fixture
def work(real_work):
    return real_work(30)


async def test_a_pending_payment_says_what_it_waits_for(http, work, make_payment):
    payment = make_payment()
    await work.write([Postponed(work.put(payment), "no route to host", 5)])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert (shown["status"], shown["amount"], shown["attempts"]) == ("pending", 1299, 1)
    assert shown["last_error"] == "no route to host"
    assert shown["next_try_at"] > shown["created_at"]


async def test_a_held_payment_names_its_payment_intent(http, work, make_payment):
    payment = make_payment()
    await work.write([Decided(work.put(payment), Authorized("pi_1"))])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert (shown["status"], shown["payment_intent_id"]) == ("authorized", "pi_1")
    assert (shown["failure"], shown["next_try_at"]) == (None, None)


async def test_a_failed_payment_says_why_and_what_cures_it(http, work, make_payment):
    payment = make_payment()
    verdict = verdict_of(InvalidCustomer("No such customer", "resource_missing"))
    await work.write([Decided(work.put(payment), verdict)])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert shown["status"] == "failed"
    assert shown["failure"] == verdict.model_dump(mode="json")


async def test_a_payment_that_is_not_there_is_a_problem(http):
    answer = await http.get("/payments/saga-none")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "saga-none" in answer.json()["detail"]


@pytest.fixture
def store(database):
    """Stores a payment as it stands."""

    def store(known):
        with database.engine.begin() as connection:
            repository.store(connection, [replace(known, is_new=True)], {}, 30)

    return store


async def test_a_captured_payment_shows_where_the_money_went(http, store, known_in):
    store(known_in("captured", waiting=(REFRESH,)))

    shown = (await http.get("/payments/saga-1")).json()

    money = [shown[name] for name in ("amount", "captured", "released", "refunded")]
    assert (shown["status"], money) == ("captured", [1299, 1000, 299, 200])
    assert [(each["refund_id"], each["status"]) for each in shown["refunds"]] == [
        ("refund-done", "refunded"),
        ("refund-failed", "failed"),
    ]
    assert shown["refunds"][1]["failure"]["code"] == "charge_disputed"
    assert (shown["operation"], shown["waiting"]) == (None, [{"kind": "refresh"}])


async def test_an_operation_under_way_is_shown_with_who_asked_for_it(http, store, known_in):
    asked = Operation(Kind.CAPTURE, uuid4(), 2, 1000, "usd")
    store(known_in("authorized", operation=asked))

    shown = (await http.get("/payments/saga-1")).json()

    assert shown["operation"] == {
        "kind": "capture",
        "command_id": str(asked.command_id),
        "attempt": 2,
        "amount": 1000,
        "currency": "usd",
    }
    assert shown["next_try_at"] > shown["operation_since"]


async def test_a_tombstone_is_shown(http, store):
    store(KnownPayment("saga-1", None, Status.CANCELED))

    shown = (await http.get("/payments/saga-1")).json()

    assert (shown["status"], shown["amount"], shown["refunds"]) == ("canceled", None, [])
