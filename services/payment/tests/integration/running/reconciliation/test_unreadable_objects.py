"""Objects of Stripe that cannot be read or compared: reported, and no reason to stop the run."""

import pytest

CHARGE = {"payment_method_details": {"card": {"capture_before": 99_999_999_999_999}}}
ALTERED_INTENTS = [
    ({"status": None}, "not readable: APIError: Unreadable response: ValueError: status"),
    ({"amount": "many"}, "not readable: APIError: Unreadable response: ValueError"),
    ({"status": "succeeded", "amount_received": 10**12}, "not comparable: ValidationError"),
    ({"latest_charge": CHARGE}, None),
]


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
