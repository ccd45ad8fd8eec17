"""An executor on fakes, and a Stripe that can be kept waiting."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from payment_service.executor.executor import Executor
from payment_service.model.authorization import Authorized
from payment_service.model.ports import Decided, Lease, Postponed

LEASE_SECONDS = 0.6


@pytest.fixture
def work(fake_work):
    return fake_work(LEASE_SECONDS)


class Stripe:
    """Holds everything; its calls can be kept waiting."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[Lease] = []
        self.in_flight = self.most_in_flight = 0

    async def do(self, lease, current):
        current()
        self.asked.append(lease)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.open.wait()
        self.in_flight -= 1
        return Decided(lease, Authorized("pi_1"))


@pytest.fixture
async def stripe():
    return Stripe()


def build(work, **changes):
    defaults = {
        "concurrency": 4,
        "memory_limit": 100,
        "lease_seconds": LEASE_SECONDS,
        "sweep_seconds": 0.02,
    }
    return Executor(
        work=work,
        postpone=lambda lease, reason: Postponed(lease, reason, 60),
        **{**defaults, **changes},
    )


@pytest.fixture
def make_executor(work, stripe):
    return lambda **changes: build(work, **{"do": stripe.do, **changes})


@pytest.fixture
def run(make_executor):
    """Runs an executor for as long as the block lasts, and until it has stopped."""

    @asynccontextmanager
    async def running(**changes):
        executor = make_executor(**changes)
        task = asyncio.create_task(executor.run())
        yield executor
        executor.stop()
        await task

    return running


@pytest.fixture
def put(work, make_payment):
    """Stores payments, and gives their leases."""
    return lambda count=1: [work.put(make_payment()) for _ in range(count)]


async def yes(value):
    return value


@pytest.fixture
def when(eventually):
    """Waits until a condition holds."""
    return lambda condition: eventually(lambda: yes(condition()))
