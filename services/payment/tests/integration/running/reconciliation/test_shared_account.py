"""Several installations on one Stripe account, and databases that are new, restored or copied."""

import pytest
from payment_service.reconciliation.evidence import Permission
from payment_service.storage.orm import payments, stripe_systems
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database
from sqlalchemy import func, text

HOUR = text("interval '1 hour'")


@pytest.fixture
def other_database(make_database_url, world):
    """Migrate the empty database of another installation, and connect to it."""
    url = make_database_url()
    migrations.upgrade("payment_service", url)
    database = Database.connect(world.settings.model_copy(update={"database_url": url}))
    yield database
    database.close()


def held_at_stripe(world):
    return [intent["held"] for intent in world.emulator.get("ledger").json()["payment_intents"]]


async def age(world, table=stripe_systems, column="since"):
    await world.change(table.update().values({column: func.now() - HOUR}))


async def test_the_holds_of_another_installation_are_not_released(
    world, reconciler_of, other_database
):
    async with world.executors() as ((executor, _),):
        await world.hold(executor, 12)
        report = await reconciler_of(executor, other_database).reconcile()

    assert (report.seen, report.not_ours) == (12, 12)
    assert (report.repaired, report.not_repaired) == ([], [])
    assert held_at_stripe(world) == [1299] * 12


async def test_two_installations_with_one_name_do_not_release_each_others_holds(
    world, reconciler_of, other_database
):
    named = {"stripe_system": "shop"}
    async with world.executors(**named) as ((executor, _),):
        other = reconciler_of(executor, other_database, **named)
        await other.reconcile()
        with other_database.engine.begin() as connection:
            connection.execute(stripe_systems.update().values(since=func.now() - HOUR))
        await world.hold(executor, 3)
        report = await other.reconcile()

    assert [line.action for line in report.not_repaired] == ["report"] * 3
    assert "created it, and this one is" in report.not_repaired[0].reason
    assert (report.system, held_at_stripe(world)) == ("shop", [1299] * 3)


@pytest.mark.parametrize("setting", [None, "saga-reference"])
async def test_a_hold_with_the_former_default_mark_is_reported_and_not_released(
    world, reconciler_of, orphan, old_records, setting
):
    await world.change(stripe_systems.insert().values(mark="saga-reference", origin="default"))
    await age(world)
    orphan("saga-1", **{"metadata[system]": "saga-reference"})
    orphan("saga-old", **{"metadata[system]": "saga-reference"})
    settings = type(world.settings)(**world.settings.model_dump() | {"stripe_system": setting})

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor, stripe_system=settings.stripe_system).reconcile()

    assert len(report.not_repaired) == 2
    assert all("former default" in line.reason for line in report.not_repaired)
    assert (report.repaired, held_at_stripe(world)) == ([], [700, 700])


async def test_payments_under_the_former_default_mark_are_compared_as_before(
    world, reconciler_of, stripe_post
):
    await world.change(stripe_systems.delete())
    await world.change(stripe_systems.insert().values(mark="saga-reference", origin="installation"))
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.change(stripe_systems.delete())
        stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/cancel")
        report = await reconciler_of(executor).reconcile()
        await world.idle()

    assert [line.action for line in report.repaired] == ["refresh"]
    assert (await world.row()).status == "canceled"


@pytest.mark.usefixtures("old_records")
async def test_a_database_whose_payments_are_gone_releases_nothing_and_asks(world, reconciler_of):
    async with world.executors() as ((executor, _),):
        await world.hold(executor, 3)
        await world.change(payments.delete())
        report = await reconciler_of(executor).reconcile()

    assert ["no payments" in line.reason for line in report.not_repaired] == [True] * 3
    assert held_at_stripe(world) == [1299] * 3


async def test_a_hold_older_than_the_oldest_payment_is_not_released(world, reconciler_of, orphan):
    await age(world)
    orphan("saga-1")
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.change(payments.update().values(created_at=func.now() + HOUR))
        report = await reconciler_of(executor).reconcile()

    assert ["records of this database begin" in line.reason for line in report.not_repaired] == [
        True
    ]
    assert sorted(held_at_stripe(world)) == [700, 1299]
    assert world.intent_of(payment)["held"] == 1299


@pytest.mark.usefixtures("old_records")
async def test_a_restored_database_has_a_new_mark_and_releases_no_older_hold(
    world, reconciler_of, mark, database
):
    async with world.executors() as ((executor, _),):
        await world.hold(executor, 3)
        with database.engine.begin() as connection:  # as a dump and its restoration do
            connection.execute(text("CREATE TABLE restored (LIKE payments INCLUDING ALL)"))
            old = "INSERT INTO restored SELECT * FROM payments WHERE saga_id = 'saga-old'"
            connection.execute(text(old))
            connection.execute(text("DROP TABLE payments CASCADE"))
            connection.execute(text("ALTER TABLE restored RENAME TO payments"))
        report = await reconciler_of(executor).reconcile()

    assert report.system not in {mark, ""}
    assert [line.action for line in report.not_repaired] == ["report"] * 3
    assert f"installation '{mark}' created it" in report.not_repaired[0].reason
    assert held_at_stripe(world) == [1299] * 3


@pytest.mark.usefixtures("old_records")
async def test_holds_from_before_a_gap_of_the_records_are_not_released(
    world, reconciler_of, orphan, mark
):
    orphan("saga-1")
    await age(world, column="seen_at")

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert "records of this database begin" in report.not_repaired[0].reason
    assert (report.system, held_at_stripe(world)) == (mark, [700])


@pytest.mark.usefixtures("old_records")
@pytest.mark.parametrize("status", ["failed", "canceled", "expired"])
async def test_a_restored_payment_does_not_release_the_hold_of_an_earlier_history(
    world, reconciler_of, orphan, mark, status
):
    intent_id = orphan("saga-old", **{"metadata[installation]": mark})
    await world.change(payments.update().values(status=status))
    await world.change(stripe_systems.update().values(database_history="before the restoration"))

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    (line,) = report.not_repaired
    assert (line.payment_intent_id, report.repaired) == (intent_id, [])
    assert f"installation '{mark}' created it" in line.reason
    assert held_at_stripe(world) == [700]


@pytest.mark.usefixtures("old_records")
async def test_a_payment_from_before_a_gap_does_not_release_a_hold_from_before_it(
    world, reconciler_of, orphan
):
    orphan("saga-old")
    await age(world, column="seen_at")

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert "records of this database begin" in report.not_repaired[0].reason
    assert held_at_stripe(world) == [700]


@pytest.mark.usefixtures("old_records")
async def test_the_hold_that_an_ended_payment_names_is_released_whatever_its_history(
    world, reconciler_of, orphan
):
    intent_id = orphan("saga-old")
    await world.change(payments.update().values(payment_intent_id=intent_id))
    await age(world, column="seen_at")

    async with world.executors() as ((executor, _),):
        report = await reconciler_of(executor).reconcile()

    assert [line.payment_intent_id for line in report.repaired] == [intent_id]
    assert held_at_stripe(world) == [0]


@pytest.mark.usefixtures("old_records")
async def test_more_holds_than_the_limit_are_not_released_without_a_persons_word(
    world, reconciler_of, orphan
):
    for number in range(4):
        orphan(f"saga-{number}")
    async with world.executors() as ((executor, _),):
        reconciler = reconciler_of(executor, reconcile_release_limit=3)
        asked = await reconciler.reconcile()
        assert held_at_stripe(world) == [700] * 4
        done = await reconciler.reconcile(permission=permission(release_limit=4))

    assert ["the limit is 3" in line.reason for line in asked.not_repaired] == [True] * 4
    assert asked.repaired == []
    assert ([line.action for line in done.repaired], done.not_repaired) == (["release"] * 4, [])
    assert held_at_stripe(world) == [0] * 4


async def test_a_person_can_name_holds_that_the_records_do_not_prove(world, reconciler_of, orphan):
    first, second = orphan("saga-1"), orphan("saga-2")
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        theirs = orphan("saga-3", **{"metadata[system]": "another"})
        named = [first, theirs, world.intent_of(payment)["id"]]
        report = await reconciler_of(executor).reconcile(permission=permission(*named))

    assert [line.payment_intent_id for line in report.repaired] == [first]
    reported = [line.payment_intent_id for line in report.not_repaired]
    assert (reported[0], set(reported)) == (second, {second, *named[1:]})
    assert sorted(held_at_stripe(world)) == [0, 700, 700, 1299]


async def test_a_named_hold_that_is_not_released_has_a_line_with_the_reason(
    world, reconciler_of, orphan
):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        theirs = orphan("saga-3", **{"metadata[system]": "another"})
        intact = world.intent_of(payment)["id"]
        named = permission(theirs, intact, "pi_unknown")
        report = await reconciler_of(executor).reconcile(permission=named)

    lines = {line.payment_intent_id: line.reason for line in report.not_repaired}
    assert lines.keys() == {theirs, intact, "pi_unknown"}
    assert "no mark of this installation" in lines[theirs]
    assert "agrees with the records" in lines[intact]
    assert "no PaymentIntent with this id that was created since" in lines["pi_unknown"]
    assert {line.action for line in report.not_repaired} == {"report"}
    assert sorted(held_at_stripe(world)) == [700, 1299]


def permission(*release, **limit):
    return Permission(frozenset(release), **limit)
