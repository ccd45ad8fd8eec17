import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.http.problems import install_problems

LIMIT = 1_000


class Body(BaseModel):
    name: str


@pytest.fixture
async def http():
    api = FastAPI()
    install_problems(api, LIMIT)

    @api.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @api.get("/away")
    async def away() -> None:
        raise DatabaseUnavailable("PostgreSQL did not respond: secret host")

    @api.get("/bug")
    async def bug() -> None:
        raise RuntimeError("secret")

    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_a_body_within_the_limit_is_accepted(http):
    name = "n" * (LIMIT - len('{"name":""}'))
    assert (await http.post("/echo", json={"name": name})).json() == {"name": name}


@pytest.mark.parametrize("size", [LIMIT + 1, 100 * LIMIT])
async def test_a_larger_body_is_413(http, size):
    response = await http.post("/echo", content=b"x" * size)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert str(LIMIT) in response.json()["detail"]


async def test_a_chunked_body_is_measured_as_a_whole(http):
    async def pieces():
        for _ in range(LIMIT):
            yield b"xx"

    assert (await http.post("/echo", content=pieces())).status_code == 413


async def test_an_unavailable_database_is_503_with_retry_after_and_no_internals(http):
    response = await http.get("/away")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert "secret" not in response.text


async def test_a_bug_is_500_and_shows_no_internals(http):
    response = await http.get("/bug")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text


async def test_an_invalid_field_is_named_and_its_value_not_repeated(http):
    response = await http.post("/echo", json={"name": ["4242424242424242"]})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "name"
    assert "4242" not in response.text
