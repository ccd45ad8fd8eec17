"""The services' HTTP interfaces, as the commands use them."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

Json = dict[str, Any]
TIMEOUT_SECONDS = 15.0
# A connection that is idle for as long as uvicorn keeps one (5 s) may be closed while we use it.
LIMITS = httpx.Limits(keepalive_expiry=2.0)


def order_path(order_id: str, *rest: str) -> str:
    """The path of an order, or of something of it, whatever characters its id has."""
    return "/".join(["/orders", quote(order_id, safe=""), *rest])


class Api:
    """A client of one service; any answer but success raises httpx.HTTPStatusError."""

    def __init__(self, base_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        # A proxy of the environment is not meant for loopback.
        self._client = httpx.Client(
            base_url=base_url, timeout=timeout_seconds, limits=LIMITS, trust_env=False
        )

    def get(self, path: str, **query: str | int | None) -> Json:
        """The JSON of a resource; parameters that are None are left out."""
        given = {key: value for key, value in query.items() if value is not None}
        return self._answer(self._client.get(path, params=given))

    def post(self, path: str, body: Json, key: str | None = None) -> Json:
        """What the service answers to a new resource; with an Idempotency-Key, to the same one."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._answer(self._client.post(path, json=body, headers=headers))

    def put(self, path: str, body: Json) -> Json:
        """What the service answers to a replaced resource."""
        return self._answer(self._client.put(path, json=body))

    def delete(self, path: str) -> None:
        """Removes a resource."""
        self._client.delete(path).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    @staticmethod
    def _answer(response: httpx.Response) -> Json:
        return response.raise_for_status().json()
