"""Readiness checks of a server on this machine."""

import socket
from functools import cache

import httpx

from saga_stack.processes.ports import LOOPBACK

TIMEOUT_SECONDS = 5.0


def port_answers(port: int) -> bool:
    """Tell whether a server accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def readiness(url: str) -> str | None:
    """Return None if this address responds with success, else its response in one line."""
    try:
        response = _client().get(url)
    except httpx.HTTPError as error:
        return f"no response ({error})"
    return None if response.is_success else f"{response.status_code} {response.text[:500]}"


@cache
def _client() -> httpx.Client:
    # Shared, because creating one takes 25 ms; without keep-alive, so that no socket stays open.
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers={"Connection": "close"})
