import asyncio

import httpx
import pytest
from fastapi import FastAPI
from saga_messaging.delivery import counts, outbox_metrics
from saga_messaging.http import health
from saga_messaging.http.health import Degraded, health_router


async def get(path: str, **checks) -> httpx.Response:
    api = FastAPI()
    api.include_router(health_router(checks))
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


async def healthy() -> None:
    return None


async def missing() -> str:
    return "migration 0002 is missing"


async def broken() -> None:
    raise ConnectionError("refused")


async def silent() -> None:
    await asyncio.Event().wait()


async def test_liveness_does_not_depend_on_the_checks():
    assert (await get("/healthz", kafka=broken)).status_code == 200


async def test_readiness_names_every_check():
    response = await get("/readyz", kafka=healthy, database=healthy)
    assert (response.status_code, response.json()) == (200, {"kafka": "ok", "database": "ok"})


async def test_what_is_degraded_is_named_and_the_service_stays_ready():
    async def degraded() -> str:
        return Degraded("user_events: 1 records are parked")

    response = await get("/readyz", kafka=healthy, outbox=degraded)
    assert response.status_code == 200
    assert response.json()["outbox"] == "degraded: user_events: 1 records are parked"
    assert (await get("/readyz", kafka=broken, outbox=degraded)).status_code == 503


async def test_metrics_are_in_the_format_of_prometheus():
    outbox_metrics.PARKED.labels("some_topic").set(2)
    response = await get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'saga_outbox_parked_records{topic="some_topic"} 2.0' in response.text


async def test_each_failed_check_is_reported_with_its_reason():
    response = await get("/readyz", kafka=broken, database=missing, other=healthy)
    assert response.status_code == 503
    assert response.json() == {
        "kafka": "ConnectionError: refused",
        "database": "migration 0002 is missing",
        "other": "ok",
    }


async def test_a_check_that_times_out_has_failed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.01)
    response = await get("/readyz", kafka=silent)
    assert response.json() == {"kafka": "no response within 0.01 s"}


async def test_the_counters_are_published_in_prometheus_text_format():
    counts.count("a_topic", {"handled": 2, "duplicate": 0})
    response = await get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'saga_messages_total{outcome="handled",topic="a_topic"} 2.0' in response.text
    assert 'outcome="duplicate",topic="a_topic"' not in response.text
