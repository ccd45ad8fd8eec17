"""Reconciliations requested by operators: recorded, and the cause of their repairs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from payment_service.main import build_gateway, build_installation, build_reconciler
from payment_service.problems import PROBLEMS
from payment_service.reconciliation.http import reconcile_router
from payment_service.reconciliation.runs import Runs
from payment_service.storage.orm import reconciliations
from payment_service.storage.refresh import Refresher
from payment_service.stripe_api.disputes import DisputeReader
from saga_messaging.http.problems import install_problems
from saga_messaging.postgres.database import Database
from saga_stripe import stripe_client, stripe_http
from sqlalchemy.exc import OperationalError

LISTED = 2
KEPT = timedelta(days=550)


@pytest.fixture
async def operator(world, outbox):
    """A client of the operators' endpoints, and the executor that repairs."""
    http = stripe_http(world.settings)
    async with world.executors() as ((executor, _),):
        refresher = Refresher(executor.offer, world.settings.executor_lease_seconds)
        installation = build_installation(world.settings, world.database)
        gateway = build_gateway(world.settings, http, installation)
        settings = world.settings.model_copy(update={"reconcile_safety_seconds": 0.001})
        parts = {"refresher": refresher, "installation": installation, "outbox": outbox}
        parts["disputes"] = DisputeReader(stripe_client(settings, http))
        reconciler = build_reconciler(settings, world.database, gateway, **parts)
        api = FastAPI()
        install_problems(api, world.settings.max_body_bytes, PROBLEMS)
        api.include_router(reconcile_router(Runs(world.database, reconciler, 5), LISTED, KEPT))
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.executor = executor
            yield client
    await http.close_async()


async def recorded(operator):
    response = await operator.get("/reconciliations")
    return response.raise_for_status().json()["reconciliations"]


async def test_requester_and_reason_are_recorded_with_the_report(world, operator, stripe_post):
    (payment,) = await world.hold(operator.executor)
    stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")

    request = {"by": "ann", "note": "Webhooks were lost."}
    report = (await operator.post("/reconcile", json=request)).raise_for_status().json()
    await world.idle()

    (run,) = await recorded(operator)
    assert (run["id"], run["by"], run["note"]) == (
        report["id"],
        "ann",
        "Webhooks were lost.",
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


async def test_the_holds_that_a_person_names_are_released(world, operator, orphan):
    intent_id = orphan("saga-1")
    await world.hold(operator.executor)
    assert (await operator.post("/reconcile")).json()["repaired"] == []

    body = {"by": "ann", "release": [intent_id], "release_limit": 0}
    report = (await operator.post("/reconcile", json=body)).json()

    lines = [(line["payment_intent_id"], line["action"]) for line in report["repaired"]]
    assert lines == [(intent_id, "release")]


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
     ({"release": ["pi_1"] * 1_001}, "release"), ({"release_limit": -1}, "release_limit"),
     ({"why": "?"}, "why")],
)  # fmt: skip
async def test_an_invalid_field_is_refused_by_name(operator, body, field):
    response = await operator.post("/reconcile", json=body)

    assert (response.status_code, field in response.text) == (422, True)
    assert await recorded(operator) == []


async def test_a_run_whose_commits_were_not_acknowledged_is_recorded_once(
    world, operator, monkeypatch
):
    run, lost = Database._run, []

    def lose_the_first_two_responses(self, work):
        result = run(self, work)
        if len(lost) < 2:
            lost.append(1)
            raise OperationalError("COMMIT", None, Exception("the connection was lost"))
        return result

    monkeypatch.setattr(Database, "_run", lose_the_first_two_responses)
    response = await operator.post("/reconcile", json={"by": "ann", "note": "once"})
    assert response.status_code == 200, response.text
    assert [run["by"] for run in await recorded(operator)] == ["ann"]


async def test_a_reconciliation_of_removed_payments_is_refused(operator):
    since = datetime.now(UTC) - KEPT - timedelta(minutes=1)

    response = await operator.post("/reconcile", json={"since": since.isoformat()})

    assert (response.status_code, response.json()["type"]) == (422, "payments-removed")
    assert await recorded(operator) == []
