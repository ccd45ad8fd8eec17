"""Questions to a server: does it answer?"""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import httpx
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from saga_cli.ports import LOOPBACK

TIMEOUT_SECONDS = 5.0


def port_answers(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def broker_answers(options: Mapping[str, Any]) -> bool:
    """Whether a broker answers a metadata request and names at least one live broker."""
    return bool(live_brokers(options))


def live_brokers(options: Mapping[str, Any]) -> frozenset[int]:
    """The numbers of the brokers that are alive, as the one that is asked knows; none if it is not.

    May be called with or without a running event loop.

    Args:
        options: Of an aiokafka client: `bootstrap_servers`, and credentials where it needs some.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_brokers(options))).result()


async def _brokers(options: Mapping[str, Any]) -> frozenset[int]:
    client = AIOKafkaClient(**options, request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return frozenset(broker.nodeId for broker in client.cluster.brokers())
    except KafkaError:
        return frozenset()
    finally:
        await client.close()


def readiness(url: str) -> str | None:
    """None if this address answers 200, else what it answered, in one line."""
    try:
        response = _client().get(url)
    except httpx.HTTPError as error:
        return f"no answer ({error})"
    return None if response.is_success else f"{response.status_code} {response.text[:500]}"


@cache
def _client() -> httpx.Client:
    # One for all, as each takes 25 ms to make; without keep-alive, so no socket is left open.
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers={"Connection": "close"})
