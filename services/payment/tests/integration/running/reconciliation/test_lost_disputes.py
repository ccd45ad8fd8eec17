"""Disputes whose webhooks were lost."""

import pytest
from payment_service.storage.disputes import open_disputes
from payment_service.storage.orm import disputes

HOUR = 3_600


@pytest.fixture
def disputed(world, commands):
    """Hold and capture a payment on a card whose captures are disputed."""

    async def disputed(executor):
        payment = world.request(payment_method_id="pm_card_createDispute")
        await world.send(executor, commands.authorize(payment))
        await world.idle()
        await world.send(executor, commands.capture(payment, amount=1_000))
        await world.idle()
        return payment

    return disputed


async def published(world):
    events = [event for event in await world.events() if event.type == "payment.disputed"]
    return [(event.payload.amount, event.payload.outcome) for event in events]


async def test_a_reconciliation_finds_a_dispute_and_its_end_and_publishes_each_once(
    world, disputed, reconciler_of, stripe_api, stripe_post
):
    async with world.executors() as ((executor, _),):
        await disputed(executor)
        reconciler = reconciler_of(executor)
        opened = await reconciler.reconcile()
        (dispute,) = stripe_api.get("disputes").json()["data"]
        stripe_post(f"disputes/{dispute['id']}/close")
        ended = await reconciler.reconcile()
        again = await reconciler.reconcile()

    reports = [opened, ended, again]
    assert [report.disputes_published for report in reports] == [1, 1, 0]
    assert await published(world) == [(1_000, None), (1_000, "lost")]


async def test_the_end_of_a_dispute_that_is_older_than_the_window_is_found(
    world, disputed, reconciler_of, stripe_api, stripe_post
):
    async with world.executors() as ((executor, _),):
        await disputed(executor)
        await reconciler_of(executor).reconcile()
        (dispute,) = stripe_api.get("disputes").json()["data"]
        evidence = {"evidence[uncategorized_text]": "winning_evidence"}
        stripe_post(f"disputes/{dispute['id']}", **evidence)
        report = await reconciler_of(executor, reconcile_window_seconds=-HOUR).reconcile()

    assert report.disputes_published == 1
    assert await published(world) == [(1_000, None), (1_000, "won")]
    assert [row.status for row in await world.rows(table=disputes)] == ["won"]


async def test_disputes_that_cannot_be_read_do_not_fail_the_reconciliation(
    world, disputed, reconciler_of
):
    world.arm("status_500_before", "GET /v1/disputes", count=5)
    async with world.executors() as ((executor, _),):
        await disputed(executor)
        report = await reconciler_of(executor).reconcile()

    assert (report.in_agreement, "APIError" in report.disputes_not_read) == (1, True)


async def test_a_dispute_of_another_system_is_ignored(world, orphan, stripe_post, reconciler_of):
    card = {"payment_method": "pm_card_createDispute", "capture_method": "automatic"}
    orphan("saga-1", **{"metadata[system]": "another", **card})
    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert (report.disputes_published, await world.rows(table=disputes)) == (0, [])


async def test_open_disputes_that_stripe_does_not_have_do_not_hide_others(world, reconciler_of):
    unknown = {"saga_id": "saga-1", "amount": 1, "reason": "", "status": "needs_response"}
    for dispute_id in ("dp_1", "dp_2"):
        await world.change(disputes.insert().values(dispute_id=dispute_id, **unknown))

    async def next_open():
        return await world.database.transaction(lambda connection: open_disputes(connection, 1))

    async with world.executors() as ((executor, _),):
        reconciler = reconciler_of(executor, reconcile_open_disputes=1)
        before = await next_open()
        report = await reconciler.reconcile()

    assert (before, report.disputes_not_read, await next_open()) == (["dp_1"], None, ["dp_2"])
