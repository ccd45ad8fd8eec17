"""The memory of the services, and how long `/healthz` takes, while a benchmark runs."""

import asyncio
import time
from typing import Final, Self

import aiohttp
import psutil
from saga_stack.services import SERVICES
from saga_stack.stack import Stack

INTERVAL_SECONDS: Final = 1.0
MEGABYTE: Final = 1024**2


class Probe:
    """Reads the memory of each service and asks it for `/healthz`, every second."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._largest = {f"{name}_memory_mb": 0.0 for name in SERVICES} | {"healthz_max_s": 0.0}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    def largest(self) -> dict[str, float]:
        """Return the largest values so far."""
        return dict(self._largest)

    async def _watch(self) -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                for name in SERVICES:
                    process = psutil.Process(self._stack.pid(name))
                    self._note(f"{name}_memory_mb", process.memory_info().rss / MEGABYTE)
                    start = time.monotonic()
                    async with http.get(f"{self._stack.url(name)}/healthz") as response:
                        await response.read()
                    self._note("healthz_max_s", time.monotonic() - start)
                await asyncio.sleep(INTERVAL_SECONDS)

    def _note(self, name: str, value: float) -> None:
        self._largest[name] = max(self._largest[name], value)
