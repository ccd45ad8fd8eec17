"""Disputes: opened and ended once, from webhooks in any order."""

from datetime import UTC, datetime, timedelta

import pytest
from payment_service.storage.orm import payments
from sqlalchemy import func


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


async def test_a_payment_is_as_young_as_the_newest_change_of_its_dispute(
    world, hooked, dispute_event
):
    async def age_after(*events):
        await world.change(payments.update().values(updated_at=func.now() - timedelta(days=600)))
        await hook.effects(*events)
        return datetime.now(UTC) - (await world.row()).updated_at

    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        opened, won = dispute_event(payment), dispute_event(payment, "closed", "won")
        ages = [await age_after(opened), await age_after({**opened, "id": "evt_again"})]
        ages.append(await age_after(won))

    assert [age.days for age in ages] == [0, 600, 0]
