"""An executor on fakes, and a Stripe whose calls can be blocked."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from payment_service.executor.executor import Executor
from payment_service.model.authorization import Authorized
from payment_service.model.lease import Lease
from payment_service.model.ports import Completed, Postponed

LEASE_SECONDS = 0.6


@pytest.fixture
def store(fake_lease_store):
    return fake_lease_store(LEASE_SECONDS)


class Stripe:
    """Authorizes everything. Clear `open` to block the calls."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.leases: list[Lease] = []
        self.in_flight = self.most_in_flight = 0

    async def perform(self, lease, current):
        current()
        self.leases.append(lease)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.open.wait()
        self.in_flight -= 1
        return Completed(lease, Authorized("pi_1"))


@pytest.fixture
async def stripe():
    return Stripe()


def build(store, **changes):
    defaults = {
        "concurrency": 4,
        "memory_limit": 100,
        "lease_seconds": LEASE_SECONDS,
        "sweep_seconds": 0.02,
    }
    return Executor(
        store=store,
        postpone=lambda lease, reason: Postponed(lease, reason, 60),
        **{**defaults, **changes},
    )


@pytest.fixture
def make_executor(store, stripe):
    return lambda **changes: build(store, **{"perform": stripe.perform, **changes})


@pytest.fixture
def run(make_executor):
    """Run an executor within a block, and stop it at the end."""

    @asynccontextmanager
    async def running(**changes):
        executor = make_executor(**changes)
        task = asyncio.create_task(executor.run())
        yield executor
        executor.stop()
        await task

    return running


@pytest.fixture
def put(store, make_request):
    """Store payments and return their leases."""
    return lambda count=1: [store.put(make_request()) for _ in range(count)]


@pytest.fixture
def wait_until(eventually):
    """Wait until a condition is true."""

    def wait_until(condition):
        async def poll():
            return condition()

        return eventually(poll)

    return wait_until
