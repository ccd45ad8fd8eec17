"""Objects of Stripe that cannot be read or compared: reported, and no reason to stop the run."""

import pytest
from payment_service.storage.orm import disputes
from sqlalchemy import text

CHARGE = {"payment_method_details": {"card": {"capture_before": 99_999_999_999_999}}}
ALTERED_INTENTS = [
    ({"status": None}, "not readable: APIError: Unreadable response: ValueError: status"),
    ({"amount": "many"}, "not readable: APIError: Unreadable response: ValueError"),
    ({"status": "succeeded", "amount_received": 10**12}, "not comparable: ValidationError"),
    ({"latest_charge": CHARGE}, None),
]


@pytest.fixture
def disputed(world, commands, stripe_api):
    """Capture two payments on cards whose captures are disputed; return the disputes' ids."""

    async def disputed(executor):
        requests = [world.request(payment_method_id="pm_card_createDispute") for _ in range(2)]
        await world.send(executor, *map(commands.authorize, requests))
        await world.idle()
        await world.send(executor, *(commands.capture(each, amount=1_000) for each in requests))
        await world.idle()
        return [found["id"] for found in stripe_api.get("disputes").json()["data"]]

    return disputed


@pytest.mark.parametrize("case", ALTERED_INTENTS)
async def test_an_intent_that_cannot_be_read_or_compared_does_not_stop_the_others(
    world, reconciler_of, stripe_post, altered_stripe, case
):
    changes, reason = case
    async with world.executors() as ((executor, _),):
        bad, good, _ = [world.intent_of(each)["id"] for each in await world.hold(executor, 3)]
        stripe_post(f"payment_intents/{good}/cancel")
        altered_stripe.item = lambda item: {**item, **changes} if item["id"] == bad else item

        world.settings = world.settings.model_copy(update=altered_stripe.settings)
        report = await reconciler_of(executor).reconcile()
        await world.idle()

    assert (report.seen, report.not_ours) == (3, 0)
    assert [line.payment_intent_id for line in report.repaired] == [good]
    reported = [(line.payment_intent_id, line.reason) for line in report.not_repaired]
    assert [each for each, _ in reported] == ([bad] if reason else [])
    assert all(text.startswith(reason) for _, text in reported)
    statuses = {row.payment_intent_id: row.status for row in await world.rows()}
    assert (statuses[good], statuses[bad]) == ("canceled", "authorized")


async def test_an_intent_of_another_system_that_cannot_be_read_is_not_ours(
    world, orphan, reconciler_of, altered_stripe
):
    orphan("saga-1", **{"metadata[system]": "theirs"})
    altered_stripe.item = lambda item: {**item, "status": None}
    world.settings = world.settings.model_copy(update=altered_stripe.settings)

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert (report.seen, report.not_ours, report.not_repaired) == (1, 1, [])


@pytest.mark.parametrize("changes", [{"id": None}, {"status": []}, {"amount": 10**20}])
async def test_a_dispute_that_cannot_be_read_or_stored_does_not_stop_the_others(
    world, disputed, reconciler_of, altered_stripe, changes
):
    async with world.executors() as ((executor, _),):
        bad, good = await disputed(executor)
        altered_stripe.item = lambda item: {**item, **changes} if item["id"] == bad else item

        world.settings = world.settings.model_copy(update=altered_stripe.settings)
        report = await reconciler_of(executor).reconcile()

    assert report.disputes_published == 1
    assert report.disputes_not_read
    assert [row.dispute_id for row in await world.rows(table=disputes)] == [good]


@pytest.mark.usefixtures("old_records")
async def test_a_hold_whose_tombstone_cannot_be_stored_is_reported_and_others_are_released(
    world, orphan, reconciler_of
):
    holds = {saga_id: orphan(saga_id) for saga_id in ("saga-1", "saga-2", "saga-3")}
    refuse = "ALTER TABLE payments ADD CONSTRAINT refused CHECK (saga_id <> 'saga-2')"
    await world.database.transaction(lambda connection: connection.execute(text(refuse)))

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    released = {line.payment_intent_id for line in report.repaired}
    assert released == {holds["saga-1"], holds["saga-3"]}
    (line,) = report.not_repaired
    assert (line.payment_intent_id, line.saga_id) == (holds["saga-2"], "saga-2")
    assert "it was not released: IntegrityError" in line.reason
