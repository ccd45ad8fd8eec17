"""Reconciliations requested by operators: recorded, and the cause of their repairs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from payment_service.main import build_gateway, build_reconciler
from payment_service.problems import PROBLEMS
from payment_service.reconciliation.http import reconcile_router
from payment_service.reconciliation.runs import Runs
from payment_service.storage.orm import reconciliations
from payment_service.storage.refresh import Refresher
from saga_messaging.http.problems import install_problems
from saga_stripe import stripe_http

LISTED = 2
KEPT = timedelta(days=550)


@pytest.fixture
async def operator(world):
    """A client of the operators' endpoints, and the executor that repairs."""
    http = stripe_http(world.settings)
    async with world.executors() as ((executor, _),):
        refresher = Refresher(executor.offer, world.settings.executor_lease_seconds)
        gateway = build_gateway(world.settings, http)
        reconciler = build_reconciler(world.settings, world.database, gateway, refresher)
        api = FastAPI()
        install_problems(api, world.settings.max_body_bytes, PROBLEMS)
        api.include_router(reconcile_router(Runs(world.database, reconciler, 5), LISTED, KEPT))
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://payment") as client:
            client.executor = executor
            yield client
    await http.close_async()


async def recorded(operator):
    response = await operator.get("/reconciliations")
    return response.raise_for_status().json()["reconciliations"]


async def test_requester_and_reason_are_recorded_with_the_report(world, operator, stripe_post):
    (payment,) = await world.hold(operator.executor)
    stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")

    request = {"by": "ann", "note": "WebhookReceiver were lost."}
    report = (await operator.post("/reconcile", json=request)).raise_for_status().json()
    await world.idle()

    (run,) = await recorded(operator)
    assert (run["id"], run["by"], run["note"]) == (
        report["id"],
        "ann",
        "WebhookReceiver were lost.",
    )
    assert run["report"] == report
    assert [difference["saga_id"] for difference in report["repaired"]] == [payment.saga_id]
    assert (run["error"], run["ended_at"] >= run["asked_at"]) == (None, True)


async def test_the_event_of_a_repair_has_the_run_as_its_cause(world, operator, stripe_post):
    (payment,) = await world.hold(operator.executor)
    stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")

    report = (await operator.post("/reconcile", json={})).json()
    await world.idle()

    published = (await world.events())[-1]
    assert (published.type, str(published.causation_id)) == ("payment.canceled", report["id"])


async def test_the_body_is_optional(operator):
    assert (await operator.post("/reconcile")).status_code == 200

    assert [(run["by"], run["note"]) for run in await recorded(operator)] == [("api", "")]


async def test_the_newest_runs_are_listed_up_to_the_limit(operator):
    for note in ("first", "second", "third"):
        await operator.post("/reconcile", json={"note": note})

    assert [run["note"] for run in await recorded(operator)] == ["third", "second"]


async def test_a_failed_run_is_recorded_with_its_error(world, operator):
    world.arm("status_500_before", "GET /v1/payment_intents", count=5)

    assert (await operator.post("/reconcile", json={"by": "ann"})).status_code == 503

    (run,) = await recorded(operator)
    assert (run["by"], run["report"], "APIError" in run["error"]) == ("ann", None, True)


async def test_a_run_whose_process_died_has_no_end(world, operator):
    begun = reconciliations.insert().values(id=uuid4(), by="ann", note="")
    await world.change(begun)

    (run,) = await recorded(operator)
    assert (run["ended_at"], run["report"], run["error"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"by": ""}, "by"), ({"note": "x" * 100_000}, "note"), ({"since": "today"}, "since"),
     ({"since": "0001-01-01T00:00:00+23:59"}, "since"),
     ({"why": "?"}, "why")],
)  # fmt: skip
async def test_an_invalid_field_is_refused_by_name(operator, body, field):
    response = await operator.post("/reconcile", json=body)

    assert (response.status_code, field in response.text) == (422, True)
    assert await recorded(operator) == []


async def test_a_reconciliation_of_removed_payments_is_refused(operator):
    since = datetime.now(UTC) - KEPT - timedelta(minutes=1)

    response = await operator.post("/reconcile", json={"since": since.isoformat()})

    assert (response.status_code, response.json()["type"]) == (422, "payments-removed")
    assert await recorded(operator) == []
