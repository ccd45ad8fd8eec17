"""The application that every service has: guards, limits, documents."""

import asyncio
import re
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import BaseModel
from saga_messaging.http.api import service_api
from saga_messaging.http.health import health_router
from saga_messaging.http.path_segment import PathSegment

LIMIT = 1_000
JSON = {"content-type": "application/json"}


class Body(BaseModel):
    name: str = "none"


NONE = Body()


class Service:
    """A service with one route of each kind; `release` ends the requests that wait."""

    def __init__(self, settings):
        self.release = asyncio.Event()
        self.waiting = asyncio.Semaphore(0)
        self.changed = []
        self.api = api = service_api("Test", self.lifespan, settings, {})
        api.include_router(health_router({}))

        @api.get("/ids/{one}")
        async def show(one: PathSegment) -> str:
            return one

        @api.post("/change")
        async def change(body: Body = NONE) -> Body:
            self.changed.append(body.name)
            return body

        @api.get("/wait")
        async def wait() -> None:
            self.waiting.release()
            await self.release.wait()

        @api.get("/bug")
        async def bug() -> None:
            raise RuntimeError

    @asynccontextmanager
    async def lifespan(self, _):
        yield

    def client(self, address="http://localhost:8000"):
        transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=address)


@pytest.fixture
def serve(make_settings):
    return lambda **changes: Service(make_settings(max_body_bytes=LIMIT, **changes))


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost",
        "http://LOCALHOST:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "http://10.0.0.7:8000",
        "http://orders.internal",
    ],
)
async def test_own_hosts_and_addresses_are_served(serve, address):
    async with serve(allowed_hosts="orders.internal, other").client(address) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.post("/change", json={})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"]
)
@pytest.mark.parametrize("path", ["/metrics", "/ids/1", "/openapi.json", "/docs"])
async def test_a_foreign_host_is_403(serve, host, path):
    async with serve().client() as http:
        response = await http.get(path, headers={"host": host})
    assert response.status_code == 403
    assert response.json()["type"] == "foreign-host"
    assert "ALLOWED_HOSTS" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["pay.example.com", ""])
async def test_health_is_checked_under_any_host(serve, path, host):
    async with serve().client() as http:
        assert (await http.get(path, headers={"host": host})).status_code == 200


async def test_a_star_allows_every_host(serve):
    async with serve(allowed_hosts="*").client("http://any.example") as http:
        assert (await http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:9", "http://localhost:8000.evil"]
)
async def test_a_foreign_origin_is_403_and_changes_nothing(serve, origin):
    service = serve()
    async with service.client() as http:
        response = await http.post("/change", json={}, headers={"origin": origin})
    assert response.status_code == 403
    assert response.json()["type"] == "foreign-origin"
    assert service.changed == []


async def test_the_services_own_page_may_change_state(serve):
    async with serve().client() as http:
        headers = {"origin": "http://localhost:8000"}
        assert (await http.post("/change", json={}, headers=headers)).status_code == 200


async def test_an_allowed_origin_may_call_and_read(serve):
    origin = {"origin": "https://admin.example"}
    async with serve(allowed_origins="https://admin.example").client() as http:
        preflight = origin | {
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,idempotency-key",
        }
        allowed = await http.options("/change", headers=preflight)
        changed = await http.post("/change", json={}, headers=origin)
        foreign = await http.options("/change", headers=preflight | {"origin": "https://evil"})
    assert allowed.headers["access-control-allow-origin"] == origin["origin"]
    assert (changed.status_code, changed.headers["access-control-allow-origin"]) == (
        200,
        origin["origin"],
    )
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, b""),
        ({"content-type": "text/plain"}, b'{"name": "x"}'),
        ({"content-type": "multipart/form-data; boundary=x"}, b""),
        ({}, b""),
        ({}, b'{"name": "x"}'),
        ({"content-type": "application/json-patch+json"}, b"{}"),
    ],
)
async def test_a_change_that_is_not_declared_as_json_is_415(serve, headers, content):
    service = serve()
    async with service.client() as http:
        response = await http.post("/change", content=content, headers=headers)
    assert response.status_code == 415
    assert response.json()["type"] == "unsupported-media-type"
    assert "application/json" in response.json()["detail"]
    assert service.changed == []


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8"])
async def test_json_is_accepted_with_an_empty_body_too(serve, media_type):
    async with serve().client() as http:
        response = await http.post("/change", headers={"content-type": media_type})
    assert response.json() == {"name": "none"}


async def test_a_declared_body_that_is_too_large_is_413_before_it_is_read(serve):
    async def never():
        await asyncio.Event().wait()
        yield b""

    headers = JSON | {"content-length": str(LIMIT + 1)}
    async with serve().client() as http:
        response = await http.post("/change", content=never(), headers=headers)
    assert response.status_code == 413


async def test_requests_beyond_the_limit_are_503_and_health_checks_are_not(serve):
    service = serve(http_max_requests=2)
    async with service.client() as http, asyncio.TaskGroup() as tasks:
        waits = [tasks.create_task(http.get("/wait")) for _ in range(2)]
        for _ in waits:
            await service.waiting.acquire()
        refused = await http.get("/ids/1")
        health = [(await http.get(path)).status_code for path in ("/healthz", "/readyz")]
        service.release.set()
    assert [wait.result().status_code for wait in waits] == [200, 200]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["type"] == "too-many-requests"
    assert health == [200, 200]


@pytest.mark.parametrize("id_", ["user_1", "...", ".a", "..a", "a.", "a..b", "ü", "a b", "x" * 255])
async def test_an_id_that_is_a_path_segment_is_accepted(serve, id_):
    async with serve().client() as http:
        path = "/ids/" + "".join(f"%{byte:02X}" for byte in id_.encode())
        assert (await http.get(path)).json() == id_


@pytest.mark.parametrize("id_", [".", "..", "a\nb", "\x7f", "x" * 256])
async def test_an_id_that_is_no_path_segment_is_422(serve, id_):
    async with serve().client() as http:
        path = "/ids/" + "".join(f"%{byte:02X}" for byte in id_.encode())
        assert (await http.get(path)).status_code == 422


async def test_each_problem_type_is_words_with_hyphens(serve):
    service = serve()
    async with service.client() as http:
        responses = [
            await http.get("/bug"),
            await http.get("/none"),
            await http.post("/bug", json={}),
            await http.post("/change", content=b"{", headers=JSON),
            await http.post("/change", content=b"\xff", headers=JSON),
            await http.post("/change", content=b"x" * (LIMIT + 1), headers=JSON),
        ]
    types = [response.json()["type"] for response in responses]
    assert [type_ for type_ in types if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", type_)] == []
    assert types[0] == "internal-error"


async def test_the_docs_load_nothing_from_outside(serve):
    async with serve().client() as http:
        page = await http.get("/docs")
        links = re.findall(r'(?:src|href|url)["\']?[=:]\s*["\']([^"\']+)', page.text)
        assert set(links) >= {"docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "openapi.json"}
        assert [link for link in links if "//" in link] == []
        for link in links:
            assert (await http.get(f"/{link}")).status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_document_has_the_problems_of_the_service_itself(serve):
    document = serve().api.openapi()
    change = document["paths"]["/change"]["post"]["responses"]
    show = document["paths"]["/ids/{one}"]["get"]["responses"]
    assert set(change) == set("200 400 403 408 413 415 422 431 500 503".split())
    assert set(show) == set("200 403 408 422 431 500 503".split())
    problems = [each for status, each in change.items() if status != "200"]
    assert {media for each in problems for media in each["content"]} == {"application/problem+json"}
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])
