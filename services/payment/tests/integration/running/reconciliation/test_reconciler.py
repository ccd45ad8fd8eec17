"""Comparison of all payments with Stripe: safe repairs, and reports of the rest."""

import pytest
from payment_service.errors import StripeUnreadable
from payment_service.storage.orm import messaging, payments, stripe_events

HOUR = 3_600


async def test_matching_payments_are_not_changed(world, commands, reconciler_of):
    async with world.executors() as ((executor, _),):
        requests = await world.hold(executor, 3)
        await world.send(
            executor, commands.capture(requests[0], amount=500), commands.cancel(requests[1])
        )
        await world.idle()
        report = await reconciler_of(executor).reconcile()
        assert await world.rows(payments.c.operation.is_not(None)) == []

    assert (report.seen, report.in_agreement) == (3, 3)
    assert (report.repaired, report.not_repaired, report.waiting) == ([], [], [])


async def test_a_hold_of_another_system_on_the_same_account_is_not_ours(
    world, orphan, reconciler_of
):
    payments = [world.request(), world.request()]
    for payment, system in zip(payments, ["theirs", ""], strict=True):
        orphan(payment.saga_id, **{"metadata[system]": system})

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert (report.seen, report.not_ours, report.repaired) == (2, 2, [])
    assert [world.intent_of(payment)["held"] for payment in payments] == [700, 700]


@pytest.mark.usefixtures("old_records")
async def test_a_hold_without_a_payment_is_released_and_its_saga_gets_a_tombstone(
    world, commands, orphan, reconciler_of
):
    payment = world.request()
    intent_id = orphan(payment.saga_id)

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()
        again = await reconciler_of(executor).reconcile()
        await world.send(executor, commands.authorize(payment))

    (line,) = report.repaired
    assert (line.payment_intent_id, line.action) == (intent_id, "release")
    assert (again.repaired, again.in_agreement) == ([], 1)
    assert (world.intent_of(payment)["status"], world.intent_of(payment)["held"]) == ("canceled", 0)
    assert (await world.events())[-1].payload.code == "payment_canceled"


async def test_a_recent_hold_without_a_payment_waits(world, orphan, reconciler_of):
    intent_id = orphan("saga-1")

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor, reconcile_safety_seconds=HOUR).reconcile()

    assert [line.payment_intent_id for line in report.waiting] == [intent_id]
    assert await world.rows() == []


async def test_a_hold_of_a_failed_payment_is_released(world, orphan, reconciler_of):
    payment = world.request()
    world.arm("status_500_before", count=1_000)
    async with world.executors(stripe_retry_seconds=0.6) as ((executor, _),):
        world.store(payment)
        await world.none_pending()
        world.disarm()
        orphan(payment.saga_id)
        report = await reconciler_of(executor).reconcile()

    assert [line.action for line in report.repaired] == ["release"]
    assert world.intent_of(payment)["held"] == 0
    assert (await world.row()).status == "failed"


async def test_a_differing_payment_is_refreshed(world, reconciler_of, stripe_post):
    async with world.executors() as ((executor, _),):
        requests = await world.hold(executor, 3)
        first, second, _ = [world.intent_of(request)["id"] for request in requests]
        stripe_post(f"payment_intents/{first}/cancel")
        stripe_post(f"payment_intents/{second}/capture")
        stripe_post("refunds", payment_intent=second, amount=99)
        report = await reconciler_of(executor).reconcile()
        await world.idle()
        again = await reconciler_of(executor).reconcile()

    assert {line.payment_intent_id for line in report.repaired} == {first, second}
    assert again.in_agreement == 3
    published = sorted((await world.types())[3:])
    assert published == ["payment.canceled", "payment.captured", "payment.refunded"]


async def test_repeated_runs_publish_a_change_once(world, reconciler_of, stripe_post):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")
        for _ in range(2):
            await reconciler_of(executor).reconcile()
        await world.idle()

    assert await world.types() == ["payment.authorized", "payment.canceled"]


async def test_a_second_hold_of_a_saga_is_reported(world, orphan, reconciler_of):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        second = orphan(payment.saga_id)
        report = await reconciler_of(executor).reconcile()

    assert [line.payment_intent_id for line in report.not_repaired] == [second]
    assert [line["held"] for line in world.intents_of(payment)] == [1299, 700]


async def test_a_capture_without_a_payment_is_reported(world, orphan, reconciler_of):
    intent_id = orphan("saga-1", capture_method="automatic")

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    (line,) = report.not_repaired
    assert (line.payment_intent_id, "captured" in line.reason) == (intent_id, True)


async def test_a_payment_without_a_payment_intent_at_stripe_is_reported(world, reconciler_of):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        world.emulator.post("reset").raise_for_status()
        report = await reconciler_of(executor).reconcile()

    (line,) = report.not_repaired
    assert (line.saga_id, report.seen) == (payment.saga_id, 0)


async def test_an_operation_in_progress_is_left_to_the_executor(world, commands, reconciler_of):
    world.arm("timeout_after", count=1_000)
    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.authorize(payment := world.request()))

        async def made():
            return world.intents_of(payment)

        await world.eventually(made)
        report = await reconciler_of(executor).reconcile()
        await world.idle()

    assert [line.reason for line in report.waiting] == ["authorize is in progress"]
    assert (await world.row()).status == "authorized"


async def test_all_pages_and_foreign_payment_intents_are_compared(
    world, stripe_post, reconciler_of
):
    for _ in range(130):
        stripe_post("payment_intents", amount=500, currency="usd")
    async with world.executors() as ((executor, _),):
        await world.hold(executor)
        report = await reconciler_of(executor).reconcile()

    assert (report.seen, report.not_ours, report.in_agreement) == (131, 130, 1)


async def test_an_unreadable_stripe_raises_and_changes_nothing(world, reconciler_of):
    world.arm("status_500_before", "GET /v1/payment_intents", count=5)

    async with world.executors() as ((executor, _),):
        with pytest.raises(StripeUnreadable, match="APIError"):
            await reconciler_of(executor).reconcile()

    for table in (messaging.outbox, stripe_events, payments):
        assert await world.rows(table=table) == []
