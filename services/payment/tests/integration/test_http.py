import httpx
import pytest
from fastapi import FastAPI
from payment_service.domain import Authorized, InvalidCustomer
from payment_service.http import payments_router
from payment_service.ports import Decided, Postponed
from payment_service.troubleshooting import verdict_of
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
