"""The live updates of an open page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from stripe_emulator.bounds import EmulatorBounds
from stripe_emulator.settings import Settings
from stripe_emulator.testing import running_emulator

Events = Iterator[tuple[str, str, Any]]


@contextmanager
def stream(http: httpx.Client, cursor: str = "", **query: str) -> Iterator[Events]:
    headers = {"Last-Event-ID": cursor} if cursor else {}
    with http.stream("GET", "/_emulator/live", headers=headers, params=query) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


def events(response: httpx.Response) -> Events:
    """Return each event's name, id and data."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
            fields = {}


def next_of(wanted: str, events: Events) -> tuple[str, Any]:
    return next((cursor, data) for name, cursor, data in events if name == wanted)


def state_where(condition: Any, events: Events) -> Any:
    return next(data for name, _, data in events if name == "state" and condition(data))


def ask(http: httpx.Client, count: int) -> list[str]:
    return [http.get("/v1/customers").headers["request-id"] for _ in range(count)]


def ids(data: Any) -> list[str]:
    return [row["id"] for row in data["rows"]]


def test_open_page_receives_updates(http: httpx.Client):
    before = ask(http, 2)
    with stream(http) as live:
        _, data = next_of("requests", live)
        assert (ids(data), data["fresh"]) == (before, True)
        (new,) = ask(http, 1)
        _, data = next_of("requests", live)
        assert (ids(data), data["fresh"], data["missed"]) == ([new], False, 0)


@pytest.mark.parametrize("by_header", [True, False])
def test_reconnected_page_misses_and_repeats_nothing(http: httpx.Client, by_header: bool):
    ask(http, 2)
    with stream(http) as live:
        cursor, _ = next_of("requests", live)
    missed = ask(http, 3)
    again = stream(http, cursor) if by_header else stream(http, after=cursor)
    with again as live:
        _, data = next_of("requests", live)
    assert (ids(data), data["fresh"]) == (missed, False)


def test_header_takes_precedence_over_the_query(http: httpx.Client):
    with stream(http) as live:
        old, _ = next_of("requests", live)
        ask(http, 1)
        new, _ = next_of("requests", live)
    wanted = ask(http, 1)
    with stream(http, new, after=old) as live:
        _, data = next_of("requests", live)
    assert ids(data) == wanted


def test_page_starts_over_after_a_reset(http: httpx.Client):
    ask(http, 2)
    with stream(http) as live:
        next_of("requests", live)
        http.post("/_emulator/reset")
        _, data = next_of("requests", live)
    assert (ids(data), data["fresh"]) == ([], True)


def test_state_has_clock_faults_and_totals(http: httpx.Client, client: Any, hold: Any):
    with stream(http) as live:
        before = next_of("state", live)[1]
        assert (before["payments"], before["totals"], before["faults"]) == (0, {}, [])
        http.post("/_emulator/clock", json={"advance_seconds": 86_400})
        state_where(lambda state: state["now"] >= before["now"] + 86_400, live)
        http.post("/_emulator/faults", json={"kind": "hang", "endpoint": "POST /v1/refunds"})
        armed = state_where(lambda state: state["faults"], live)
        assert armed["faults"][0]["kind"] == "hang"
        client.v1.payment_intents.create(hold(currency="jpy", amount=500))
        (currency, sums), *others = state_where(lambda state: state["totals"], live)[
            "totals"
        ].items()
    assert (currency, sums["decimals"], others) == ("jpy", 0, [])
    assert (sums["sums"]["authorized"], sums["sums"]["held"]) == (500, 500)


def test_slow_page_receives_a_bounded_number_of_rows():
    with running_emulator(Settings(bounds=EmulatorBounds(dashboard_rows=3))) as running:
        headers = {"Authorization": "Bearer sk_test_emulator"}
        with httpx.Client(base_url=running.url, headers=headers, timeout=10) as http:
            with stream(http) as live:
                cursor, _ = next_of("requests", live)
            newest = ask(http, 5)[-3:]
            with stream(http, cursor) as live:
                _, data = next_of("requests", live)
    assert (ids(data), data["missed"]) == (newest, 2)
