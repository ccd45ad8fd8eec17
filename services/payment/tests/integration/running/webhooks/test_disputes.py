"""Disputes: opened and ended once, from webhooks in any order."""

import pytest


async def disputes_published(world):
    events = [event for event in await world.events() if event.type == "payment.disputed"]
    return [(event.payload.dispute_id, event.payload.outcome) for event in events]


@pytest.mark.parametrize("outcome", ["won", "lost", "warning_closed", "prevented"])
@pytest.mark.parametrize("turned", [False, True])
async def test_the_end_of_a_dispute_is_published_once_in_any_order(
    world, hooked, outcome, turned, dispute_event
):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        every = [
            dispute_event(payment),
            dispute_event(payment, "updated", "under_review"),
            dispute_event(payment, "closed", outcome),
        ]
        await hook.effects(*(reversed(every) if turned else every))
        assert set(await hook.effects(*every)) == {"duplicate"}

    assert await disputes_published(world) == [("dp_1", None), ("dp_1", outcome)]


async def test_a_dispute_is_published_once(world, hooked, dispute_event):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        dispute = dispute_event(payment)
        effects = await hook.effects(dispute, dispute, {**dispute, "id": "evt_again"})

    assert effects == ["dispute recorded", "duplicate", "dispute recorded"]
    (event,) = [event for event in await world.events() if event.type == "payment.disputed"]
    assert (event.payload.dispute_id, event.payload.amount, event.payload.reason) == (
        "dp_1", 900, "fraudulent",
    )  # fmt: skip
