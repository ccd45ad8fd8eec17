"""Pause and resume: new orders are refused, with who and why; placed orders continue."""

import pytest
from saga_testing.lost_commits import LosesConnectionAfterCommit
from sqlalchemy import text


async def pause(replica, **body):
    return await replica.http.post(
        "/controls/pause", json={"by": "ann", "note": "bank away"} | body
    )


async def test_while_paused_a_new_order_is_refused_with_by_note_and_since(orders):
    paused = (await pause(orders)).json()["paused"]

    response = await orders.place()

    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "30"
    problem = response.json()
    assert (problem["by"], problem["note"]) == ("ann", "bank away")
    assert problem["since"][:19] == paused["since"][:19]
    assert "ann" in problem["detail"]
    assert "bank away" in problem["detail"]
    assert (await orders.http.get("/orders")).json()["orders"] == []


async def test_a_pause_applies_to_every_replica_until_resumed(replica_with):
    first, second = replica_with(), replica_with()
    await pause(first)
    assert (await second.place()).status_code == 503

    await second.http.post("/controls/resume", json={"by": "bob", "note": "back"})

    assert (await first.place()).status_code == 202


async def test_while_paused_a_placed_order_is_returned_again_and_continues(orders, new_messages):
    before = await orders.place(key="k")
    await pause(orders)

    again = await orders.place(key="k")
    other = await orders.place(key="k", amount=5)
    await orders.receive(new_messages(before.json()["id"]).info_failed())

    assert (again.status_code, again.json()["id"]) == (202, before.json()["id"])
    assert other.status_code == 422
    assert (await orders.show(before.json()["id"]))["state"] == "rejected"


async def test_changes_are_recorded_newest_first(orders):
    assert (await orders.http.get("/controls")).json() == {"paused": None, "changes": []}
    await pause(orders)
    await orders.http.post("/controls/resume", json={"by": "bob", "note": "back"})

    controls = (await orders.http.get("/controls")).json()

    assert controls["paused"] is None
    changes = [(change["action"], change["by"], change["note"]) for change in controls["changes"]]
    assert changes == [("resume", "bob", "back"), ("pause", "ann", "bank away")]


async def test_a_second_pause_replaces_the_note_and_keeps_the_time(orders):
    first = (await pause(orders)).json()["paused"]

    second = (await pause(orders, by="bob", note="worse")).json()["paused"]

    assert second == {"by": "bob", "note": "worse", "since": first["since"]}


async def test_a_pause_whose_commit_was_not_acknowledged_is_recorded_once(replica_with):
    orders = replica_with(LosesConnectionAfterCommit)
    orders.database.to_lose = 1
    controls = (await pause(orders)).json()
    assert [change["action"] for change in controls["changes"]] == ["pause"]


async def test_resume_without_a_pause_records_no_change(orders):
    response = await orders.http.post("/controls/resume")

    assert (response.status_code, response.json()["changes"]) == (200, [])


@pytest.mark.parametrize("body", [{"note": ""}, {"by": ""}, {"note": "x" * 501}, {"more": 1}])
async def test_an_invalid_pause_is_refused_and_changes_nothing(orders, body):
    assert (await pause(orders, **body)).status_code == 422
    assert (await orders.place()).status_code == 202


async def test_an_order_whose_commit_was_not_acknowledged_is_accepted_though_a_pause_began(
    replica_with,
):
    orders = replica_with(LosesConnectionAfterCommit)
    pause_now = text("INSERT INTO controls (name, by, note) VALUES ('paused', 'ann', 'away')")

    def when_lost():
        with orders.database.engine.begin() as connection:
            connection.execute(pause_now)

    orders.database.to_lose, orders.database.when_lost = 1, when_lost

    placed = await orders.place()

    assert placed.status_code == 202
    assert await orders.rows("SELECT id FROM sagas") == [(placed.json()["id"],)]
    assert (await orders.place()).status_code == 503
