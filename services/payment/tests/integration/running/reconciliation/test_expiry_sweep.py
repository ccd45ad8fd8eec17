"""Changes at Stripe without a command: expiry, and actions in the Stripe Dashboard."""

import pytest
from payment_service.reconciliation import expiry_sweep
from payment_service.reconciliation.expiry_sweep import ExpirySweeper
from payment_service.storage.orm import payments, refunds
from payment_service.storage.refresh import Refresher
from sqlalchemy import func

EIGHT_DAYS = 8 * 86_400


@pytest.fixture
def expire(world):
    def expire():
        world.emulator.post("clock", json={"advance_seconds": EIGHT_DAYS}).raise_for_status()

    return expire


@pytest.fixture
def sweeper_of(world):
    def sweeper_of(executor, slack_seconds=0.01):
        refresher = Refresher(executor.offer, world.settings.executor_lease_seconds)
        return ExpirySweeper(
            world.database, refresher, sweep_seconds=1, slack_seconds=slack_seconds
        )

    return sweeper_of


async def expire_by_our_clock(world):
    await world.change(payments.update().values(capture_before=func.now()))


async def test_capturing_an_expired_hold_is_replied_with_the_expiry(world, commands, expire):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        expire()
        await world.send(executor, commands.capture(payment, amount=1299, attempt=3))
        await world.idle()

    event = (await world.events())[-1]
    assert (event.type, event.payload.attempt) == ("payment.authorization_expired", 3)
    assert ((await world.row()).status, (await world.row()).released) == ("expired", 1299)


async def test_canceling_an_expired_hold_succeeds(world, commands, expire):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        expire()
        await world.send(executor, commands.cancel(payment))
        await world.idle()

    assert await world.types() == [
        "payment.authorized",
        "payment.authorization_expired",
        "payment.canceled",
    ]


async def test_an_expired_hold_is_found_without_a_webhook_and_published_once(
    world, expire, sweeper_of, eventually
):
    async with world.executors() as ((executor, _),):
        await world.hold(executor, 2)
        expire()
        await expire_by_our_clock(world)
        sweeper = sweeper_of(executor)
        assert await eventually(sweeper.sweep) == 2
        await world.idle()
        assert await sweeper.sweep() == 0

    assert {row.status for row in await world.rows()} == {"expired"}
    assert (await world.types()).count("payment.authorization_expired") == 2


async def test_holds_that_no_refresh_ends_do_not_keep_the_others_from_being_refreshed(
    world, sweeper_of, monkeypatch
):
    monkeypatch.setattr(expiry_sweep, "BATCH_SIZE", 2)
    async with world.executors() as ((executor, _),):
        held = await world.hold(executor, 5)
        await expire_by_our_clock(world)
        sweeper = sweeper_of(executor, slack_seconds=-1)
        offered = []
        sweeper._refresher.offer = offered.append
        for _ in range(4):
            await sweeper.sweep()
            await world.change(payments.update().values(operation=None))  # nothing has changed

    found = [{lease.request.saga_id for lease in leases} for leases in offered]
    assert [len(each) for each in found] == [2, 2, 1, 2]
    assert set().union(*found[:3]) == {each.saga_id for each in held}


async def test_a_hold_that_stripe_extends_stays_authorized(world, sweeper_of, eventually):
    async with world.executors() as ((executor, _),):
        await world.hold(executor)
        await expire_by_our_clock(world)
        assert await eventually(sweeper_of(executor).sweep) == 1
        await world.idle()

    row = await world.row()
    assert (row.status, await world.types()) == ("authorized", ["payment.authorized"])
    assert row.capture_before > row.updated_at  # Stripe's word replaces ours


async def test_a_hold_within_the_grace_period_is_not_checked(world, sweeper_of):
    async with world.executors() as ((executor, _),):
        await world.hold(executor)
        await expire_by_our_clock(world)

        assert await sweeper_of(executor, slack_seconds=3_600).sweep() == 0


@pytest.mark.parametrize(
    ("verb", "state"),
    [("capture?amount_to_capture=800", "captured"), ("cancel", "canceled")],
)
async def test_a_refresh_finds_changes_made_in_the_dashboard(
    world, stripe_post, sweeper_of, verb, state
):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        path, _, query = verb.partition("?")
        parameters = dict([query.split("=")]) if query else {}
        stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/{path}", **parameters)
        await expire_by_our_clock(world)
        assert await world.eventually(sweeper_of(executor).sweep)
        await world.idle()

    row, published = await world.row(), (await world.events())[-1]
    assert (row.status, published.type, published.payload.attempt) == (
        state,
        f"payment.{state}",
        None,
    )
    assert row.captured + row.released == 1299


async def test_a_capture_in_the_dashboard_wins_over_ours_of_another_amount(
    world, commands, stripe_post
):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        stripe_post(
            f"payment_intents/{world.intent_of(payment)['id']}/capture", amount_to_capture=800
        )
        await world.send(executor, commands.capture(payment, amount=1000))
        await world.idle()

    assert await world.types() == [
        "payment.authorized",
        "payment.captured",
        "payment.capture_failed",
    ]
    assert ((await world.row()).captured, (await world.events())[-1].payload.code) == (
        800, "already_captured",
    )  # fmt: skip


async def test_a_capture_of_the_same_amount_in_the_dashboard_counts_as_ours(
    world, commands, stripe_post
):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/capture")
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.idle()

    assert await world.types() == ["payment.authorized", "payment.captured"]


async def test_a_cancellation_in_the_dashboard_is_the_reply_to_our_capture(
    world, commands, stripe_post
):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.idle()

    event = (await world.events())[-1]
    assert (event.type, event.payload.attempt, event.payload.released) == (
        "payment.canceled", 1, 1299,
    )  # fmt: skip


async def test_a_refund_in_the_dashboard_reduces_the_amount_left(world, commands, stripe_post):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.idle()
        stripe_post("refunds", payment_intent=world.intent_of(payment)["id"], amount=1000)
        await world.send(executor, commands.refund(payment, refund_id="r1", amount=300))
        await world.idle()

    event, (row,) = (await world.events())[-1], await world.rows(table=refunds)
    assert (event.type, event.payload.code) == ("payment.refund_failed", "amount_too_large")
    assert (row.refund_id, row.status, row.stripe_refund_id) == ("r1", "failed", None)
