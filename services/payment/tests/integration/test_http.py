from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from payment_service.http import payments_router
from payment_service.model.authorization import Authorized, InvalidCustomer
from payment_service.model.failures import authorization_result
from payment_service.model.operations import REFRESH, Operation, OperationKind
from payment_service.model.payment import Payment, PaymentStatus
from payment_service.model.ports import Completed, Postponed
from payment_service.problems import PROBLEMS
from payment_service.storage import repository
from saga_messaging.http.problems import install_problems


@pytest.fixture
async def http(database):
    api = FastAPI()
    install_problems(api, 16_384, PROBLEMS)
    api.include_router(payments_router(database, 5))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://localhost"
    ) as client:
        yield client


@pytest.fixture
def lease_store(real_lease_store):
    return real_lease_store(30)


async def test_a_pending_payment_shows_its_last_error(http, lease_store, make_request):
    payment = make_request()
    await lease_store.write([Postponed(lease_store.put(payment), "no route to host", 5)])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert (shown["status"], shown["amount"], shown["attempts"]) == ("pending", 1299, 1)
    assert shown["last_error"] == "no route to host"
    assert shown["next_try_at"] > shown["created_at"]


async def test_an_authorized_payment_shows_its_payment_intent(http, lease_store, make_request):
    payment = make_request()
    await lease_store.write([Completed(lease_store.put(payment), Authorized("pi_1"))])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert (shown["status"], shown["payment_intent_id"]) == ("authorized", "pi_1")
    assert (shown["failure"], shown["next_try_at"]) == (None, None)


async def test_a_failed_payment_shows_its_cause_and_cure(http, lease_store, make_request):
    payment = make_request()
    result = authorization_result(InvalidCustomer("No such customer", "resource_missing"))
    await lease_store.write([Completed(lease_store.put(payment), result)])

    shown = (await http.get(f"/payments/{payment.saga_id}")).json()

    assert shown["status"] == "failed"
    assert shown["failure"] == result.model_dump(mode="json")


async def test_a_missing_payment_is_a_problem(http):
    response = await http.get("/payments/saga-none")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "saga-none" in response.json()["detail"]


@pytest.fixture
def store(database):
    """Store a payment."""

    def store(payment):
        with database.engine.begin() as connection:
            repository.store(connection, [replace(payment, is_new=True)], {}, 30)

    return store


async def test_a_captured_payment_shows_its_amounts_and_refunds(http, store, payment_in):
    store(payment_in("captured", waiting=(REFRESH,)))

    shown = (await http.get("/payments/saga-1")).json()

    money = [shown[name] for name in ("amount", "captured", "released", "refunded")]
    assert (shown["status"], money) == ("captured", [1299, 1000, 299, 200])
    assert [(refund["refund_id"], refund["status"]) for refund in shown["refunds"]] == [
        ("refund-done", "refunded"),
        ("refund-failed", "failed"),
    ]
    assert shown["refunds"][1]["failure"]["code"] == "charge_disputed"
    assert (shown["operation"], shown["waiting"]) == (None, [{"kind": "refresh"}])


async def test_an_operation_in_progress_is_shown_with_its_command(http, store, payment_in):
    requested = Operation(OperationKind.CAPTURE, uuid4(), 2, 1000, "usd")
    store(payment_in("authorized", operation=requested))

    shown = (await http.get("/payments/saga-1")).json()

    assert shown["operation"] == {
        "kind": "capture",
        "command_id": str(requested.command_id),
        "attempt": 2,
        "amount": 1000,
        "currency": "usd",
    }
    assert shown["next_try_at"] > shown["operation_since"]


async def test_a_tombstone_is_shown(http, store):
    store(Payment("saga-1", None, PaymentStatus.CANCELED))

    shown = (await http.get("/payments/saga-1")).json()

    assert (shown["status"], shown["amount"], shown["refunds"]) == ("canceled", None, [])
