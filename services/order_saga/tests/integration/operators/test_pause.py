"""Pause and resume: new orders are stopped, with who and why; what is under way goes on."""

import pytest


async def pause(replica, **body):
    return await replica.http.post(
        "/controls/pause", json={"by": "ann", "note": "bank away"} | body
    )


async def test_while_paused_a_new_order_is_refused_with_who_why_and_since_when(orders):
    paused = (await pause(orders)).json()["paused"]

    answer = await orders.place()

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "30"
    said = answer.json()
    assert (said["by"], said["note"]) == ("ann", "bank away")
    assert said["since"][:19] == paused["since"][:19]
    assert "ann" in said["detail"]
    assert "bank away" in said["detail"]
    assert (await orders.http.get("/orders")).json()["orders"] == []


async def test_a_pause_holds_on_every_replica_until_it_is_lifted(replica_with):
    first, second = replica_with(), replica_with()
    await pause(first)
    assert (await second.place()).status_code == 503

    await second.http.post("/controls/resume", json={"by": "bob", "note": "back"})

    assert (await first.place()).status_code == 202


async def test_what_was_placed_before_is_answered_again_and_goes_on(orders, new_messages):
    before = await orders.place(key="k")
    await pause(orders)

    again = await orders.place(key="k")
    other = await orders.place(key="k", amount=5)
    await orders.hear(new_messages(before.json()["id"]).info_failed())

    assert (again.status_code, again.json()["id"]) == (202, before.json()["id"])
    assert other.status_code == 422
    assert (await orders.show(before.json()["id"]))["state"] == "rejected"


async def test_who_changed_what_and_why_is_kept_newest_first(orders):
    assert (await orders.http.get("/controls")).json() == {"paused": None, "changes": []}
    await pause(orders)
    await orders.http.post("/controls/resume", json={"by": "bob", "note": "back"})

    controls = (await orders.http.get("/controls")).json()

    assert controls["paused"] is None
    changes = [(each["action"], each["by"], each["note"]) for each in controls["changes"]]
    assert changes == [("resume", "bob", "back"), ("pause", "ann", "bank away")]


async def test_paused_again_the_new_note_counts_and_the_old_time(orders):
    first = (await pause(orders)).json()["paused"]

    second = (await pause(orders, by="bob", note="worse")).json()["paused"]

    assert second == {"by": "bob", "note": "worse", "since": first["since"]}


async def test_resuming_what_was_not_paused_leaves_no_line(orders):
    answer = await orders.http.post("/controls/resume")

    assert (answer.status_code, answer.json()["changes"]) == (200, [])


@pytest.mark.parametrize("body", [{"note": ""}, {"by": ""}, {"note": "x" * 501}, {"more": 1}])
async def test_a_pause_without_who_and_why_is_refused_and_changes_nothing(orders, body):
    assert (await pause(orders, **body)).status_code == 422
    assert (await orders.place()).status_code == 202
