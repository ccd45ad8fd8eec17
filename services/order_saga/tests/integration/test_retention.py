"""What is removed from the orchestrator's tables, when, and what stays."""

import pytest
from order_saga.runtime.orm import metadata
from order_saga.runtime.retention import retention_tasks

MESSAGES, PERSONAL, ORDERS = 46, 181, 551
"""Days after which the default settings archive, remove personal data, and delete."""

DROP = """
UPDATE outbox SET sent_at = NULL, parked_at = now(), parked_reason = 'it is too large',
    claimed_until = 'infinity', dropped_at = now(), dropped_note = 'by ann: for Mrs Miller'
WHERE type = 'order.completed'
"""


@pytest.fixture
def remove(orders):
    """Make one pass in steps of so many rows; returns what each task changed."""

    async def remove(limit=100, only=None):
        changed = {}
        tasks = retention_tasks(orders.definitions.by_version, orders.settings)
        for task in (task for task in tasks if only is None or task.name in only):
            after, count = None, 0
            while True:
                step = await orders.database.transaction(
                    lambda c, task=task, after=after: task.step(c, limit, after)
                )
                count, after = count + step.changed, step.next
                if after is None:
                    break
            changed[task.name] = count
        return changed

    return remove


@pytest.fixture
def age(orders):
    """Let so many days pass for every row."""

    async def age(days):
        await orders.sent()
        for table in metadata.sorted_tables:
            times = [c.name for c in table.c if c.name.endswith("_at") or c.name == "at"]
            if times:
                passed = ", ".join(f"{name} = {name} - interval '{days} days'" for name in times)
                await orders.execute(f"UPDATE {table.name} SET {passed}")

    return age


@pytest.fixture
def completed(orders, new_messages):
    """Place and capture orders; returns the id of one."""

    async def completed(**body):
        order_id = (await orders.place(**body)).json()["id"]
        messages = new_messages(order_id)
        for reply in messages.replies_until("authorized"):
            await orders.receive(reply)
        await orders.request(order_id, "capture", key="capture", by="ann", note="at the door")
        await orders.receive(messages.of("payment.captured", attempt=1))
        return order_id

    return completed


async def sizes(orders):
    tables = ("sagas", "inbox", "outbox", "archived_messages", "refused_requests")
    return [(await orders.rows(f"SELECT count(*) FROM {each}"))[0][0] for each in tables]


async def test_the_history_of_an_archived_order_reads_as_before(orders, completed, age, remove):
    order_id = await completed()
    await orders.request(order_id, "retry")
    await age(MESSAGES)
    before = await orders.show(order_id)
    assert await sizes(orders) == [1, 5, 5, 0, 1]

    changed = await remove()

    assert (changed["messages_received"], changed["messages_sent"]) == (5, 5)
    assert await sizes(orders) == [1, 0, 0, 2, 1]
    assert await orders.show(order_id) == before


async def test_small_steps_archive_the_same(orders, completed, age, remove):
    order_ids = [await completed(), await completed()]
    await age(MESSAGES)
    before = [await orders.show(order_id) for order_id in order_ids]

    await remove(limit=3)

    assert [await orders.show(order_id) for order_id in order_ids] == before
    assert (await sizes(orders))[1:3] == [0, 0]


async def test_a_message_that_arrives_again_is_archived_again(
    orders, completed, age, remove, new_messages
):
    order_id = await completed()
    captured = new_messages(order_id).of("payment.captured", attempt=1)
    await orders.receive(captured)
    for _ in range(2):
        await age(MESSAGES)
        await remove(limit=1)
        await orders.receive(captured)
    await age(MESSAGES)
    before = await orders.show(order_id)

    assert (await remove())["messages_received"] == 1

    assert (await sizes(orders))[1:3] == [0, 0]
    assert await orders.show(order_id) == before


async def test_a_reply_with_the_id_of_its_command_is_archived_beside_it(
    orders, completed, age, remove, new_messages
):
    order_id = await completed()
    ((command_id,),) = await orders.rows(
        "SELECT message_id FROM outbox WHERE type = 'capture_payment'"
    )
    reply = new_messages(order_id).of("payment.captured", attempt=1)
    await orders.receive(reply.model_copy(update={"message_id": command_id}))
    await age(MESSAGES)
    before = await orders.show(order_id)

    await remove(limit=1)

    assert await sizes(orders) == [1, 0, 0, 11, 0]
    assert await orders.show(order_id) == before


async def test_messages_younger_than_the_setting_stay(orders, completed, age, remove):
    await completed()
    await age(MESSAGES - 2)

    assert not any((await remove()).values())
    assert await sizes(orders) == [1, 5, 5, 0, 0]


@pytest.mark.parametrize("state", ["authorizing", "authorized"])
async def test_an_order_that_is_not_finished_keeps_everything(
    orders, new_messages, age, remove, state
):
    order_id = (await orders.place()).json()["id"]
    await orders.receive(*new_messages(order_id).replies_until(state))
    await age(ORDERS)
    before, rows = await orders.show(order_id), await sizes(orders)

    assert not any((await remove()).values())
    assert (await orders.show(order_id), await sizes(orders)) == (before, rows)


async def test_an_order_with_a_message_that_was_not_sent_is_kept(orders, completed, age, remove):
    await completed()
    await age(ORDERS)
    await orders.execute("UPDATE outbox SET sent_at = NULL WHERE type = 'order.completed'")

    changed = await remove()

    assert (changed["messages_sent"], changed["orders"]) == (4, 0)


async def test_a_dropped_message_is_archived_with_who_dropped_it(orders, completed, age, remove):
    order_id = await completed()
    await orders.execute(DROP)
    await age(MESSAGES)
    before = await orders.show(order_id)

    changed = await remove()

    assert (changed["messages_sent"], changed["messages_dropped"]) == (4, 1)
    assert (await sizes(orders))[2] == 0
    assert await orders.show(order_id) == before
    assert before["history"][-1]["note"] == "to order_events, dropped by ann: for Mrs Miller"
    await age(PERSONAL - MESSAGES)
    await remove()
    notes = [entry["note"] for entry in (await orders.show(order_id))["history"]]
    assert notes[-1] == "to order_events, dropped"


async def test_a_dropped_message_keeps_no_order(orders, completed, age, remove):
    await completed()
    await age(ORDERS)
    await orders.execute(DROP)

    assert (await remove())["orders"] == 1
    assert await sizes(orders) == [0, 0, 0, 0, 0]


async def test_an_archived_request_is_answered_as_before_and_done_once(
    orders, completed, age, remove
):
    order_id = await completed()
    refund = {"key": "refund", "amount": 300, "by": "ann"}
    first = await orders.request(order_id, "refund", **refund)
    await orders.execute("UPDATE sagas SET state = 'completed', deadline_at = NULL, asked = NULL")
    await age(MESSAGES)
    await remove()

    again = await orders.request(order_id, "refund", **refund)
    other = await orders.request(order_id, "refund", **{**refund, "amount": 400})

    assert again.json()["effect"] == first.json()["effect"]
    assert again.json()["state"] == "completed"
    assert other.json()["type"] == "key-reused"
    assert await sizes(orders) == [1, 0, 0, 2, 0]


async def test_personal_data_is_removed_and_the_order_stays_readable(
    orders, completed, age, remove
):
    order_id = await completed(description="for Mrs Miller", key="once")
    await orders.request(order_id, "capture", by="ann", note="for Mrs Miller")
    await age(PERSONAL)
    before = await orders.show(order_id)

    changed = await remove()

    order = await orders.show(order_id)
    assert changed["personal_data"] == 1
    assert (order["clerk_user_id"], order["description"]) == ("removed", "")
    assert (order["state"], order["captured"]) == ("completed", 1299)
    assert order["updated_at"] == before["updated_at"]
    assert [entry["type"] for entry in order["history"]] == [
        entry["type"] for entry in before["history"]
    ]
    rows = [await orders.rows(f"SELECT * FROM {each.name}") for each in metadata.sorted_tables]
    for personal in ("user_1", "Miller", "ann", "cus_1", "pm_card", "4242"):
        assert personal not in str(rows)
    assert (await orders.place(key="once", description="for Mrs Miller")).json()["id"] == order_id
    assert (await remove())["personal_data"] == 0


async def test_messages_archived_after_their_order_lost_its_personal_data_name_nobody(
    orders, completed, age, remove
):
    order_id = await completed()
    await age(PERSONAL)
    await remove(only=("personal_data",))  # as while retention is refused
    assert any("(by ann" in entry["note"] for entry in (await orders.show(order_id))["history"])

    await remove()

    notes = [entry["note"] for entry in (await orders.show(order_id))["history"]]
    assert (await sizes(orders))[1:3] == [0, 0]
    assert "capturing" in " ".join(notes)
    assert not any("ann" in note for note in notes)


async def test_an_order_without_personal_data_can_still_be_refunded(
    orders, completed, age, remove, new_messages
):
    order_id = await completed()
    await age(PERSONAL)
    await remove()

    assert (await orders.request(order_id, "refund", key="late")).status_code == 202
    ((refund_id,),) = await orders.rows("SELECT asked ->> 'id' FROM sagas")
    await orders.receive(
        new_messages(order_id).of("payment.refunded", attempt=1, refund_id=refund_id)
    )

    assert (await orders.show(order_id))["state"] == "refunded"


async def test_an_old_order_is_removed_with_its_history(orders, completed, age, remove):
    order_id = await completed(key="once")
    await age(ORDERS)

    assert (await remove())["orders"] == 1
    assert await sizes(orders) == [0, 0, 0, 0, 0]
    assert (await orders.http.get(f"/orders/{order_id}")).status_code == 404


async def test_a_disputed_order_is_kept_until_the_dispute_ends(orders, completed, age, remove):
    await completed()
    await orders.execute("UPDATE sagas SET disputed = true")
    await age(ORDERS)

    assert (await remove())["orders"] == 0
    await orders.execute("UPDATE sagas SET disputed = false")

    assert (await remove())["orders"] == 1


async def test_a_locked_order_is_left_for_the_next_pass(orders, completed, age, remove):
    order_id = await completed()
    await age(ORDERS)
    with orders.database.engine.connect() as other:
        other.exec_driver_sql(f"SELECT 1 FROM sagas WHERE id = '{order_id}' FOR UPDATE")
        assert (await remove())["orders"] == 0

    assert (await remove())["orders"] == 1


async def test_dead_letters_and_messages_of_no_order_are_deleted(orders, age, remove):
    await orders.execute(
        "INSERT INTO outbox (message_id, correlation_id, type, topic, value, claimed_until)"
        " VALUES (gen_random_uuid(), 'x', 'dead-letter', 'user_events.dlq', '', now())"
    )
    await orders.execute(
        "INSERT INTO inbox (message_id, correlation_id, type, effect, message)"
        " VALUES (gen_random_uuid(), 'x', 'payment.refunded', 'ignored', '{}')"
    )
    await age(MESSAGES)

    changed = await remove()

    assert (changed["messages_received"], changed["messages_sent"]) == (1, 1)
    assert await sizes(orders) == [0, 0, 0, 0, 0]


async def test_what_operators_did_is_kept_as_long_as_orders(orders, age, remove):
    for verb in ("pause", "resume"):
        await orders.http.post(f"/controls/{verb}", json={"by": "ann", "note": "why"})
    await age(ORDERS)
    await orders.http.post("/controls/pause", json={"by": "ann", "note": "now"})

    changed = await remove()

    controls = (await orders.http.get("/controls")).json()
    assert changed["control_changes"] == 2
    assert [change["note"] for change in controls["changes"]] == ["now"]


def test_every_table_is_bounded_or_said_to_be_kept(orders):
    """A new table needs a task, or a reason to stay."""
    bounded = {
        "sagas", "inbox", "outbox", "archived_messages", "refused_requests",
        "control_changes", "dead_letter_actions",
    }  # fmt: skip
    kept = {
        "controls": "one row for each switch",
        "deferred_messages": "removed when a newer replica takes the message",
        "retention_clock": "one row",
    }
    assert bounded | kept.keys() == {table.name for table in metadata.sorted_tables}
