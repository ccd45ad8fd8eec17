"""Shutdown of the HTTP server within its time limit."""

import asyncio
import threading

import uvicorn
from fastapi import FastAPI
from saga_messaging.process import server


def test_a_shutdown_that_exceeds_its_time_limit_ends_the_process(monkeypatch, make_settings):
    ended = threading.Event()
    monkeypatch.setattr(server, "end_process", ended.set)
    config = uvicorn.Config(FastAPI(), port=1)
    stopping = server._Server(config, 0.01)

    class Hanging:
        async def shutdown(self):
            await asyncio.to_thread(ended.wait, 10)

    stopping.lifespan, stopping.servers = Hanging(), []
    asyncio.run(stopping.shutdown())
    assert ended.is_set()
