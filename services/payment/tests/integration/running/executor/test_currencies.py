"""A payment in a currency without a minor unit that Stripe takes in hundredths."""

import pytest
from payment_service.storage.orm import refunds


@pytest.mark.parametrize("currency", ["ugx", "isk"])
async def test_the_amounts_are_whole_units_here_and_hundredths_at_stripe(
    world, commands, reconciler_of, currency
):
    payment = world.request(amount=5_000, currency=currency)
    order = {"amount": 5_000, "currency": currency}
    async with world.executors() as ((executor, _),):
        authorize = commands.authorize(payment).model_dump(by_alias=True)
        authorize["payload"]["order"] |= order
        await world.send(executor, type(commands.authorize(payment)).model_validate(authorize))
        await world.idle()
        assert world.intent_of(payment)["held"] == 500_000
        taken = {"currency": currency}
        await world.send(executor, commands.capture(payment, amount=4_000, **taken))
        await world.idle()
        await world.send(executor, commands.refund(payment, refund_id="r", amount=1_000, **taken))
        await world.idle()
        report = await reconciler_of(executor).reconcile()

    row, (refund,) = await world.row(), await world.rows(table=refunds)
    assert (row.amount, row.captured, row.released) == (5_000, 4_000, 1_000)
    assert (refund.amount, report.in_agreement, report.not_repaired) == (1_000, 1, [])
    assert [event.payload.amount for event in await world.events()] == [5_000, 4_000, 1_000]
