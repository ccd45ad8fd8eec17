"""A client of the services' HTTP APIs."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from saga_cli.visible import visible_json

Json = dict[str, Any]
TIMEOUT_SECONDS = 15.0
# uvicorn closes a connection that was idle for 5 s, possibly while a request is sent on it.
LIMITS = httpx.Limits(keepalive_expiry=2.0)


def order_path(order_id: str, *rest: str) -> str:
    """Return the path of an order, or of a resource below it; the id is percent-encoded."""
    return "/".join(["/orders", quote(order_id, safe=""), *rest])


class Api:
    """A client of one service. Every response that is not a success raises HTTPStatusError.

    The texts of a response are safe for a terminal: control characters are escapes.
    """

    def __init__(self, base_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        # The environment's proxy is not meant for loopback.
        self._client = httpx.Client(
            base_url=base_url, timeout=timeout_seconds, limits=LIMITS, trust_env=False
        )

    def get(self, path: str, **query: str | int | None) -> Json:
        """Return a resource; query parameters that are None are omitted."""
        given = {key: value for key, value in query.items() if value is not None}
        return _json(self._client.get(path, params=given))

    def post(self, path: str, body: Json, key: str | None = None) -> Json:
        """Create a resource or start an action; `key` is sent as the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return _json(self._client.post(path, json=body, headers=headers))

    def put(self, path: str, body: Json) -> Json:
        """Replace a resource."""
        return _json(self._client.put(path, json=body))

    def delete(self, path: str) -> None:
        """Delete a resource."""
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


def _json(response: httpx.Response) -> Json:
    return visible_json(response.raise_for_status().json())
